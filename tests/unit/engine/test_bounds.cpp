#include "tests/support/numbered_id.hpp"
#include "tests/unit/engine/engine_words.hpp"

/// What a member can have an engine keep for it, or do: as much as there is room for, one more, and
/// ten times as much.
namespace lanyard::support {
namespace {

/// As space_sync.cpp has them.
constexpr std::size_t kWaitingMessages = 1024;
constexpr std::size_t kWaitingClockBytes = 16 * limits::kMiB;

/// Bob has written three changes that alice has not, each a run of its own.
struct ThreeRuns {
  explicit ThreeRuns(std::size_t second_bytes) {
    bench.cut("alice", "bob");
    const std::size_t before = store().entries().size();
    bench["bob"].put(two.space, "n1", "first");
    bench.run_storage();
    bench["bob"].put(two.space, "n2", std::string(second_bytes, 'x'));
    bench.run_storage();
    bench["bob"].put(two.space, "n3", "third");
    bench.run_storage();
    for (std::size_t i = before; i < store().entries().size(); ++i) {
      const MemoryStore::Entry& entry = store().entries()[i];
      runs.push_back(
          engine::make_live_run(two.space, *entry.changes, entry.signatures.begin()->second));
    }
    bench.connect("alice", "bob");
    bench.deliver("bob", "alice");  // hello, and nothing else: bob's log does not come by itself
    bench.say("bob", "alice", wire::Have{two.space, runs.back().log, {{UINT64_MAX}, {}}});
    bench.run_storage();  // alice has asked bob, and so given credit
  }
  MemoryStore& store() { return bench["bob"].store(two.space); }

  /// The second run so often, and the third, before the first. Whether that brings all of them in.
  [[nodiscard]] bool keeps_the_third_behind(std::size_t copies) {
    for (std::size_t i = 0; i < copies; ++i) bench.say("bob", "alice", runs[1]);
    bench.say("bob", "alice", runs[2]);
    bench.say("bob", "alice", runs[0]);
    bench.run_storage();
    REQUIRE(bench.is_linked("alice", "bob"));
    const VectorClock held = two.clock("alice");
    const Seq second_seq = runs[1].first;
    REQUIRE(seq_in(held, runs[0].log) >= second_seq);
    return seq_in(held, runs[0].log) > second_seq;
  }

  Shared two{{"alice", "bob"}};
  EngineBench& bench = two.bench;
  std::vector<wire::LiveRun> runs;
};

/// Alice does not have the space in memory, and her storage does not answer.
struct StillOpening {
  StillOpening() {
    two.bench.power_cut("alice");
    two.bench.connect("alice", "bob");
    two.bench.deliver("bob", "alice");
    two.bench["alice"].holds_storage = true;
  }
  /// Says it until the link is dropped, at most so often. How often it was heard.
  std::size_t say(const wire::Message& message, std::size_t most) {
    std::size_t heard = 0;
    for (std::size_t i = 0; i < most; ++i) {
      two.bench.say("bob", "alice", message);
      if (!two.bench.is_linked("alice", "bob")) break;
      ++heard;
    }
    return heard;
  }
  Shared two{{"alice", "bob"}};
};

VectorClock numbered_logs(std::size_t first, std::size_t count) {
  VectorClock clock;
  for (std::size_t i = first; i < first + count; ++i)
    clock.emplace(support::numbered_id<LogId>(i), Head{{1}, Hash{{1}}});
  return clock;
}

/// The clock of bob that alice last told people of.
std::size_t logs_acknowledged(BenchDevice& alice) {
  std::size_t logs = 0;
  for (const engine::Notice& notice : alice.take_notices())
    if (const auto* told = std::get_if<engine::PeerAcknowledged>(&notice))
      logs = told->durable.size();
  return logs;
}

}  // namespace

TEST_CASE("1,024 live changes wait for their context; what comes beyond them is dropped") {
  constexpr std::size_t kMax = limits::kParkedChangesMax;
  CHECK(ThreeRuns(1).keeps_the_third_behind(kMax - 1));
  CHECK_FALSE(ThreeRuns(1).keeps_the_third_behind(kMax));
  CHECK_FALSE(ThreeRuns(1).keeps_the_third_behind(10 * kMax));
}

TEST_CASE(
    "live changes that come in the reverse of their order are all taken once the first comes") {
  Shared two({"alice", "bob"});
  EngineBench& bench = two.bench;
  bench.cut("alice", "bob");
  MemoryStore& store = bench["bob"].store(two.space);
  const std::size_t before = store.entries().size();
  for (std::size_t i = 0; i <= limits::kParkedChangesMax; ++i) {
    bench["bob"].put(two.space, "n1", std::to_string(i));
    bench.run_storage();
  }
  bench.connect("alice", "bob");
  bench.deliver("bob", "alice");
  const LogId log = *store.own_log();
  bench.say("bob", "alice", wire::Have{two.space, log, {{UINT64_MAX}, {}}});
  bench.run_storage();
  for (std::size_t i = store.entries().size(); i > before; --i) {
    const MemoryStore::Entry& entry = store.entries()[i - 1];
    bench.say("bob", "alice",
              engine::make_live_run(two.space, *entry.changes, entry.signatures.at(log)));
  }
  bench.run_storage();
  CHECK(two.clock("alice").at(log) == two.clock("bob").at(log));
}

TEST_CASE("1 MiB of live changes waits for its context; what comes beyond it is dropped") {
  constexpr std::size_t kSecondBytes = 100 * limits::kKiB;
  const ThreeRuns scene(kSecondBytes);
  const std::size_t second = engine::cost_of(scene.runs[1]);
  const std::size_t copies = (limits::kParkedBytesMax - engine::cost_of(scene.runs[2])) / second;
  CHECK(ThreeRuns(kSecondBytes).keeps_the_third_behind(copies));
  // One that is as large as what is left fits, and nothing after it.
  const std::size_t left = limits::kParkedBytesMax - 9 * second;
  const std::size_t exact = (left + 9 * second) / 10 - (second - kSecondBytes);
  CHECK_FALSE(ThreeRuns(exact).keeps_the_third_behind(10));
  CHECK_FALSE(ThreeRuns(exact).keeps_the_third_behind(100));
}

TEST_CASE("live changes that wait in all spaces together are bounded, and make room when they go") {
  using engine::ParkedRuns;
  wire::LiveRun small;
  small.items.emplace_back();
  wire::LiveRun large = small;
  large.items.front().payload = Bytes(limits::kParkedBytesMax - engine::cost_of(small));
  const auto all_of = [](const wire::LiveRun& run, std::size_t each, std::size_t spaces) {
    engine::ParkedTotal total;
    std::deque<ParkedRuns> parked;
    for (std::size_t i = 0; i < spaces; ++i) {
      parked.emplace_back(total);
      for (std::size_t n = 0; n < each; ++n) parked.back().add(engine::LinkId{1}, run);
    }
    const engine::ParkedTotal most = total;
    parked.pop_back();  // one space is left
    parked.front().drop(engine::LinkId{1});
    CHECK(total.runs + (parked.empty() ? 0 : 1) <= most.runs);
    parked.clear();
    CHECK(total.runs == 0);
    CHECK(total.bytes == 0);
    return most;
  };
  for (const std::size_t spaces : {16, 17, 160}) {
    CAPTURE(spaces);
    CHECK(all_of(small, limits::kParkedChangesMax, spaces).runs == ParkedRuns::kAllParkedMax);
    CHECK(all_of(large, 1, spaces).bytes == ParkedRuns::kAllParkedBytesMax);
  }
}

TEST_CASE("a member that fills the room of sixteen spaces has what waits in another one dropped") {
  const auto keeps_in_another = [](std::size_t full) {
    EngineBench bench({"bob", "alice"});
    std::vector<SpaceId> spaces;
    for (std::size_t i = 0; i <= full; ++i) {
      spaces.push_back(bench["bob"].found());
      bench["bob"].admit(spaces.back(), bench["alice"].id);
    }
    bench.connect("alice", "bob");
    bench.pass(1min);
    bench.cut("alice", "bob");
    std::map<SpaceId, std::vector<wire::LiveRun>> runs;
    for (const SpaceId& space : spaces) {
      MemoryStore& store = bench["bob"].store(space);
      const std::size_t before = store.entries().size();
      for (const std::size_t bytes : {1, 100 * 1024}) {
        bench["bob"].put(space, "n", std::string(bytes, 'x'));
        bench.run_storage();
      }
      for (std::size_t i = before; i < store.entries().size(); ++i)
        runs[space].push_back(engine::make_live_run(space, *store.entries()[i].changes,
                                                    store.entries()[i].signatures.begin()->second));
    }
    bench.connect("alice", "bob");
    bench.deliver("bob", "alice");
    for (const SpaceId& space : spaces) {
      bench.say("bob", "alice", wire::Have{space, runs[space][0].log, {{UINT64_MAX}, {}}});
      bench.run_storage();
      const std::size_t copies = space == spaces.back() ? 1 : 20;
      for (std::size_t n = 0; n < copies; ++n) bench.say("bob", "alice", runs[space][1]);
    }
    const std::vector<wire::LiveRun>& last = runs[spaces.back()];
    bench.say("bob", "alice", last[0]);
    bench.run_storage();
    REQUIRE(bench.is_linked("alice", "bob"));
    const VectorClock held = bench["alice"].store(spaces.back()).log().clock();
    return seq_in(held, last[0].log) == last[1].first;
  };
  CHECK(keeps_in_another(1));
  CHECK_FALSE(keeps_in_another(17));
}

TEST_CASE("1,024 messages wait while a space is being opened, and the next one drops the link") {
  const auto heard = [](std::size_t most) {
    StillOpening scene;
    return scene.say(wire::Credit{scene.two.space, 1}, most);
  };
  CHECK(heard(kWaitingMessages) == kWaitingMessages);
  CHECK(heard(kWaitingMessages + 1) == kWaitingMessages);
  CHECK(heard(10 * kWaitingMessages) == kWaitingMessages);
}

TEST_CASE("16 MiB of clocks wait while a space is being opened, and the next one drops the link") {
  constexpr std::size_t kLogs = 8191;  // 100 bytes each, and as much for the message
  constexpr std::size_t kFit = kWaitingClockBytes / (100 * (kLogs + 1));
  const auto heard = [](std::size_t most) {
    StillOpening scene;
    return scene.say(wire::Acknowledge{scene.two.space, numbered_logs(0, kLogs)}, most);
  };
  CHECK(heard(10 * kFit) == kFit);
}

TEST_CASE("a part of a clock that finds no room while a space is being opened is passed over") {
  StillOpening scene;
  const wire::ClockPart part{scene.two.space, numbered_logs(0, 1)};
  CHECK(scene.say(part, 10 * kWaitingMessages) == 10 * kWaitingMessages);
  // And has taken the room of what follows it.
  CHECK(scene.say(wire::Credit{scene.two.space, 1}, 1) == 0);
}

TEST_CASE("a peer names 16,384 logs that nobody has here, and more of them are not kept") {
  Shared two({"alice", "bob"});
  constexpr std::size_t kMax = limits::kClockLogsMax;
  const std::size_t known = two.clock("alice").size();
  // A full acknowledgement says that more follows, and people hear of the whole.
  two.bench.say("bob", "alice", wire::Acknowledge{two.space, numbered_logs(0, kMax - known - 1)});
  CHECK(logs_acknowledged(two.bench["alice"]) <= kMax);
  for (std::size_t i = 1; i <= 10; ++i)
    two.bench.say("bob", "alice", wire::Acknowledge{two.space, numbered_logs(i * kMax, kMax - 1)});
  two.bench.say("bob", "alice", wire::Acknowledge{two.space, numbered_logs(20 * kMax, 1)});
  two.bench.say("bob", "alice", wire::Acknowledge{two.space, two.clock("alice")});
  CHECK(logs_acknowledged(two.bench["alice"]) <= kMax + known);
  // What is here is kept, however many others it has named.
  two.bench["alice"].put(two.space, "n1", "one more");
  two.bench.run();
  two.bench.pass(2s);
  CHECK(acknowledged_of(two.bench["alice"].take_notices(),
                        *two.bench["alice"].store(two.space).own_log()) > 0);
  CHECK(two.bench.is_linked("alice", "bob"));
}

TEST_CASE("a peer sends as much of packs as it was asked for, and is dropped at one byte more") {
  const auto is_linked_after = [](std::size_t bytes) {
    EngineBench bench({"alice", "bob"});
    bench.connect("alice", "bob");
    bench.run();
    const auto space = Chance(9).fixed<SpaceId>();
    bench.say("bob", "alice", wire::Have{space, LogId{{1}}, {{1}, Hash{{1}}}});
    bench.run_storage();
    for (std::size_t left = bytes; left > 0 && bench.is_linked("alice", "bob");) {
      const std::size_t part = std::min(left, limits::kPackPartBytesMax);
      bench.say("bob", "alice", wire::PackPart{space, false, Bytes(part)});
      left -= part;
    }
    return bench.is_linked("alice", "bob");
  };
  CHECK(is_linked_after(limits::kPeerWindowBytesMax));
  CHECK_FALSE(is_linked_after(limits::kPeerWindowBytesMax + 1));
  CHECK_FALSE(is_linked_after(10 * limits::kPeerWindowBytesMax));
}

}  // namespace lanyard::support
