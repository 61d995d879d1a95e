// A member admits devices without end: more in one change than one may, and as many as fit in each.
#include "replication/types/device_id_text.hpp"
#include "tests/integration/hostile/scene.hpp"

namespace lanyard::hostile {
namespace {

/// What fills a change of the largest size.
constexpr std::size_t kAdmits = 27'000;

/// LANYARD_ADMITS: another number, of those that have their effect.
std::size_t admits_with_effect() {
  const char* wanted = std::getenv("LANYARD_ADMITS");
  return wanted != nullptr ? std::stoul(wanted) : 32 * limits::kOpenOpsMax;
}

/// A pack of one change that admits so many devices which nobody has.
Bytes admitting_pack(Scene& scene, std::size_t count) {
  std::vector<oplog::OpenOp> ops;
  for (std::size_t i = 0; i < count; ++i) {
    oplog::Admit admit;
    admit.device = scene.mallory.chance.fixed<DeviceId>();
    ops.emplace_back(admit);
  }
  return oplog::packed({scene.log->add(oplog::ChangeKind::kOpen, oplog::encode_plain(ops))},
                       {scene.log.get()});
}

/// Both hold the same, and each hears what the other writes.
void check_in_step(Scene& scene, AgentProcess& other) {
  const auto seen_by = [&](AgentProcess& agent) {
    return agent.call("space.info", {{"space", to_text(scene.space.id)}});
  };
  for (AgentProcess* each : {&scene.agent, &other})
    each->call("data.put", {{"space", to_text(scene.space.id)},
                            {"collection", "beside"},
                            {"key", each == &other ? "other" : "agent"},
                            {"value", {{"n", 1}}}});
  CHECK(comes_at_last([&] {
    const Json here = seen_by(scene.agent);
    const Json there = seen_by(other);
    return here.at("changes") == there.at("changes") &&
           here.at("state_hash") == there.at("state_hash");
  }));
}

/// What both agents have used since the two began.
void report(const std::string& name, const Watch& here, const Watch& there) {
  report_attack(name, here.used());
  report_attack(name + ", at the device behind", there.used());
}

}  // namespace

TEST_CASE("a change that admits 27,000 devices admits none, and costs the others its bytes") {
  Scene scene;
  AgentProcess other;
  join(scene, other);
  const Seen before = scene.seen();
  const std::size_t known = count_known(scene.agent);
  const Bytes pack = admitting_pack(scene, kAdmits);
  const Watch here(scene.agent);
  const Watch there(other);
  {
    const Scene::Link peer = scene.link();
    say_packs(*peer, scene, {pack});
    REQUIRE(scene.is_answered(*peer));
    CHECK(comes_about([&] { return scene.seen().without_effect == before.without_effect + 1; }));
  }
  check_in_step(scene, other);
  report("27,000 admits in a change", here, there);
  CHECK(count_known(scene.agent) == known);
  // The log, and the write-ahead log that it came through.
  for (const Watch* each : {&here, &there}) {
    CHECK(each->used().disk_bytes < 4 * pack.size());
    check_peak(each->used());
  }
  scene.check_all_is_well();
}

TEST_CASE("changes that admit 64 devices each cost the others a small multiple of their bytes") {
  Scene scene;
  AgentProcess other;
  join(scene, other);
  const std::size_t known = count_known(scene.agent);
  const std::size_t count = admits_with_effect();
  const std::uint64_t before = changes_of(scene.agent, scene);
  std::vector<Bytes> packs;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < count / limits::kOpenOpsMax; ++i) {
    packs.push_back(admitting_pack(scene, limits::kOpenOpsMax));
    bytes += packs.back().size();
  }
  const Watch here(scene.agent);
  const Watch there(other);
  {
    const Scene::Link peer = scene.link();
    say_packs(*peer, scene, packs);
    CHECK(comes_at_last([&] { return changes_of(scene.agent, scene) == before + packs.size(); }));
  }
  check_in_step(scene, other);
  report(std::to_string(count) + " admits, 64 in a change", here, there);
  CHECK(count_known(scene.agent) == known + count);
  CHECK(comes_at_last([&] { return count_known(other) == known + count; }));
  for (const Watch* each : {&here, &there}) {
    // A row for each device in the space, and what this device knows of it; beside them a
    // write-ahead log of platform.sqlite, which is copied at 4 MiB.
    CHECK(each->used().disk_bytes < 4 * bytes + 6 * limits::kMiB);
    check_peak(each->used());
  }
  scene.check_all_is_well();
}

}  // namespace lanyard::hostile
