#include "tests/unit/engine/engine_words.hpp"

/// A log with two ends: whole copies of one machine that both wrote before anybody noticed.
namespace lanyard::support {
namespace {

using MarkAfter = MemoryStore::MarkAfter;

/// Alice is set back with her mark after bob had seen more, and writes before she meets anyone:
/// carol, who shares with both, has heard nothing of either.
struct Forked {
  Forked() : three({"alice", "bob", "carol"}) {
    bench.connect("bob", "carol");
    bench.run();
    bench.cut("alice", "carol");
    bench.cut("bob", "carol");
    const auto before = store("alice").copy();
    log = *store("alice").own_log();
    bench["alice"].put(three.space, "mine", "first branch");
    bench.run();
    bench.cut("alice", "bob");
    store("alice").restore(before, MarkAfter::kOfTheCopy, {1});
    bench.power_cut("alice");
    bench["alice"].put(three.space, "mine", "second branch");
    bench.run_storage();
    for (const char* name : {"alice", "bob", "carol"}) bench[name].take_notices();
  }
  MemoryStore& store(const std::string& name) { return bench[name].store(three.space); }
  [[nodiscard]] bool knows_of_fork(const std::string& name) {
    return store(name).forks().contains(log) && store(name).log().branches.contains(log);
  }
  std::size_t told(const std::string& name) {
    std::size_t count = 0;
    for (const engine::Notice& notice : bench[name].take_notices())
      count += std::holds_alternative<engine::ForkFound>(notice);
    return count;
  }
  [[nodiscard]] oplog::Fork proof() { return store("alice").forks().at(log); }

  Shared three;
  EngineBench& bench = three.bench;
  LogId log;
};

}  // namespace

TEST_CASE("a fork is proven when its ends meet, and both keep both branches") {
  Forked scene;
  scene.bench.connect("alice", "bob");
  scene.bench.run();
  for (const char* name : {"alice", "bob"}) {
    INFO(name);
    REQUIRE(scene.knows_of_fork(name));
    CHECK(scene.told(name) == 1);
  }
  CHECK(scene.proof() == scene.store("bob").forks().at(scene.log));
  const auto other = [&](const char* name) {
    return scene.store(name).log().branches.at(scene.log).hashes.back();
  };
  CHECK(other("alice") == scene.three.clock("bob").at(scene.log).hash);
  CHECK(other("bob") == scene.three.clock("alice").at(scene.log).hash);
  CHECK_FALSE(scene.store("alice").own_log().has_value());
}

TEST_CASE("one who was not there hears of the fork, on the next link and while linked") {
  Forked scene;
  scene.bench.connect("bob", "carol");
  scene.bench.run();
  scene.bench.connect("alice", "bob");
  scene.bench.run();
  CHECK(scene.knows_of_fork("carol"));
  CHECK(scene.told("carol") == 1);

  Forked later;
  later.bench.connect("alice", "bob");
  later.bench.run();
  later.bench.cut("alice", "bob");
  later.bench.connect("bob", "carol");
  later.bench.run();
  CHECK(later.knows_of_fork("carol"));
}

TEST_CASE("everything else goes on after a fork, in all directions") {
  Forked scene;
  scene.bench.connect("alice", "bob");
  scene.bench.run();
  scene.bench.connect("bob", "carol");
  scene.bench.run();
  for (const char* name : {"alice", "bob", "carol"})
    scene.bench[name].put(scene.three.space, name, "after the fork");
  scene.bench.run();
  scene.bench.pass(2s);
  VectorClock expected = scene.three.clock("bob");
  expected.erase(scene.log);
  for (const char* name : {"alice", "carol"}) {
    INFO(name);
    VectorClock held = scene.three.clock(name);
    held.erase(scene.log);
    CHECK(held == expected);
  }
  CHECK(expected.size() == 3);  // alice's new log, bob's, carol's
  CHECK(scene.bench.is_linked("alice", "bob"));
}

TEST_CASE("a fork that is made while both are linked with a third is found at once") {
  Shared three({"alice", "bob", "carol"});
  EngineBench& bench = three.bench;
  const LogId log = *bench["alice"].store(three.space).own_log();
  const auto before = bench["alice"].store(three.space).copy();
  bench.cut("alice", "carol");
  bench["alice"].put(three.space, "mine", "first branch");
  bench.run();  // bob has it
  bench.cut("alice", "bob");
  bench["alice"].store(three.space).restore(before, MarkAfter::kOfTheCopy, {1});
  bench.power_cut("alice");
  bench.connect("alice", "carol");
  bench.run();
  bench["alice"].put(three.space, "mine", "second branch");
  bench.run();  // carol has that
  bench.connect("bob", "carol");
  bench.run();
  CHECK(bench["bob"].store(three.space).forks().contains(log));
  CHECK(bench["carol"].store(three.space).forks().contains(log));
  // And alice, who is linked with carol, has left the log.
  CHECK(bench["alice"].store(three.space).forks().contains(log));
  CHECK_FALSE(bench["alice"].store(three.space).own_log().has_value());
}

TEST_CASE("a fork that proves nothing drops the link and is not kept") {
  Forked scene;
  scene.bench.connect("alice", "bob");
  scene.bench.run();
  const oplog::Fork good = scene.proof();
  SimHasher hasher;
  struct Row {
    const char* what;
    oplog::Fork fork;
  };
  std::vector<Row> rows(6, Row{"", good});
  rows[0].what = "another incarnation";
  rows[0].fork.incarnation.bytes[0] ^= 1;
  rows[1].what = "one branch twice";
  rows[1].fork.second = rows[1].fork.first;
  rows[2].what = "the branches in the other order";
  std::swap(rows[2].fork.first, rows[2].fork.second);
  rows[3].what = "a byte of the first changed";
  rows[3].fork.first.back() ^= 1;
  rows[4].what = "a byte of the second changed";
  rows[4].fork.second.back() ^= 1;
  rows[5].what = "no pack at all";
  rows[5].fork.first = {1, 2, 3};
  for (const Row& row : rows) {
    INFO(row.what);
    Shared two({"alice", "bob"});
    two.bench.say("bob", "alice", row.fork);
    two.bench.run();
    CHECK(two.bench["alice"].store(two.space).forks().empty());
  }
  for (const Row& row : rows) {
    INFO(row.what);
    const bool is_linked = scene.bench.is_linked("alice", "bob");
    if (!is_linked) scene.bench.connect("alice", "bob");
    scene.bench.run();
    scene.bench.say("bob", "alice", row.fork);
    scene.bench.run();
    CHECK(scene.proof() == good);
    CHECK_FALSE(scene.bench.is_linked("alice", "bob"));
  }
}

}  // namespace lanyard::support
