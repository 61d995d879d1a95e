// A member fills the places for linked devices with identities of its own making.
#include "replication/types/device_id_text.hpp"
#include "tests/integration/hostile/scene.hpp"

namespace lanyard::hostile {
namespace {

/// The agent knows it by the space alone, in which Mallory has admitted it.
struct Vouched {
  explicit Vouched(std::uint64_t number) : device(number), peer(device.identity, device.chance) {}
  [[nodiscard]] bool links(Scene& scene) {
    return peer.dial(scene.agent.sync_port()) && peer.shake_hands() &&
           peer.say(wire::Hello{"test", {}, "one of many", 0});
  }

  oplog::Device device;
  HostilePeer peer;
};

std::size_t count_linked(AgentProcess& agent) {
  std::size_t count = 0;
  const Json list = agent.call("device.list");
  for (const Json& each : list.at("devices")) count += each.at("linked").get<bool>();
  return count;
}

}  // namespace

TEST_CASE("identities that a member made do not keep a paired device out") {
  Scene scene;
  const Watch watch(scene.agent);
  std::vector<std::unique_ptr<Vouched>> many;
  for (std::uint64_t i = 0; i < limits::kPeersMax; ++i)
    many.push_back(std::make_unique<Vouched>(1000 + i));
  Vouched late(2000);
  {
    const Scene::Link mallory = scene.link();
    for (const auto& each : many)
      REQUIRE(mallory->say(live(scene, scene.log->admit(each->device))));
    REQUIRE(mallory->say(live(scene, scene.log->admit(late.device))));
    REQUIRE(scene.is_answered(*mallory));
    REQUIRE(comes_about([&] { return count_known(scene.agent) == limits::kPeersMax + 2; }));
  }
  for (const auto& each : many) REQUIRE(comes_about([&] { return each->links(scene); }));
  REQUIRE(comes_about([&] { return count_linked(scene.agent) == limits::kPeersMax; }));
  // On a slow machine the first of them have been silent for long.
  for (const auto& each : many) REQUIRE(each->peer.say(wire::Ping{}));
  // Mallory was added here by a person. Her link comes, and is one that stays.
  const Scene::Link paired = scene.link();
  CHECK(scene.is_answered(*paired));
  CHECK(count_linked(scene.agent) == limits::kPeersMax);
  std::optional<wire::ByeCode> bye;
  std::size_t gone = 0;
  for (const auto& each : many)
    if (!scene.agent.device(to_text(each->device.id())).at("linked").get<bool>()) {
      ++gone;
      CHECK(each->peer.is_closed(&bye));
    }
  CHECK(gone == 1);
  CHECK(bye == wire::ByeCode::kBusy);
  // Another stranger finds no place, and Mallory keeps hers.
  REQUIRE(late.peer.dial(scene.agent.sync_port()));
  if (late.peer.shake_hands()) CHECK(late.peer.is_closed());
  CHECK(scene.is_answered(*paired));
  report_attack("64 identities that a member made", watch.used());
}

}  // namespace lanyard::hostile
