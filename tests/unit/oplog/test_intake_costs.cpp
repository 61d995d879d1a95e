#include <catch2/catch.hpp>

#include "replication/oplog/space_log_trial.hpp"
#include "replication/types/check.hpp"
#include "tests/support/memory_peak.hpp"
#include "tests/support/numbered_id.hpp"
#include "tests/unit/oplog/oplog_test.hpp"

/// What a change costs whoever takes it in, where some member has opened logs, or admitted devices,
/// without end.
namespace {

using namespace lanyard;
using namespace lanyard::oplog;

/// A space in which one log goes on, beside so many that somebody else has opened.
struct Crowded {
  explicit Crowded(std::size_t logs) {
    const std::vector<Change> changes{log.open({}, true), log.admit(founder)};
    LANYARD_CHECK(intake.accept(packed(changes, {&log})).has_value(), "honest changes");
    SpaceLog state = intake.state();
    for (std::size_t i = 1; i <= logs; ++i)
      state.logs.emplace(support::numbered_id<LogId>(i), HeldLog{founder.id(), {{1}, {}}});
    intake.reset(std::move(state));
  }
  /// The most memory that a pack of one change takes beside what is kept of it.
  std::size_t peak_of_one() {
    const Bytes pack = packed({log.put("a", {})}, {&log});
    const support::MemoryPeak peak;
    LANYARD_CHECK(intake.accept(pack).has_value(), "an honest change");
    return peak.bytes();
  }

  Device founder{80};
  Space space{founder};
  LogWriter log{founder, space};
  Intake intake{founder.id(), nothing_of(space.id), founder.keys, hasher(), verifier()};
};

}  // namespace

TEST_CASE("a pack costs what is in it, however many logs are held") {
  const std::size_t beside_none = Crowded(0).peak_of_one();
  const std::size_t beside_many = Crowded(20'000).peak_of_one();
  CAPTURE(beside_none, beside_many);
  CHECK(beside_many <= beside_none + 16 * limits::kKiB);
}

TEST_CASE("what was taken in on trial is gone without a trace unless it is kept") {
  Device founder(81);
  const Device late(82);
  const Space space(founder);
  LogWriter log(founder, space);
  SpaceLog held = nothing_of(space.id);
  const std::vector<Change> changes{log.open({}, true), log.admit(founder), log.admit(late),
                                    log.admit(late), log.put("a", {})};
  const auto take = [&](SpaceLog& state, std::size_t from, bool keeps) {
    SpaceLogTrial trial(state, hasher());
    for (std::size_t i = from; i < changes.size(); ++i)
      LANYARD_CHECK(trial.advance(changes[i]).has_value(), "an honest change");
    if (keeps) trial.keep();
  };
  for (std::size_t from = 0; from < changes.size(); ++from) {
    CAPTURE(from);
    SpaceLog state = held;
    take(state, from, false);
    CHECK(same(state, held));
    take(state, from, true);
    CHECK(state.is_member(late.id()));
    CHECK(state.head_of(log.log()).seq.value == changes.size());
    LANYARD_CHECK(held.advance(changes[from], hasher()).has_value(), "an honest change");
  }
}

TEST_CASE("a fork that was told of and settles on trial is as it was unless that is kept") {
  Device founder(83);
  const Device other(84);
  const Space space(founder);
  LogWriter log(founder, space);
  SpaceLog held = nothing_of(space.id);
  for (const Change& each : {log.open({}, true), log.admit(founder)})
    LANYARD_CHECK(held.advance(each, hasher()).has_value(), "an honest change");
  const Change next = log.put("a", {});
  const Hash elsewhere = founder.chance.fixed<Hash>();
  const Branch ours{next.header.seq, {next.hash}, {}};
  const Branch theirs{next.header.seq, {elsewhere}, {{other.id(), {log.log(), next.header.seq}}}};
  held.tell_fork(log.log(), {founder.id(), ours, theirs});
  const bool keeps = GENERATE(false, true);
  SpaceLog state = held;
  {
    SpaceLogTrial trial(state, hasher());
    REQUIRE(trial.advance(next).has_value());
    CHECK(state.branches.contains(log.log()));
    CHECK(state.is_member(other.id()));
    if (keeps) trial.keep();
  }
  CHECK(same(state, held) != keeps);
  CHECK(state.is_member(other.id()) == keeps);
}

TEST_CASE("a device that a change admits again and again is admitted by it once") {
  Admissions admissions;
  const DeviceId device = support::numbered_id<DeviceId>(1);
  for (int i = 0; i < 27'000; ++i) admissions.add({device, {LogId{{1}}, {1}}});
  CHECK(admissions.size() == 1);
  CHECK(admissions.add({device, {LogId{{1}}, {2}}}));
  CHECK(admissions.of(device).size() == 2);
  CHECK_FALSE(admissions.contains(support::numbered_id<DeviceId>(2)));
}
