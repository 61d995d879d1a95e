#include "replication/engine/digest_dialogue.hpp"
#include "tests/unit/engine/engine_words.hpp"

namespace lanyard::support {

TEST_CASE("equal digests cost one hash each way and nothing else") {
  Shared two({"alice", "bob"});
  two.bench.cut("alice", "bob");
  two.bench.connect("alice", "bob");
  two.bench.run();
  CHECK(two.bench.take_words("alice", "bob") == Words{"hello", "root"});
  CHECK(two.bench.take_words("bob", "alice") == Words{"hello", "root"});
}

TEST_CASE("a comparison that one side begins is answered with one hash") {
  Shared two({"alice", "bob"});
  two.bench.step(two.bench["alice"], engine::SyncNow{});
  two.bench.run();
  CHECK(two.bench.take_words("alice", "bob") == Words{"root"});
  CHECK(two.bench.take_words("bob", "alice") == Words{"root"});
}

TEST_CASE("comparisons that both sides begin at once are one") {
  Shared two({"alice", "bob"});
  two.bench.step(two.bench["alice"], engine::SyncNow{});
  two.bench.step(two.bench["bob"], engine::SyncNow{});
  two.bench.run();
  CHECK(two.bench.take_words("alice", "bob") == Words{"root"});
  CHECK(two.bench.take_words("bob", "alice") == Words{"root"});
}

TEST_CASE("a comparison asked for while another runs follows it") {
  Shared two({"alice", "bob"});
  two.bench.step(two.bench["alice"], engine::SyncNow{});
  two.bench.run_storage();  // alice has told her hash, and hears none yet
  two.bench.step(two.bench["alice"], engine::SyncNow{});
  two.bench.run();
  CHECK(two.bench.take_words("alice", "bob") == Words{"root", "root"});
  CHECK(two.bench.take_words("bob", "alice") == Words{"root", "root"});
}

TEST_CASE(
    "who was away gets what is new; each asks the other, as a digest does not say who is ahead") {
  Shared two({"alice", "bob"});
  two.bench.cut("alice", "bob");
  two.bench["alice"].put(two.space, "n1", "written while bob was away");
  two.bench.run();
  two.bench.connect("alice", "bob");
  two.bench.run();
  CHECK(two.clock("alice") == two.clock("bob"));
  CHECK(two.bench.take_words("bob", "alice") ==
        Words{"hello", "root", "buckets", "digests", "acknowledge", "pull", "in step"});
  CHECK(two.bench.take_words("alice", "bob") ==
        Words{"hello", "root", "buckets", "digests", "acknowledge", "pull", "pack", "in step"});
}

/// Two devices that share many spaces which nobody talks about: storage answers by hand.
struct ManySpaces {
  explicit ManySpaces(std::size_t count) : bench({"alice", "bob"}) {
    Chance chance(7);
    for (std::size_t i = 0; i < count; ++i)
      alice.push_back({chance.fixed<SpaceId>(), chance.fixed<Hash>()});
    std::sort(alice.begin(), alice.end(),
              [](const auto& left, const auto& right) { return left.space < right.space; });
    bob = alice;
  }
  void compare() {
    bench["alice"].holds_storage = bench["bob"].holds_storage = true;
    bench.connect("alice", "bob");
    answer("alice", alice);
    answer("bob", bob);
    bench.run();
  }
  void answer(const std::string& name, const std::vector<wire::SpaceDigest>& spaces) {
    const auto asked = bench[name].waiting();
    REQUIRE(asked.size() == 1);
    bench.step(bench[name],
               engine::SharedLoaded{std::get<engine::LoadShared>(asked[0]).link, spaces, {}, {}});
  }
  [[nodiscard]] std::uint64_t bytes() const {
    return bench.bytes_said("alice", "bob") + bench.bytes_said("bob", "alice");
  }

  EngineBench bench;
  std::vector<wire::SpaceDigest> alice;
  std::vector<wire::SpaceDigest> bob;
};

TEST_CASE("10,000 unchanged spaces cost less than 4 KB") {
  ManySpaces many(10'000);
  many.compare();
  CHECK(many.bytes() < 4096);
  CHECK(many.bench.take_words("alice", "bob") == Words{"hello", "root"});
  CHECK(count_waiting<engine::OpenSpace>(many.bench["alice"]) == 0);
}

TEST_CASE("one changed space of 10,000 costs its bucket, not all of them") {
  ManySpaces many(10'000);
  many.bob[1234].digest = Chance(1).fixed<Hash>();
  many.compare();
  CHECK(many.bytes() < 30'000);
  CHECK(many.bench.take_words("alice", "bob") == Words{"hello", "root", "buckets", "digests"});
  // Each opens the one space that differs, and no other.
  CHECK(count_waiting<engine::OpenSpace>(many.bench["alice"]) == 1);
  CHECK(count_waiting<engine::OpenSpace>(many.bench["bob"]) == 1);
}

TEST_CASE("digests of any two lists end with exactly their differences") {
  const SimHasher hasher;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Chance chance(seed);
    std::map<SpaceId, wire::SpaceDigest> lists[2];
    std::vector<engine::DigestDialogue::Difference> expected[2];
    for (std::size_t i = chance.below(3000); i > 0; --i) {
      const wire::SpaceDigest each{chance.fixed<SpaceId>(), chance.fixed<Hash>()};
      for (auto& list : lists) list[each.space] = each;
    }
    for (std::size_t i = chance.below(4); i > 0; --i) {
      const wire::SpaceDigest each{chance.fixed<SpaceId>(), chance.fixed<Hash>()};
      const std::size_t side = chance.below(2);
      lists[side][each.space] = each;
      expected[side].push_back({each.space, each.digest, std::nullopt});
      expected[1 - side].push_back({each.space, std::nullopt, each.digest});
    }
    engine::DigestDialogue dialogues[2]{engine::DigestDialogue(hasher),
                                        engine::DigestDialogue(hasher)};
    std::deque<wire::Message> sent[2];
    const auto take = [&](std::size_t side, const engine::DigestDialogue::Outcome& outcome) {
      sent[side].insert(sent[side].end(), outcome.send.begin(), outcome.send.end());
      if (!outcome.differences) return;
      std::sort(expected[side].begin(), expected[side].end(),
                [](const auto& left, const auto& right) { return left.space < right.space; });
      CHECK(*outcome.differences == expected[side]);
    };
    for (std::size_t side = 0; side < 2; ++side) {
      std::vector<wire::SpaceDigest> spaces;
      for (const auto& [id, each] : lists[side]) spaces.push_back(each);
      take(side, dialogues[side].begin(std::move(spaces)));
    }
    while (!sent[0].empty() || !sent[1].empty()) {
      const std::size_t from = sent[0].empty() || (!sent[1].empty() && chance.one_in(2)) ? 1 : 0;
      const wire::Message message = sent[from].front();
      sent[from].pop_front();
      auto& to = dialogues[1 - from];
      const auto outcome = std::holds_alternative<wire::DigestRoot>(message)
                               ? to.on(std::get<wire::DigestRoot>(message))
                           : std::holds_alternative<wire::DigestBuckets>(message)
                               ? to.on(std::get<wire::DigestBuckets>(message))
                               : to.on(std::get<wire::DigestSpaces>(message));
      REQUIRE(outcome.has_value());
      take(1 - from, *outcome);
    }
    CHECK((dialogues[0].may_begin() && dialogues[1].may_begin()));
  }
}

}  // namespace lanyard::support
