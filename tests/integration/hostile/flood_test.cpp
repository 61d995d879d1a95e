// Small and valid messages without end, and answers that nobody reads: every queue has a bound.
#include "replication/types/canonical.hpp"
#include "tests/integration/hostile/scene.hpp"

namespace lanyard::hostile {
namespace {

struct FloodRow {
  std::string what;
  std::size_t count = 0;
  std::size_t distinct = 0;  ///< different messages; the last is said again and again
  std::function<wire::Message(const Scene&, std::size_t)> message;
};

/// A clock of logs that nobody holds.
VectorClock clock_of(std::size_t logs, std::uint64_t seed = 21) {
  support::Chance chance(seed);
  VectorClock clock;
  while (clock.size() < logs) clock[chance.fixed<LogId>()] = {{1ULL << 40}, chance.fixed<Hash>()};
  return clock;
}

SpaceId made_up_space(std::size_t number) { return support::Chance(number).fixed<SpaceId>(); }

std::vector<FloodRow> floods() {
  const VectorClock large = clock_of(2000);
  Bytes presence;
  CanonicalWriter(presence).text(std::string(1000, 'x'));
  return {
      {"100,000 pings", 100'000, 100'000,
       [](const Scene&, std::size_t i) {
         return wire::Ping{i, false};
       }},
      {"20,000 grants of credit", 20'000, 2,
       [](const Scene& scene, std::size_t) {
         return wire::Credit{scene.space.id, UINT64_MAX};
       }},
      {"10,000 pulls of one space", 10'000, 1,
       [](const Scene& scene, std::size_t) {
         return wire::Pull{scene.space.id, {}, limits::kPeerWindowBytesMax};
       }},
      {"2,000 pulls of spaces that do not exist", 2000, 2000,
       [](const Scene&, std::size_t i) {
         return wire::Pull{made_up_space(i), {}, limits::kPeerWindowBytesMax};
       }},
      {"20 pulls with large clocks", 20, 1,
       [=](const Scene& scene, std::size_t) {
         return wire::Pull{scene.space.id, large, limits::kPeerWindowBytesMax};
       }},
      {"200 parts of a clock of logs that nobody holds", 200, 200,
       [](const Scene& scene, std::size_t i) {
         return wire::ClockPart{scene.space.id, clock_of(2000, i)};
       }},
      {"20 large acknowledgements of what was never sent", 20, 2,
       [=](const Scene& scene, std::size_t) {
         return wire::Acknowledge{scene.space.id, large};
       }},
      {"5,000 acknowledgements", 5000, 5000,
       [](const Scene& scene, std::size_t i) {
         return wire::Acknowledge{scene.space.id, {{scene.agents_head().log, {{i + 1}, {}}}}};
       }},
      {"10,000 times the same news", 10'000, 2,
       [](const Scene& scene, std::size_t) {
         return wire::Have{scene.space.id, LogId{{1}}, {{UINT64_MAX}, {}}};
       }},
      {"10,000 presences", 10'000, 2,
       [=](const Scene& scene, std::size_t) {
         return wire::Presence{scene.space.id, "app", presence};
       }},
      {"20 spaces that do not exist", 20, 20,
       [](const Scene&, std::size_t i) {
         return wire::Have{made_up_space(i + 100'000), LogId{{1}}, {{1}, {}}};
       }},
  };
}

void check_flood(Scene& scene, const FloodRow& row) {
  INFO(row.what);
  const Scene::Link peer = scene.link();
  const Seen before = scene.seen();
  std::vector<Bytes> messages;
  for (std::size_t i = 0; i < std::min<std::size_t>(row.count, row.distinct); ++i)
    messages.push_back(peer->encoded(row.message(scene, i)));
  const Watch watch(scene.agent);
  for (std::size_t i = 0; i < row.count; ++i) {
    if (!peer->say_bytes(messages[std::min(i, messages.size() - 1)])) break;
  }
  // Answered to the end, or dropped with a word for people: nothing in between.
  if (!scene.is_answered(*peer)) CHECK_FALSE(scene.last_failure().empty());
  scene.agent.call("status.get");
  CHECK(scene.seen() == before);
  check_peak(watch.used());
  report_attack(row.what, watch.used());
}

/// 1,000 keys for the agent, each of a made-up epoch.
wire::Grant large_grant(Scene& scene) {
  oplog::Admit op;
  op.device = scene.agents_device();
  std::deque<Bytes> boxes;
  for (int i = 0; i < 1000; ++i) {
    const EpochId epoch = scene.mallory.keys.make_epoch();
    op.grants.push_back({epoch, boxes.emplace_back(*scene.mallory.keys.grant(epoch, op.device))});
  }
  std::sort(op.grants.begin(), op.grants.end(),
            [](const auto& left, const auto& right) { return left.epoch < right.epoch; });
  oplog::LogWriter writer(scene.mallory, scene.space, 5);
  const oplog::Change change =
      writer.add(oplog::ChangeKind::kOpen, oplog::encode_plain({op}), scene.context());
  wire::Grant grant{scene.space.id,           scene.mallory.id(), {}, {},
                    to_bytes(change.payload), change.signature};
  grant.incarnation.bytes[0] = 5;
  oplog::encode(change.header, grant.header);
  return grant;
}

/// More than one message, so that a pull is worth the while.
void fill(Scene& scene) {
  for (int i = 0; i < 15; ++i) {
    std::string text;
    for (std::uint64_t line = 0; line < 20'000; ++line)
      text += std::to_string(line * static_cast<std::uint64_t>(i) * 7919 % 10'007);
    scene.agent.call("data.put", {{"space", "notes"},
                                  {"collection", "large"},
                                  {"key", "l" + std::to_string(i)},
                                  {"value", {{"text", text}}}});
  }
}

}  // namespace

TEST_CASE("a flood of small messages is answered or dropped, in bounded memory") {
  Scene scene;
  fill(scene);
  scene.check_all_is_well();
  for (const FloodRow& row : floods()) check_flood(scene, row);
  scene.check_all_is_well();
}

TEST_CASE("keys that were made up are taken at most once for each question") {
  Scene scene;
  const wire::Grant grant = large_grant(scene);
  const Scene::Link peer = scene.link();
  const Seen before = scene.seen();
  REQUIRE(peer->say(wire::Have{scene.space.id, LogId{{1}}, {{1}, {}}}));
  REQUIRE(peer->hear_next<wire::Pull>());
  const Watch watch(scene.agent);
  for (int i = 0; i < 20; ++i) REQUIRE(peer->say(grant));
  REQUIRE(scene.is_answered(*peer));
  scene.agent.call("status.get");
  CHECK(scene.seen() == before);
  check_costs(scene, watch);
  scene.check_all_is_well();
}

TEST_CASE("what waits for a peer that asks and does not read is bounded") {
  Scene scene;
  fill(scene);
  scene.check_all_is_well();
  {
    // No more of the log is read than can be sent.
    const Scene::Link peer = scene.link();
    const Watch watch(scene.agent);
    for (int i = 0; i < 50; ++i) {
      REQUIRE(peer->say(wire::Pull{scene.space.id, {}, limits::kPeerWindowBytesMax}));
      scene.agent.call("status.get");
    }
    check_peak(watch.used());
    report_attack("50 pulls of which nothing is read", watch.used());
  }
  scene.check_all_is_well();
  {
    // Small answers add up, until it is clear that nobody wants them.
    const Scene::Link peer = scene.link();
    const Bytes ping = peer->encoded(wire::Ping{7, false});
    const Watch watch(scene.agent);
    for (int i = 0; i < 1'000'000 && peer->say_bytes(ping);) ++i;
    REQUIRE(comes_about([&] { return !scene.last_failure().empty(); }));
    CHECK_THAT(scene.last_failure(), Catch::Contains("does not read"));
    check_peak(watch.used());
    report_attack("pings of which no answer is read", watch.used());
  }
  scene.check_all_is_well();
}

}  // namespace lanyard::hostile
