#include "tests/unit/engine/engine_words.hpp"

/// Changes that somebody holds and cannot read: they are asked for once more, and told of.
namespace lanyard::support {
namespace {

std::vector<std::uint64_t> withheld_of(const std::vector<engine::Notice>& notices) {
  std::vector<std::uint64_t> out;
  for (const engine::Notice& notice : notices)
    if (const auto* said = std::get_if<engine::Withheld>(&notice)) out.push_back(said->changes);
  return out;
}

/// The clock of the last pull among what was said.
VectorClock pulled_with(const std::vector<wire::Message>& said) {
  VectorClock clock;
  for (const wire::Message& message : said)
    if (const auto* pull = std::get_if<wire::Pull>(&message)) clock = pull->clock;
  return clock;
}

}  // namespace

TEST_CASE("what is damaged here is asked for once more, of a member who shows to hold it") {
  Shared shared({"alice", "bob"});
  EngineBench& bench = shared.bench;
  bench["bob"].put(shared.space, "n1", "from bob");
  bench.pass(2s);
  const LogId log = log_of(bench["alice"].store(shared.space), bench["bob"].id);
  const VectorClock whole = shared.clock("alice");
  shared.forget();
  bench["alice"].holds_storage = true;
  bench.step(bench["alice"], engine::StoreCondition{shared.space, true, {{log, Head{}}}});
  bench.run();
  VectorClock expected = whole;
  expected.erase(log);
  CHECK(pulled_with(bench.take_said("alice", "bob")) == expected);
  CHECK(count_waiting<engine::MendLog>(bench["alice"]) > 0);
  CHECK(count_waiting<engine::Persist>(bench["alice"]) == 0);

  // Not again and again, if that did not help.
  bench.pass(40s);
  CHECK(count_of(bench.take_words("alice", "bob"), "pull") == 0);

  bench.step(bench["alice"], engine::StoreCondition{shared.space, true, {}});
  bench.run();
  CHECK(count_of(bench.take_words("alice", "bob"), "have") == whole.size());
  CHECK(shared.clock("alice") == whole);
}

TEST_CASE("who is equal is asked for what is damaged, though nobody speaks of the space") {
  Shared shared({"alice", "bob"});
  EngineBench& bench = shared.bench;
  bench.pass(2s);
  bench.cut("alice", "bob");
  bench.pass(2s);
  const LogId log = log_of(bench["alice"].store(shared.space), bench["alice"].id);
  bench.step(bench["alice"], engine::StoreCondition{shared.space, true, {{log, Head{}}}});
  bench.connect("alice", "bob");
  bench.run();
  CHECK(bench.is_linked("alice", "bob"));
  CHECK(count_of(bench.take_words("alice", "bob"), "pull") <= 1);
}

TEST_CASE("a peer that refuses what it was sent has us look at the log, and only then") {
  EngineBench bench({"alice", "bob"});
  const SpaceId space = bench["alice"].found();
  bench["alice"].put(space, "n1", "a note");
  bench["alice"].admit(space, bench["bob"].id);
  SECTION("it was sent packs") {
    bench.connect("alice", "bob");
    bench.run();
    bench["alice"].holds_storage = true;
    bench.say("bob", "alice", wire::Bye{wire::ByeCode::kRefused});
    CHECK(count_waiting<engine::CheckLog>(bench["alice"]) == 1);
  }
  SECTION("it was sent packs, and is only busy") {
    bench.connect("alice", "bob");
    bench.run();
    bench["alice"].holds_storage = true;
    bench.say("bob", "alice", wire::Bye{wire::ByeCode::kBusy});
    CHECK(count_waiting<engine::CheckLog>(bench["alice"]) == 0);
  }
}

TEST_CASE("what a peer holds and does not send is told, until it is here") {
  Shared shared({"alice", "bob"});
  EngineBench& bench = shared.bench;
  bench["bob"].put(shared.space, "n1", "from bob");
  bench.pass(2s);
  const LogId log = log_of(bench["alice"].store(shared.space), bench["bob"].id);
  VectorClock more = shared.clock("bob");
  more[log].seq.value += 2;
  bench["alice"].take_notices();
  bench.say("bob", "alice", wire::Have{shared.space, log, more[log]});
  bench.run_storage();
  bench.say("bob", "alice", wire::InStep{shared.space, more});
  bench.run();
  CHECK(bench.is_linked("alice", "bob"));
  CHECK(withheld_of(bench["alice"].take_notices()) == std::vector<std::uint64_t>{2});
  bench["bob"].put(shared.space, "n2", "one");
  bench.pass(2s);
  bench["bob"].put(shared.space, "n3", "two");
  bench.pass(2s);
  CHECK(withheld_of(bench["alice"].take_notices()) == std::vector<std::uint64_t>{1, 0});
}

}  // namespace lanyard::support
