#include "tests/unit/engine/engine_words.hpp"

/// Spaces that are offered and not here.
namespace lanyard::support {
namespace {

wire::Have news_of(const SpaceId& space) { return {space, LogId{{1}}, {{1}, Hash{{1}}}}; }

SpaceId made_up(std::uint64_t number) { return Chance(number).fixed<SpaceId>(); }

/// The spaces that alice has asked eve for, each once.
std::set<SpaceId> pulled(EngineBench& bench) {
  std::set<SpaceId> out;
  for (const wire::Message& each : bench.take_said("alice", "eve"))
    if (const auto* pull = std::get_if<wire::Pull>(&each)) out.insert(pull->space);
  return out;
}

}  // namespace

TEST_CASE("nothing is kept of a space that is offered and has nothing to show") {
  EngineBench bench({"alice", "eve"});
  bench.connect("alice", "eve");
  bench.run();
  bench.say("eve", "alice", news_of(made_up(1)));
  bench.run_storage();
  CHECK(pulled(bench) == std::set{made_up(1)});
  bench.say("eve", "alice", wire::InStep{made_up(1), {}});
  bench.run_storage();
  CHECK(bench["alice"].vault().stores().empty());
  const auto notices = bench["alice"].take_notices();
  CHECK(std::any_of(notices.begin(), notices.end(), [](const engine::Notice& each) {
    const auto* nothing = std::get_if<engine::NothingThere>(&each);
    return nothing != nullptr && nothing->space == made_up(1);
  }));
  CHECK(bench.is_linked("alice", "eve"));
}

TEST_CASE("of many spaces that are offered a few are looked at, and each when its turn comes") {
  EngineBench bench({"alice", "eve"});
  bench.connect("alice", "eve");
  bench.run();
  constexpr std::size_t kOffered = 10 * limits::kProspectsMax;
  for (std::uint64_t i = 0; i < kOffered; ++i) bench.say("eve", "alice", news_of(made_up(i)));
  bench.run_storage();
  std::set<SpaceId> all;
  for (std::set<SpaceId> asked = pulled(bench); !asked.empty(); asked = pulled(bench)) {
    CHECK(asked.size() <= limits::kProspectsMax);
    for (const SpaceId& each : asked) bench.say("eve", "alice", wire::InStep{each, {}});
    bench.run_storage();
    all.insert(asked.begin(), asked.end());
  }
  CHECK(all.size() == kOffered);
  CHECK(bench["alice"].vault().stores().empty());
}

TEST_CASE("a device that answers nothing takes no more places on its next link") {
  EngineBench bench({"alice", "eve"});
  std::set<SpaceId> asked;
  for (int link = 0; link < 3; ++link) {
    bench.connect("alice", "eve");
    bench.run();
    for (std::uint64_t i = 0; i < 100; ++i)
      bench.say("eve", "alice", news_of(made_up(static_cast<std::uint64_t>(link) * 1000 + i)));
    bench.run_storage();
    CHECK(pulled(bench).size() == limits::kProspectsMax);
    bench.cut("alice", "eve");
  }
  bench.pass(60s);
  CHECK(bench["alice"].vault().stores().empty());
}

TEST_CASE("a space comes from whoever has it, when the one who told of it first has nothing") {
  Shared two({"bob", "alice"});
  const SpaceId later = two.bench["bob"].found();
  two.bench["bob"].put(later, "n1", "for alice");
  two.bench.add("eve");
  two.bench.connect("alice", "eve");
  two.bench.run();
  two.bench.say("eve", "alice", news_of(later));
  two.bench.run_storage();
  two.bench["bob"].admit(later, two.bench["alice"].id);
  two.bench.run();
  two.bench.say("eve", "alice", wire::InStep{later, {}});
  two.bench.run();
  CHECK(two.bench["alice"].store(later).log().clock() ==
        two.bench["bob"].store(later).log().clock());
}

TEST_CASE("a space that is not taken from a device is asked for once on a link, and from others") {
  Shared two({"bob", "alice"});
  EngineBench& bench = two.bench;
  bench["alice"].vault().refuse_from(bench["bob"].id);
  const SpaceId one_more = bench["bob"].found();
  bench["bob"].put(one_more, "n1", "a text");
  bench["bob"].admit(one_more, bench["alice"].id);
  const auto count_pulls = [&](const std::string& from) {
    std::size_t count = 0;
    for (const wire::Message& each : bench.take_said("alice", from)) {
      const auto* pull = std::get_if<wire::Pull>(&each);
      count += pull != nullptr && pull->space == one_more;
    }
    return count;
  };
  bench.pass(5min);
  CHECK(count_pulls("bob") == 1);
  bench["bob"].put(one_more, "n2", "news of it");
  bench.pass(5min);
  CHECK(count_pulls("bob") == 0);
  CHECK(bench["alice"].vault().find(one_more) == nullptr);
  CHECK(bench.is_linked("alice", "bob"));
  // Another device that has it may bring it, and then this one may too.
  bench.add("carol");
  bench["bob"].admit(one_more, bench["carol"].id);
  bench.connect("bob", "carol");
  bench.connect("alice", "carol");
  bench.pass(2min);
  REQUIRE(bench["alice"].vault().find(one_more) != nullptr);
  bench.cut("alice", "carol");
  bench["bob"].put(one_more, "n3", "more");
  bench.pass(2min);
  CHECK(bench["alice"].store(one_more).log().clock() == bench["bob"].store(one_more).log().clock());
}

TEST_CASE("a pack without a founding is refused, and leaves nothing") {
  Shared two({"bob", "alice"});
  const SpaceId other = two.bench["bob"].found();
  two.bench["bob"].put(other, "n1", "a text");
  EngineBench& bench = two.bench;
  bench.add("eve");
  bench.connect("alice", "eve");
  bench.run();
  const SpaceId wrong = made_up(7);
  bench.say("eve", "alice", news_of(wrong));
  bench.run_storage();
  const auto slice = bench["bob"].store(other).read_log(0, {}, 1'000'000);
  bench.say("eve", "alice", wire::PackPart{wrong, true, slice.packs.front()});
  bench.run_storage();
  CHECK_FALSE(bench.is_linked("alice", "eve"));
  CHECK(bench["alice"].vault().find(wrong) == nullptr);
  CHECK(bench["alice"].vault().stores().size() == 1);
}

}  // namespace lanyard::support
