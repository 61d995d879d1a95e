#include <catch2/catch.hpp>

#include "discovery/sleep_sense.hpp"
#include "discovery/supervision.hpp"
#include "tests/unit/discovery/discovery_words.hpp"

namespace {

using lanyard::Rng;
using namespace lanyard::discovery;
using namespace lanyard::discovery::testing;

constexpr Backend kDaemon = Backend::kDaemon;
constexpr Backend kCore = Backend::kEmbedded;
constexpr Report kReady{Readiness::kReady, true, {}};
constexpr Report kAsking{Readiness::kAsking, false, {}};
const Report kNoDaemon{Readiness::kNotThere, false, "the Avahi daemon is not running"};
const Report kSilentDaemon{Readiness::kSilent, false, "the Avahi daemon does not answer"};
const Condition kInItsPlace{
    State::kDegraded,
    "the Avahi daemon does not answer; Avahi's embedded core is used in its place"};

/// Both children run, and neither has said anything.
Supervision both_running(Rng& rng) {
  Supervision out(Mode::kAuto, rng);
  for (const Backend each : kBackends) out.started(each, Tick(0));
  return out;
}

/// A core that runs well, and a daemon's child that has said this.
Supervision with_daemon(const Report& report, Rng& rng) {
  Supervision out = both_running(rng);
  out.heard(kCore, kReady);
  out.heard(kDaemon, report);
  return out;
}

/// Ticks until it is to be killed; how many it took.
int ticks_until_killed(Supervision& both, Backend child) {
  int ticks = 1;
  while (!both.ticked(child)) ++ticks;
  return ticks;
}

TEST_CASE("a child that ends is started again, later each time, up to a minute") {
  ConstantRng rng(255);
  Supervision both(Mode::kEmbedded, rng);
  CHECK(both.condition() == Condition{State::kStarting, {}});
  CHECK(both.should_start(kCore, Tick(0)));
  Tick now{0};
  std::vector<std::int64_t> waits;
  for (int i = 0; i < 9; ++i) {
    both.started(kCore, now);
    CHECK_FALSE(both.should_start(kCore, now));
    both.ended(kCore, "it crashed", now);
    CHECK(both.condition() == Condition{State::kDegraded, "it crashed"});
    const Tick before = now;
    while (!both.should_start(kCore, now)) now += Tick(1);
    waits.push_back((now - before).count());
  }
  CHECK(waits ==
        std::vector<std::int64_t>{1250, 2500, 5000, 10000, 20000, 40000, 75000, 75000, 75000});
}

TEST_CASE("a child that ran for a minute before it ended is started again soon") {
  ConstantRng rng(255);
  Supervision both(Mode::kAuto, rng);
  for (int i = 0; i < 5; ++i) {
    both.started(kCore, Tick(0));
    both.ended(kCore, "", Tick(0));
  }
  both.started(kCore, Tick(100'000));
  both.ended(kCore, "", Tick(160'000));
  CHECK_FALSE(both.should_start(kCore, Tick(161'249)));
  CHECK(both.should_start(kCore, Tick(161'250)));
  CHECK(both.should_start(kDaemon, Tick(0)));  // its life is its own
}

TEST_CASE("silence of some seconds kills a child, and every word of it counts") {
  ConstantRng rng(0);
  Supervision both(Mode::kAuto, rng);
  for (const Backend each : kBackends) {
    CHECK_FALSE(both.ticked(each));  // nobody is there
    both.started(each, Tick(0));
    for (int i = 0; i < 100; ++i) {
      for (int tick = 1; tick < ChildLife::kSilentTicksMax; ++tick) CHECK_FALSE(both.ticked(each));
      both.alive(each);
    }
    CHECK(ticks_until_killed(both, each) == ChildLife::kSilentTicksMax);
  }
}

TEST_CASE("who waits for a daemon that hangs is waited for, unlike who hangs by itself") {
  ConstantRng rng(0);
  const auto killed_after = [&](const Report& last) {
    Supervision both = with_daemon(last, rng);
    return ticks_until_killed(both, kDaemon);
  };
  CHECK(killed_after(kReady) == ChildLife::kCallTicksMax);
  CHECK(killed_after(kAsking) == ChildLife::kCallTicksMax);
  CHECK(killed_after(kNoDaemon) == ChildLife::kSilentTicksMax);
  CHECK(killed_after(kSilentDaemon) == ChildLife::kSilentTicksMax);
  Supervision both = with_daemon(kNoDaemon, rng);
  CHECK(ticks_until_killed(both, kCore) == ChildLife::kSilentTicksMax);
}

TEST_CASE("the daemon is used as soon as it is ready, the core at all other times") {
  ConstantRng rng(0);
  Supervision both = both_running(rng);
  CHECK(both.used() == std::nullopt);  // a machine with a daemon has no second responder
  CHECK(both.condition() == Condition{State::kStarting, {}});
  both.heard(kCore, kReady);
  both.heard(kDaemon, kAsking);
  CHECK(both.used() == std::nullopt);
  both.heard(kDaemon, kNoDaemon);
  CHECK(both.used() == kCore);
  CHECK(both.condition() == Condition{State::kEmbedded, {}});
  both.heard(kDaemon, kAsking);
  CHECK(both.used() == kCore);
  both.heard(kDaemon, kReady);
  CHECK(both.used() == kDaemon);
  CHECK(both.condition() == Condition{State::kDaemon, {}});
  both.heard(kDaemon, kAsking);
  CHECK(both.used() == kDaemon);  // until the answer
  both.ended(kDaemon, "it crashed", Tick(0));
  CHECK(both.used() == kCore);
  CHECK(both.condition() == Condition{State::kEmbedded, {}});
}

TEST_CASE("the core begins when the daemon's child has no first word to say") {
  ConstantRng rng(0);
  Supervision both = both_running(rng);
  both.heard(kDaemon, kAsking);
  static_cast<void>(both.ticked(kDaemon));
  CHECK(both.used() == std::nullopt);
  static_cast<void>(both.ticked(kDaemon));
  CHECK(both.used() == kCore);
}

TEST_CASE("a daemon that falls silent is replaced, and used again when it answers") {
  ConstantRng rng(0);
  Supervision both = with_daemon(kReady, rng);
  for (int tick = 1; tick < ChildLife::kSilentTicksMax; ++tick)
    static_cast<void>(both.ticked(kDaemon));
  CHECK(both.used() == kDaemon);
  static_cast<void>(both.ticked(kDaemon));
  CHECK(both.used() == kCore);
  CHECK(both.condition() == kInItsPlace);
  both.heard(kDaemon, kSilentDaemon);  // its call has come back
  CHECK(both.used() == kCore);
  CHECK(both.condition() == kInItsPlace);
  both.heard(kDaemon, kAsking);
  CHECK(both.condition() == kInItsPlace);
  both.heard(kDaemon, kReady);
  CHECK(both.condition() == Condition{State::kDaemon, {}});
}

TEST_CASE("a hang without the daemon is not blamed on it") {
  ConstantRng rng(0);
  Supervision both = with_daemon(kNoDaemon, rng);
  ticks_until_killed(both, kCore);
  both.ended(kCore, "it was silent", Tick(6000));
  CHECK(both.condition() == Condition{State::kDegraded, "it was silent"});
}

TEST_CASE("the mode decides which children there are") {
  ConstantRng rng(0);
  const auto wants = [&](Mode mode) {
    const Supervision both(mode, rng);
    return std::pair{both.should_start(kDaemon, Tick(0)), both.should_start(kCore, Tick(0))};
  };
  CHECK(wants(Mode::kAuto) == std::pair{true, true});
  CHECK(wants(Mode::kAvahi) == std::pair{true, false});
  CHECK(wants(Mode::kEmbedded) == std::pair{false, true});
  CHECK(wants(Mode::kOff) == std::pair{false, false});
  CHECK(Supervision(Mode::kOff, rng).condition() == Condition{State::kOff, {}});
  CHECK(Supervision(Mode::kOff, rng).used() == std::nullopt);
}

TEST_CASE("what is wrong is said until it is right again") {
  ConstantRng rng(0);
  Supervision both(Mode::kAvahi, rng);
  both.started(kDaemon, Tick(0));
  CHECK(both.condition() == Condition{State::kStarting, {}});
  both.heard(kDaemon, kNoDaemon);
  CHECK(both.used() == std::nullopt);
  CHECK(both.condition() == Condition{State::kDegraded, "the Avahi daemon is not running"});
  both.heard(kDaemon, kReady);
  CHECK(both.condition() == Condition{State::kDaemon, {}});
  both.ended(kDaemon, "it crashed", Tick(0));
  both.started(kDaemon, Tick(1000));
  CHECK(both.condition() == Condition{State::kDegraded, "it crashed"});  // not heard of yet
  both.heard(kDaemon, kReady);
  CHECK(both.condition() == Condition{State::kDaemon, {}});
}

TEST_CASE("sleep is noticed by the clock that went on") {
  SleepSense sense;
  CHECK_FALSE(sense.has_slept(Tick(500'000), Tick(100'000)));  // slept before the agent began
  CHECK_FALSE(sense.has_slept(Tick(503'000), Tick(103'000)));
  CHECK_FALSE(sense.has_slept(Tick(507'999), Tick(106'000)));
  CHECK(sense.has_slept(Tick(900'000), Tick(109'000)));
  CHECK_FALSE(sense.has_slept(Tick(903'000), Tick(112'000)));
}

}  // namespace
