// A member announces spaces that nobody founded, on one link after the other.
#include "replication/types/device_id_text.hpp"
#include "tests/integration/hostile/scene.hpp"

namespace lanyard::hostile {
namespace {

constexpr std::size_t kLinks = 2;
/// A few hundred bytes for each one announced: what is waiting, and what was asked.
constexpr std::size_t kDiskBytesMax = 2 * limits::kMiB;

/// LANYARD_SPACES: another number.
std::size_t spaces_to_announce() {
  const char* wanted = std::getenv("LANYARD_SPACES");
  return wanted != nullptr ? std::stoul(wanted) : 2000;
}

/// Says that there are so many, answers whoever asks for one that it has nothing, and hears until
/// nothing is asked any more.
void announce(Scene& scene, HostilePeer& peer, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const Bytes message = peer.encoded(
        wire::Have{scene.mallory.chance.fixed<SpaceId>(), LogId{{1}}, {{1}, Hash{{1}}}});
    REQUIRE(peer.say_bytes(message));
  }
}

std::size_t answer_pulls(HostilePeer& peer, std::size_t count) {
  std::size_t asked = 0;
  while (asked < count) {
    const auto pull = peer.hear_next<wire::Pull>();
    if (!pull) break;
    ++asked;
    if (!peer.say(wire::InStep{pull->space, {}})) break;
  }
  return asked;
}

std::size_t count_listed(AgentProcess& agent) {
  return agent.call("space.list").at("spaces").size();
}

/// A space of Mallory's with nobody in it but her and the agent.
struct Founded {
  explicit Founded(Scene& scene) : space(scene.mallory), writer(scene.mallory, space) {
    changes.push_back(writer.open({}, true));
    const auto key = scene.mallory.keys.grant(space.epoch, scene.agents_device());
    REQUIRE(key);
    oplog::Admit admit;
    admit.device = scene.agents_device();
    admit.grants = {{space.epoch, *key}};
    changes.push_back(writer.add(oplog::ChangeKind::kOpen, oplog::encode_plain({admit})));
    head = writer.entry().head;
    pack = packed(changes, {&writer});
  }
  Founded(const Founded&) = delete;
  Founded& operator=(const Founded&) = delete;

  oplog::Space space;
  oplog::LogWriter writer;
  std::vector<oplog::Change> changes;
  Head head;
  Bytes pack;
};

}  // namespace

TEST_CASE("spaces that nobody founded leave nothing on the disk of whoever is told of them") {
  Scene scene;
  const std::size_t count = spaces_to_announce();
  const std::size_t spaces = count_listed(scene.agent);
  const Watch watch(scene.agent);
  std::size_t asked = 0;
  for (std::size_t i = 0; i < kLinks; ++i) {
    const Scene::Link peer = scene.link();
    announce(scene, *peer, count / kLinks);
    asked += answer_pulls(*peer, count / kLinks);
    CHECK(scene.is_answered(*peer));
  }
  // Each was asked about, none is there.
  CHECK(asked == count);
  scene.agent.call("status.get");
  const Usage used = watch.used();
  report_attack(std::to_string(count) + " spaces that nobody founded", used);
  CHECK(count_listed(scene.agent) == spaces);
  CHECK(used.disk_bytes <= kDiskBytesMax);
  check_peak(used);
  scene.check_all_is_well();
}

TEST_CASE("whoever never answers about the spaces it announced holds up nobody else") {
  Scene scene;
  const Watch watch(scene.agent);
  const std::size_t spaces = count_listed(scene.agent);
  {
    const Scene::Link peer = scene.link();
    announce(scene, *peer, 500);
    CHECK(scene.is_answered(*peer));
    scene.agent.call("data.put", {{"space", "notes"},
                                  {"collection", "notes"},
                                  {"key", "written beside"},
                                  {"value", {{"text", "it"}}}});
    CHECK(peer->hear_next<wire::LiveRun>());
  }
  CHECK(count_listed(scene.agent) == spaces);
  CHECK(watch.used().disk_bytes <= kDiskBytesMax);
  report_attack("500 spaces of which nothing is answered", watch.used());
  scene.check_all_is_well();
}

TEST_CASE("spaces that only a forgotten device founded, and that hold nothing, go with it") {
  Scene scene;
  const std::size_t spaces = count_listed(scene.agent);
  constexpr std::size_t kFounded = 20;
  std::optional<Watch> watch;
  {
    const Scene::Link peer = scene.link();
    watch.emplace(scene.agent);
    for (std::size_t i = 0; i < kFounded; ++i) {
      const Founded founded(scene);
      REQUIRE(peer->say(wire::Have{founded.space.id, founded.writer.log(), {{2}, {}}}));
      const auto pull = peer->hear_next<wire::Pull>();
      REQUIRE(pull);
      REQUIRE(pull->space == founded.space.id);
      REQUIRE(peer->say(wire::PackPart{founded.space.id, true, founded.pack}));
      REQUIRE(peer->say(wire::InStep{founded.space.id, {{founded.writer.log(), founded.head}}}));
    }
    CHECK(comes_about([&] { return count_listed(scene.agent) == spaces + kFounded; }));
  }
  report_attack("20 spaces that are founded and empty", watch->used());
  scene.agent.call("device.forget", {{"device", to_text(scene.mallory.id())}});
  CHECK(comes_about([&] { return count_listed(scene.agent) == spaces; }));
  CHECK(comes_about([&] { return watch->used().disk_bytes <= kDiskBytesMax; }));
  report_attack("the same, once the device is forgotten", watch->used());
}

}  // namespace lanyard::hostile
