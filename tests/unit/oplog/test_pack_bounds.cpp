#include <catch2/catch.hpp>

#include "replication/oplog/author.hpp"
#include "replication/oplog/fork.hpp"
#include "replication/types/limits.hpp"
#include "tests/unit/oplog/oplog_test.hpp"

/// What packs and branches hold: as much as there may be, one more, and ten times as much.
namespace {

using namespace lanyard;
using namespace lanyard::oplog;

/// Entries of so many logs that nobody has.
std::vector<ContextEntry> made_up_context(std::size_t count) {
  std::vector<ContextEntry> context;
  for (std::size_t i = 0; i < count; ++i) {
    ContextEntry entry{{}, {{1}, {}}};
    for (std::size_t byte = 0; byte < 4; ++byte)
      entry.log.bytes[byte] = static_cast<std::uint8_t>(i >> (24 - 8 * byte));
    entry.head.hash.bytes[0] = 1;
    context.push_back(entry);
  }
  return context;
}

std::string outcome_of_entries(std::size_t entries) {
  Device founder(70);
  const Space space(founder);
  LogWriter log(founder, space);
  std::vector<Change> changes;
  for (std::size_t left = entries; left > 0;) {
    const std::size_t here = std::min(left, limits::kContextEntriesMax);
    changes.push_back(log.put("k", made_up_context(here)));
    left -= here;
  }
  return outcome(read_pack(packed(changes, {&log}, true), founder.keys, hasher()));
}

/// Of a head at this seq, where every change has a hash of its own.
std::vector<Head> points_of_log(std::uint64_t seq) {
  const auto at = [](Seq of) -> Result<Hash> {
    Hash hash;
    for (std::size_t byte = 0; byte < 8; ++byte)
      hash.bytes[byte] = static_cast<std::uint8_t>(of.value >> (8 * byte));
    return hash;
  };
  const auto points = fork_points({{seq}, at({seq}).value()}, at);
  REQUIRE(points.has_value());
  return *points;
}

/// One change with a payload of so many bytes by chance, as it is kept of a branch.
Result<Bytes> branch_of_payload(std::size_t size, PayloadForm& form) {
  Device founder(71);
  const Space space(founder);
  LogWriter log(founder, space);
  const Change change = log.add(ChangeKind::kSealed, founder.chance.bytes(size));
  auto branch = pack_branch({change}, log.sign(change));
  if (branch) {
    const auto pack = read_pack(*branch, founder.keys, hasher());
    REQUIRE(pack.has_value());
    form = pack->changes.front().form;
  }
  return branch;
}

TEST_CASE("contexts of a pack have 16,384 entries together, and no more") {
  constexpr std::size_t kMax = limits::kPackContextEntriesMax;
  CHECK(outcome_of_entries(kMax) == "accepted");
  CHECK(outcome_of_entries(kMax + 1) == "too large");
  CHECK(outcome_of_entries(10 * kMax) == "too large");
}

TEST_CASE(
    "a log of any length is told by 64 points at most, its end and its beginning among them") {
  constexpr std::uint64_t kLong = std::uint64_t{1} << 61;  // at distances 1, 2, 4, ... 2^61
  for (const std::uint64_t seq : {std::uint64_t{1}, std::uint64_t{2}, std::uint64_t{640}, kLong,
                                  kLong + 1, 2 * kLong, 4 * kLong, UINT64_MAX}) {
    const auto points = points_of_log(seq);
    CHECK(points.size() <= limits::kForkPointsMax);
    CHECK(points.front().seq == Seq{seq});
    CHECK(points.back().seq == Seq{1});
  }
  CHECK(points_of_log(UINT64_MAX).size() == limits::kForkPointsMax);
}

TEST_CASE("a branch of 768 KiB is kept with its texts, and one that is larger without them") {
  PayloadForm form = PayloadForm::kErased;
  constexpr std::size_t kMax = limits::kForkBranchBytesMax;
  const std::size_t beside = branch_of_payload(kMax / 2, form).value().size() - kMax / 2;
  const auto fits = branch_of_payload(kMax - beside - 16, form);
  REQUIRE(fits.has_value());
  CHECK(fits->size() <= kMax);
  CHECK(form == PayloadForm::kPlain);
  const auto larger = branch_of_payload(kMax - beside + 16, form);
  REQUIRE(larger.has_value());
  CHECK(larger->size() < limits::kKiB);
  CHECK(form == PayloadForm::kErased);
}

TEST_CASE("whom a branch admits is counted once, as many as a pack can admit") {
  Device founder(74);
  const Space space(founder);
  SpaceLog held = nothing_of(space.id);
  const LogId log = LogWriter(founder, space).log();
  Branch branch{{2}, {}, {}};
  const auto admit = [&](std::size_t changes) {
    for (std::size_t i = 0; i < changes; ++i) {
      branch.hashes.emplace_back();
      for (std::size_t each = 0; each < limits::kOpenOpsMax; ++each)
        branch.admitted.push_back({founder.chance.fixed<DeviceId>(), {log, branch.last()}});
    }
    held.keep_branch(log, branch);
    held.keep_branch(log, branch);  // told once more
    return held.admissions.size();
  };
  constexpr std::size_t kMost = limits::kPackChangesMax * limits::kOpenOpsMax;
  CHECK(admit(limits::kPackChangesMax) == kMost);
  CHECK(admit(1) == kMost + limits::kOpenOpsMax);
  CHECK(held.is_member(branch.admitted.front().device));
  CHECK(held.is_member(branch.admitted.back().device));
}

TEST_CASE("a run is full at half a MiB, and then has room for a change of any size") {
  Device founder(72);
  const Space space(founder);
  AuthorState state;
  state.incarnation.bytes[0] = 1;
  state.epoch = space.epoch;
  Author author(space.id, founder.identity, hasher(), founder.keys, state);
  author.begin({}, {1});
  REQUIRE(author.next_dot(space.founding).has_value());
  constexpr std::size_t kHalf = limits::kPackPlainBytesMax / 2;
  const std::size_t opening = author.changes().front().payload.size();
  REQUIRE(author.add(Bytes(kHalf - opening - 1, 7)).has_value());
  CHECK_FALSE(author.is_full());
  CHECK(author.add(Bytes(10 * limits::kPackPlainBytesMax, 7)).error().is(Code::kTooLarge));
  REQUIRE(author.add(Bytes(limits::kPayloadBytesMax - 40, 7)).has_value());
  CHECK(author.is_full());
  const auto pack = read_pack(author.finish(), founder.keys, hasher());
  REQUIRE(pack.has_value());
  CHECK(pack->changes.size() == 3);
}

TEST_CASE("a run is full before it has as many changes as a pack") {
  Device founder(73);
  const Space space(founder);
  AuthorState state;
  state.epoch = space.epoch;
  Author author(space.id, founder.identity, hasher(), founder.keys, state);
  author.begin({}, {1});
  while (!author.is_full()) REQUIRE(author.add(put_plain("k", 1)).has_value());
  CHECK(author.changes().size() + 2 == limits::kPackChangesMax);
  CHECK(read_pack(author.finish(), founder.keys, hasher()).has_value());
}

}  // namespace
