#include "tests/unit/engine/engine_words.hpp"

/// What peers remember of our own log: a store that was set back with its mark, or lives twice.
namespace lanyard::support {
namespace {

using MarkAfter = MemoryStore::MarkAfter;

/// Alice wrote, bob has it, and alice's whole machine is set back to before.
struct SetBack {
  SetBack() : two({"alice", "bob"}) {
    const auto before = alice().copy();
    alice_device().put(two.space, "k1", "one");
    alice_device().put(two.space, "k2", "two");
    two.bench.run();
    log = *alice().own_log();
    two.bench.cut("alice", "bob");
    alice().restore(before, MarkAfter::kOfTheCopy, {1});
    two.bench.power_cut("alice");
    REQUIRE(alice().own_log() == log);  // nothing on her own machine says otherwise
    two.bench["alice"].take_notices();
  }
  BenchDevice& alice_device() { return two.bench["alice"]; }
  MemoryStore& alice() { return two.bench["alice"].store(two.space); }
  MemoryStore& bob() { return two.bench["bob"].store(two.space); }

  std::optional<engine::OwnLogWentOn> told() {
    std::optional<engine::OwnLogWentOn> out;
    for (const engine::Notice& notice : alice_device().take_notices())
      if (const auto* each = std::get_if<engine::OwnLogWentOn>(&notice)) out = *each;
    return out;
  }
  /// How often each of the two effects is waiting for storage.
  [[nodiscard]] std::pair<std::size_t, std::size_t> held_and_released() {
    return {count_waiting<engine::HoldWrites>(alice_device()),
            count_waiting<engine::ReleaseWrites>(alice_device())};
  }
  /// Bob says that he holds so much of alice's log.
  void claim(Seq seq) {
    VectorClock clock = two.clock("bob");
    clock[log] = {seq, Chance(9).fixed<Hash>()};
    two.bench.say("bob", "alice", wire::Pull{two.space, clock, 0});
  }

  Shared two;
  LogId log;
};

}  // namespace

TEST_CASE("one that was set back gets its own changes again, and goes on in a new log") {
  SetBack scene;
  scene.two.bench.connect("alice", "bob");
  scene.two.bench.run();
  const auto told = scene.told();
  REQUIRE(told);
  CHECK(told->is_proven);
  CHECK(told->peer == scene.two.bench["bob"].id);
  CHECK_FALSE(scene.alice_device().vault().is_held(scene.two.space));
  CHECK(scene.two.clock("alice") == scene.two.clock("bob"));
  CHECK(scene.alice().table().records().size() == 2);
  CHECK_FALSE(scene.alice().own_log().has_value());
  scene.alice_device().put(scene.two.space, "k3", "three");
  scene.two.bench.run();
  CHECK(scene.two.clock("bob").size() == scene.two.clock("alice").size());
  CHECK(scene.two.clock("bob").at(scene.log).seq.value == 5);  // 3 of the founding, and two puts
  CHECK(scene.bob().table().records().size() == 3);
}

TEST_CASE("writes wait from the claim to the proof") {
  SetBack scene;
  scene.two.bench.connect("alice", "bob");
  scene.alice_device().holds_storage = true;
  scene.two.bench.run();
  bool held = false;
  for (int i = 0; i < 20 && !held; ++i) {
    scene.two.bench.let_storage("alice", 1);
    scene.two.bench.run();
    held = scene.alice_device().vault().is_held(scene.two.space);
  }
  CHECK(held);
  scene.alice_device().holds_storage = false;
  scene.two.bench.run();
  CHECK_FALSE(scene.alice_device().vault().is_held(scene.two.space));
}

TEST_CASE("who does not show what it claims costs a new log and less than a second, three times") {
  SetBack scene;
  scene.two.bench.connect("alice", "bob");
  scene.two.bench.run();
  for (std::size_t i = 0; i < 10 * limits::kUnprovenClaimsMax; ++i) {
    scene.alice_device().put(scene.two.space, "k" + std::to_string(i), "x");
    scene.two.bench.run();
    REQUIRE(scene.alice().own_log());
    scene.log = *scene.alice().own_log();
    scene.told();
    scene.claim({100});
    const bool believed = i < limits::kUnprovenClaimsMax;
    INFO(i);
    scene.two.bench.run();
    scene.two.bench.pass(limits::kDoubtMax);
    CHECK_FALSE(scene.alice_device().vault().is_held(scene.two.space));
    const auto told = scene.told();
    CHECK(told.has_value() == believed);
    if (told) CHECK_FALSE(told->is_proven);
    CHECK(scene.alice().own_log().has_value() != believed);
  }
}

TEST_CASE("a peer that claims and falls silent holds writes no longer than a moment") {
  SetBack scene;
  scene.two.bench.connect("alice", "bob");
  scene.two.bench.run();
  scene.alice_device().put(scene.two.space, "k", "x");
  scene.two.bench.run();
  scene.log = *scene.alice().own_log();
  scene.claim({100});
  scene.two.bench.let_storage("alice");
  CHECK(scene.alice_device().vault().is_held(scene.two.space));
  scene.two.bench.cut("alice", "bob");
  scene.two.bench.pass(limits::kDoubtMax - 1ms);
  CHECK(scene.alice_device().vault().is_held(scene.two.space));
  scene.two.bench.pass(1ms);
  CHECK_FALSE(scene.alice_device().vault().is_held(scene.two.space));
  CHECK_FALSE(scene.alice().own_log().has_value());
}

TEST_CASE("what one who is no member says of our log counts for nothing") {
  SetBack scene;
  Shared& two = scene.two;
  two.bench.connect("alice", "bob");
  two.bench.run();
  scene.alice_device().put(two.space, "k", "x");
  two.bench.run();
  scene.log = *scene.alice().own_log();
  EngineBench& bench = two.bench;
  bench.add("mallory");
  bench.connect("alice", "mallory");
  bench.run();
  scene.told();
  VectorClock clock{{scene.log, {{100}, Chance(9).fixed<Hash>()}}};
  bench.say("mallory", "alice", wire::Pull{two.space, clock, 1000});
  bench.run();
  bench.pass(limits::kDoubtMax);
  CHECK_FALSE(scene.told().has_value());
  CHECK(scene.alice().own_log() == scene.log);
}

TEST_CASE("an agent that stops holds nothing back") {
  SetBack scene;
  scene.two.bench.connect("alice", "bob");
  scene.two.bench.run();
  scene.alice_device().put(scene.two.space, "k", "x");
  scene.two.bench.run();
  scene.log = *scene.alice().own_log();
  scene.alice_device().holds_storage = true;
  scene.claim({100});
  CHECK(scene.held_and_released() == std::pair<std::size_t, std::size_t>{1, 0});
  scene.two.bench.step(scene.alice_device(), engine::ShutDown{});
  CHECK(scene.held_and_released() == std::pair<std::size_t, std::size_t>{1, 1});
}

}  // namespace lanyard::support
