#include <catch2/catch.hpp>

#include "tests/unit/oplog/oplog_test.hpp"

namespace {

using namespace lanyard;
using namespace lanyard::oplog;

TEST_CASE("a history is accepted whole or in any split, and comes to the same state") {
  for (std::uint64_t seed = 100; seed < 108; ++seed) {
    History history(seed, 80);
    Device& self = *history.devices[1];
    share_key(history.space, self);
    const auto intake = [&] {
      return Intake(self.id(), nothing_of(history.space.id), self.keys, hasher(), verifier());
    };
    Intake at_once = intake();
    const auto all =
        at_once.accept(write_pack(history.changes, history.signatures_of(history.changes), true));
    REQUIRE(all.has_value());
    CHECK(whole(all->pack.changes) == whole(history.changes));

    Intake in_parts = intake();
    std::vector<WholeChange> seen;
    for (std::size_t from = 0; from < history.changes.size();) {
      const std::size_t left = history.changes.size() - from;
      const auto part =
          std::span(history.changes).subspan(from, 1 + history.chance.below(std::min(left, 9UL)));
      const auto accepted = in_parts.accept(write_pack(part, history.signatures_of(part), false));
      REQUIRE(accepted.has_value());
      for (WholeChange& change : whole(accepted->pack.changes)) seen.push_back(std::move(change));
      from += part.size();
    }
    CHECK(seen == whole(history.changes));
    CHECK(same(in_parts.state(), at_once.state()));
  }
}

TEST_CASE("changes that are held already are dropped, and the rest is packed anew") {
  History history(109, 60);
  Device& self = *history.devices[1];
  share_key(history.space, self);
  Intake intake(self.id(), nothing_of(history.space.id), self.keys, hasher(), verifier());
  const auto offer = [&](std::size_t from, std::size_t to) {
    const auto part = std::span(history.changes).subspan(from, to - from);
    return intake.accept(write_pack(part, history.signatures_of(part), true));
  };
  REQUIRE(offer(0, 30).has_value());
  const auto again = offer(0, 30);
  REQUIRE(again.has_value());
  CHECK(again->pack.changes.empty());
  CHECK(again->bytes.empty());

  const auto more = offer(10, 60);
  REQUIRE(more.has_value());
  const auto fresh = std::span(history.changes).subspan(30);
  CHECK(whole(more->pack.changes) == whole(fresh));
  const auto stored = read_pack(more->bytes, self.keys, hasher());
  REQUIRE(stored.has_value());
  CHECK(whole(stored->changes) == whole(fresh));
}

TEST_CASE("a device takes its key from the grant that admits it, and from no other") {
  Device founder(70);
  Device member(71);
  Device other(72);
  const Space space(founder);
  LogWriter log(founder, space);
  const Bytes pack = packed({log.open({}, true), log.admit(member)}, {&log});
  Intake mine(member.id(), nothing_of(space.id), member.keys, hasher(), verifier());
  Intake theirs(other.id(), nothing_of(space.id), other.keys, hasher(), verifier());
  REQUIRE(mine.accept(pack).has_value());
  REQUIRE(theirs.accept(pack).has_value());
  CHECK(member.keys.holds(space.epoch));
  CHECK_FALSE(other.keys.holds(space.epoch));
}

}  // namespace
