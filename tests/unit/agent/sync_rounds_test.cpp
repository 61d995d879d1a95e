#include <catch2/catch.hpp>

#include "agent/sync_rounds.hpp"

namespace lanyard::agent {
namespace {

using engine::Compared;
using engine::LinkId;
using engine::Phase;
using engine::Progress;
using engine::Served;

const DeviceId kBob{{1}};
const SpaceId kNotes{{2}};
const LinkId kLink{7};

engine::Instant at(int ms) { return {std::chrono::milliseconds(ms)}; }

/// Rounds with bob, on one link.
struct Rounds {
  Meters meters;
  SyncRounds rounds{meters, [](LinkId) { return Traffic{}; }};

  void up(int ms) {
    rounds.up(kLink, kBob, at(ms));
    rounds.heard(engine::PeerSaidHello{kBob, "bob", "1", 0}, at(ms));
  }
  void compared(bool ours, bool theirs, int ms) {
    const std::vector<SpaceId> notes{kNotes};
    const std::vector<SpaceId> none;
    rounds.heard(Compared{kBob, ours ? notes : none, theirs ? notes : none}, at(ms));
  }
  void in_step(int ms) { rounds.heard(Progress{kBob, kNotes, Phase::kInStep, 100, 3}, at(ms)); }
  void served(int ms) { rounds.heard(Served{kBob, kNotes, 2}, at(ms)); }

  /// Begun, succeeded and failed.
  [[nodiscard]] std::vector<std::uint64_t> counts() const {
    return {meters.sync_rounds.count(), meters.sync_successes.count(),
            meters.sync_failures.count()};
  }
  [[nodiscard]] auto took() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(meters.sync_time.read().sum);
  }
};

using Counts = std::vector<std::uint64_t>;

TEST_CASE("a link whose ends hold the same is a round that succeeds with the comparison") {
  Rounds alice;
  alice.up(1000);
  CHECK(alice.counts() == Counts{1, 0, 0});
  alice.compared(false, false, 1010);
  CHECK(alice.counts() == Counts{1, 1, 0});
  CHECK(alice.took() == std::chrono::milliseconds(10));
}

TEST_CASE("a round waits for what we lack, for its being merged, and for what the other lacks") {
  Rounds alice;
  alice.up(0);
  alice.compared(true, true, 10);
  alice.rounds.persisting(kNotes, 3);
  alice.in_step(20);
  alice.rounds.serving(kLink, kNotes);
  alice.served(30);
  CHECK(alice.counts() == Counts{1, 0, 0});
  alice.rounds.persisted(kNotes, 1, at(45));
  CHECK(alice.counts() == Counts{1, 1, 0});
  CHECK(alice.took() == std::chrono::milliseconds(45));
  CHECK(alice.meters.changes_received.count() == 3);
  CHECK(alice.meters.changes_served.count() == 2);
}

TEST_CASE("a device that does not come for a space is not waited for after the next comparison") {
  Rounds alice;
  alice.up(0);
  alice.compared(true, false, 10);
  CHECK(alice.counts() == Counts{1, 0, 0});
  SECTION("and what it did not take is no part of the round's time") {
    alice.compared(true, false, 30'010);
    CHECK(alice.counts() == Counts{1, 1, 0});
    CHECK(alice.took() == std::chrono::milliseconds(10));
  }
  SECTION("but one that is being sent it is") {
    alice.rounds.serving(kLink, kNotes);
    alice.compared(true, false, 30'010);
    CHECK(alice.counts() == Counts{1, 0, 0});
    alice.served(40'000);
    CHECK(alice.took() == std::chrono::milliseconds(40'000));
  }
}

TEST_CASE("a link that is lost in a round fails it, one that says goodbye does not") {
  Rounds alice;
  alice.up(0);
  SECTION("lost") {
    alice.rounds.down(kLink, Error(std::make_error_code(std::errc::connection_reset), "it ended"),
                      at(5));
    CHECK(alice.counts() == Counts{1, 0, 1});
    CHECK(alice.meters.errors.read() ==
          std::map<LabelledCounter::Values, std::uint64_t>{{{"sync", "LY-N001"}, 1}});
  }
  SECTION("goodbye") {
    const engine::DropPeer bye{kLink, wire::ByeCode::kShutdown, "the peer said goodbye"};
    alice.rounds.down(kLink, error_of(bye), at(5));
    CHECK(alice.counts() == Counts{1, 0, 0});
  }
  SECTION("lost once all was over") {
    alice.compared(false, false, 3);
    alice.rounds.down(kLink, Error(Code::kUnreachable, "no sign of life"), at(5));
    CHECK(alice.counts() == Counts{1, 1, 0});
  }
}

TEST_CASE("there is no round with a device that hangs up before it says hello") {
  Rounds alice;
  alice.rounds.up(kLink, kBob, at(0));
  alice.rounds.asked(at(1));
  alice.rounds.down(kLink, Error(Code::kUnreachable, "the link ended"), at(2));
  CHECK(alice.counts() == Counts{0, 0, 0});
}

TEST_CASE("a device that comes for a space while the two compare is not waited for") {
  Rounds alice;
  alice.up(0);
  alice.served(5);
  alice.compared(true, false, 10);
  CHECK(alice.counts() == Counts{1, 1, 0});
}

TEST_CASE("who asks begins a round with every linked device, unless one is under way") {
  Rounds alice;
  alice.rounds.asked(at(0));
  CHECK(alice.counts() == Counts{0, 0, 0});
  alice.up(0);
  alice.rounds.asked(at(1));
  CHECK(alice.counts() == Counts{1, 0, 0});
  alice.compared(false, false, 2);
  alice.rounds.asked(at(3));
  CHECK(alice.counts() == Counts{2, 1, 0});
}

TEST_CASE("comparisons and catching up between rounds are none") {
  Rounds alice;
  alice.up(0);
  alice.compared(false, false, 2);
  alice.compared(true, true, 30'000);
  alice.in_step(30'010);
  alice.served(30'020);
  CHECK(alice.counts() == Counts{1, 1, 0});
}

TEST_CASE("a space that comes in is a round, which ends if it cannot be had") {
  Rounds alice;
  alice.up(0);
  alice.compared(false, false, 2);
  alice.rounds.joining(kBob, kNotes, at(10));
  CHECK(alice.counts() == Counts{2, 1, 0});
  SECTION("had") { alice.in_step(20); }
  SECTION("left before") { alice.rounds.gone(kNotes, at(20)); }
  CHECK(alice.counts() == Counts{2, 2, 0});
}

}  // namespace
}  // namespace lanyard::agent
