#include "tests/unit/engine/fork_words.hpp"

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

/// Alice writes these with bob, is set back with her mark, and writes something else with carol.
LogId fork_between_bob_and_carol(Shared& three, const std::vector<std::string>& first) {
  EngineBench& bench = three.bench;
  MemoryStore& alice = bench["alice"].store(three.space);
  const LogId log = *alice.own_log();
  const auto before = alice.copy();
  bench.cut("alice", "carol");
  for (const std::string& text : first) bench["alice"].put(three.space, "mine", text);
  bench.run();  // bob has them
  bench.cut("alice", "bob");
  alice.restore(before, MarkAfter::kOfTheCopy, {1});
  bench.power_cut("alice");
  bench.connect("alice", "carol");
  bench.run();
  bench["alice"].put(three.space, "mine", "second branch");
  bench.run();  // carol has that
  return log;
}

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
  const LogId log = fork_between_bob_and_carol(three, {"first branch"});
  bench.connect("bob", "carol");
  bench.run();
  CHECK(bench["bob"].store(three.space).forks().contains(log));
  CHECK(bench["carol"].store(three.space).forks().contains(log));
  // And alice, who is linked with carol, has left the log.
  CHECK(bench["alice"].store(three.space).forks().contains(log));
  CHECK_FALSE(bench["alice"].store(three.space).own_log().has_value());
}

TEST_CASE("a branch that goes on where nobody knew of the fork is told to who holds a longer one") {
  Shared three({"alice", "bob", "carol"});
  EngineBench& bench = three.bench;
  const LogId log =
      fork_between_bob_and_carol(three, {"first", "first, and more", "first, and more, and more"});
  bench.cut("alice", "carol");
  bench.connect("bob", "carol");
  bench.run();
  REQUIRE(bench["bob"].store(three.space).forks().contains(log));
  bench["alice"].put(three.space, "mine", "second, and more");
  bench.run_storage();
  bench.connect("alice", "carol");
  bench.run();
  bench.pass(60s);
  const Head end = three.clock("carol").at(log);
  CHECK(end == three.clock("alice").at(log));
  CHECK(bench["bob"].store(three.space).log().branches.at(log).hashes.back() == end.hash);
  for (const char* name : {"alice", "bob"})
    CHECK(bench[name].store(three.space).forks() == bench["carol"].store(three.space).forks());
}

TEST_CASE("a branch that grew while somebody was away is told when the two are linked again") {
  Shared four({"alice", "bob", "carol", "dan"});
  EngineBench& bench = four.bench;
  bench.connect("bob", "dan");
  bench.run();
  bench.cut("alice", "dan");
  const LogId log =
      fork_between_bob_and_carol(four, {"first", "first, and more", "first, and more, and more"});
  bench.cut("alice", "carol");
  bench.connect("bob", "carol");
  bench.run();
  const auto kept = [&](const char* name) {
    return bench[name].store(four.space).log().branches.at(log);
  };
  REQUIRE(kept("dan") == kept("bob"));
  bench.cut("bob", "dan");
  bench["alice"].put(four.space, "mine", "second, and more");  // she has not heard of it
  bench.run_storage();
  bench.connect("alice", "bob");
  bench.run();
  REQUIRE(kept("bob").hashes.size() == 2);
  REQUIRE(kept("dan").hashes.size() == 1);
  // All that either applies is equal.
  REQUIRE(four.clock("dan") == four.clock("bob"));
  bench.connect("bob", "dan");
  bench.run();
  CHECK(kept("dan") == kept("bob"));
}

TEST_CASE("one who does not know of a fork takes in what hangs on the branch that it lacks") {
  Forked scene;
  scene.bench.connect("bob", "carol");
  scene.bench.run();  // carol has the first branch, and the second is the longer one
  scene.bench.cut("bob", "carol");
  for (const char* text : {"second, and more", "second, and more, and more"})
    scene.bench["alice"].put(scene.three.space, "mine", text);
  scene.bench.run_storage();
  scene.bench.connect("alice", "bob");
  scene.bench.run();
  scene.bench["alice"].put(scene.three.space, "mine", "in a new log");
  scene.bench.run();
  scene.bench.cut("alice", "bob");
  const LogId fresh = *scene.store("alice").own_log();
  REQUIRE(scene.three.clock("bob").contains(fresh));
  const bool is_new = GENERATE(false, true);
  const std::string name = is_new ? "dan" : "carol";
  if (is_new) {
    scene.bench.add("dan");
    scene.bench["bob"].admit(scene.three.space, scene.bench["dan"].id);
    scene.bench.run();
  }
  scene.bench.connect("bob", name);
  scene.bench.run();
  scene.bench.pass(60s);
  CHECK(scene.bench.is_linked("bob", name));
  CHECK(scene.knows_of_fork(name));
  CHECK(scene.three.clock(name) == scene.three.clock("bob"));
}

TEST_CASE(
    "whom the branch that is not applied admitted is heard, however long the other branch is") {
  Shared three({"alice", "bob", "carol"});
  EngineBench& bench = three.bench;
  // Bob has more of his branch, so nothing of the other is sent to him with what hangs on it.
  const LogId log =
      fork_between_bob_and_carol(three, {"first", "first, and more", "and more", "and more"});
  bench.add("dan");
  bench["alice"].admit(three.space, bench["dan"].id);
  bench.run();
  bench.connect("carol", "dan");
  bench.run();
  bench["dan"].put(three.space, "dan's", "by whom the second branch admitted");
  bench.run();
  bench.cut("alice", "carol");
  const LogId dans = *bench["dan"].store(three.space).own_log();
  REQUIRE(three.clock("carol").contains(dans));
  SECTION("through one who is a member for all") { bench.connect("carol", "bob"); }
  SECTION("from the one who is not") {
    bench.cut("carol", "dan");
    bench.connect("dan", "bob");
  }
  bench.run();
  bench.pass(60s);
  const oplog::SpaceLog& held = bench["bob"].store(three.space).log();
  CHECK(held.is_member(bench["dan"].id));
  CHECK(held.branches.contains(log));
  CHECK(held.clock().contains(dans));
}

TEST_CASE("of devices that are no members a few forks are kept, and no more") {
  Shared two({"alice", "bob"});
  for (std::uint64_t number = 0; number < 10 * limits::kForksAheadMax; ++number) {
    two.bench.say("bob", "alice", fork_of_a_stranger(two.space, number));
    two.bench.run();
  }
  const MemoryStore& store = two.bench["alice"].store(two.space);
  CHECK(store.forks().size() == limits::kForksAheadMax);
  CHECK(store.log().told.size() == limits::kForksAheadMax);
  CHECK(store.log().members().size() == 2);  // whom strangers admit is nobody
  CHECK(two.bench.is_linked("alice", "bob"));
  // They do not take the place of one that counts.
  Forked scene;
  for (std::uint64_t number = 0; number < limits::kForksAheadMax; ++number)
    scene.bench.say("bob", "carol", fork_of_a_stranger(scene.three.space, number));
  scene.bench.connect("alice", "bob");
  scene.bench.connect("bob", "carol");
  scene.bench.run();
  CHECK(scene.knows_of_fork("carol"));
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
