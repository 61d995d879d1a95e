// A member opens logs in a space without end. The others go on writing, and come in step.
#include "replication/types/device_id_text.hpp"
#include "tests/integration/hostile/scene.hpp"
#include "tests/support/log_maker.hpp"

namespace lanyard::hostile {
namespace {

/// More than a message names. LANYARD_LOGS: another number.
std::size_t logs_to_open() {
  const char* wanted = std::getenv("LANYARD_LOGS");
  return wanted != nullptr ? std::stoul(wanted) : limits::kClockLogsMax + 1000;
}

/// The number that the honest ones' record shows; -1 while there is none.
int number_in(AgentProcess& agent, const Scene& scene) {
  const Json found =
      agent.call("data.query", {{"space", to_text(scene.space.id)}, {"collection", "ours"}});
  const Json& records = found.at("records");
  return records.empty() ? -1 : records[0].at("value").at("number").get<int>();
}

void write(AgentProcess& agent, const Scene& scene, int number) {
  agent.call("data.put", {{"space", to_text(scene.space.id)},
                          {"collection", "ours"},
                          {"key", "one"},
                          {"value", {{"number", number}}}});
}

/// Whether the other has told the agent that it holds all that the agent holds.
bool lacks_nothing(AgentProcess& agent, AgentProcess& other) {
  const Json id = other.call("agent.info").at("agent").at("id");
  const Json status = agent.call("status.get");
  for (const Json& each : status.at("devices"))
    if (each.at("id") == id) return each.at("notYetThere") == 0;
  return false;
}

/// What the status says of Mallory, and what to do; empty: nothing.
std::string advice_of(AgentProcess& agent) {
  const Json status = agent.call("status.get");
  for (const Json& each : status.at("degraded"))
    if (each.at("part").get<std::string>().starts_with("device "))
      return each.at("why").get<std::string>() + ": " + each.at("fix").get<std::string>();
  return {};
}

}  // namespace

TEST_CASE("two devices write and come in step beside a member that opens logs without end") {
  Scene scene;
  AgentProcess other;
  join(scene, other);
  const std::size_t logs = logs_to_open();
  support::LogMaker maker(
      scene.space.id, scene.space.epoch, scene.clock(),
      {scene.mallory.identity, oplog::hasher(), scene.mallory.keys, scene.mallory.chance});
  const std::vector<Bytes> packs = maker.make(logs);
  const Watch here(scene.agent);
  const Watch there(other);
  const std::uint64_t before = changes_of(scene.agent, scene);
  {
    const Scene::Link peer = scene.link();
    say_packs(*peer, scene, packs);
    CHECK(comes_at_last([&] { return changes_of(scene.agent, scene) == before + 2 * logs; }));
  }
  for (int number = 1; number <= 3; ++number) {
    write(scene.agent, scene, 2 * number);
    CHECK(comes_at_last([&] { return number_in(other, scene) == 2 * number; }));
    write(other, scene, 2 * number + 1);
    CHECK(comes_at_last([&] { return number_in(scene.agent, scene) == 2 * number + 1; }));
  }
  for (AgentProcess* each : {&scene.agent, &other})
    CHECK(
        comes_at_last([&] { return lacks_nothing(*each, each == &other ? scene.agent : other); }));
  const std::string name = std::to_string(logs) + " logs of one device";
  report_attack(name, here.used());
  report_attack(name + ", at the device behind", there.used());
  CHECK(changes_of(other, scene) == changes_of(scene.agent, scene));
  // It is shown as what it does, and forgetting it is not in the others' way.
  CHECK(comes_at_last([&] { return !advice_of(scene.agent).empty(); }));
  const std::string advice = advice_of(scene.agent);
  CHECK_THAT(advice, Catch::Contains("logs in the space") && Catch::Contains("devices forget"));
  const Scene::Link peer = scene.secured_link();
  scene.agent.call("device.forget", {{"device", to_text(scene.mallory.id())}});
  CHECK(peer->is_closed());
  CHECK(advice_of(scene.agent).empty());
  write(scene.agent, scene, 100);
  CHECK(comes_at_last([&] { return number_in(other, scene) == 100; }));
  for (AgentProcess* each : {&scene.agent, &other})
    CHECK(
        each->call("conflict.list", {{"space", to_text(scene.space.id)}}).at("conflicts").empty());
}

}  // namespace lanyard::hostile
