#include <catch2/catch.hpp>

#include "discovery/sleep_sense.hpp"
#include "discovery/supervision.hpp"
#include "tests/unit/discovery/discovery_words.hpp"

namespace {

using namespace lanyard::discovery;
using namespace lanyard::discovery::testing;

constexpr Report kWithDaemon{Backend::kDaemon, true, {}};
constexpr Report kEmbedded{Backend::kEmbedded, true, {}};

/// Ticks until it is to be killed; how many it took.
int ticks_until_killed(Supervision& child) {
  int ticks = 1;
  while (!child.ticked()) ++ticks;
  return ticks;
}

TEST_CASE("a child that ends is started again, later each time, up to a minute") {
  ConstantRng rng(255);
  Supervision child(Mode::kAuto, rng);
  CHECK(child.condition() == Condition{State::kStarting, {}});
  CHECK(child.should_start(Tick(0)));
  Tick now{0};
  std::vector<std::int64_t> waits;
  for (int i = 0; i < 9; ++i) {
    child.started(now);
    CHECK_FALSE(child.should_start(now));
    child.ended("it crashed", now);
    CHECK(child.condition() == Condition{State::kDegraded, "it crashed"});
    const Tick before = now;
    while (!child.should_start(now)) now += Tick(1);
    waits.push_back((now - before).count());
  }
  CHECK(waits ==
        std::vector<std::int64_t>{1250, 2500, 5000, 10000, 20000, 40000, 75000, 75000, 75000});
}

TEST_CASE("a child that ran for a minute before it ended is started again soon") {
  ConstantRng rng(255);
  Supervision child(Mode::kEmbedded, rng);
  for (int i = 0; i < 5; ++i) {
    child.started(Tick(0));
    child.ended("", Tick(0));
  }
  child.started(Tick(100'000));
  child.ended("", Tick(160'000));
  CHECK_FALSE(child.should_start(Tick(161'249)));
  CHECK(child.should_start(Tick(161'250)));
}

TEST_CASE("silence of some seconds kills a child, and every word of it counts") {
  ConstantRng rng(0);
  Supervision child(Mode::kEmbedded, rng);
  CHECK_FALSE(child.ticked());  // nobody is there
  child.started(Tick(0));
  for (int i = 0; i < 100; ++i) {
    for (int tick = 1; tick < Supervision::kSilentTicksMax; ++tick) CHECK_FALSE(child.ticked());
    child.alive();
  }
  CHECK(ticks_until_killed(child) == Supervision::kSilentTicksMax);
}

TEST_CASE("a hang in the daemon is followed by a life without it") {
  ConstantRng rng(255);
  Supervision child(Mode::kAuto, rng);
  child.started(Tick(0));
  CHECK(child.may_use_daemon(Tick(0)));
  child.heard(kWithDaemon, Tick(0));
  CHECK(child.condition() == Condition{State::kDaemon, {}});
  ticks_until_killed(child);
  child.ended("it was silent", Tick(6000));
  CHECK(child.condition().state == State::kDegraded);
  child.started(Tick(8000));
  child.heard(kEmbedded, Tick(8000));
  CHECK(child.condition() ==
        Condition{State::kDegraded,
                  "the Avahi daemon does not answer; Avahi's embedded core is used in its place"});
  CHECK_FALSE(child.may_use_daemon(Tick(80'999)));
  CHECK(child.may_use_daemon(Tick(81'000)));
  child.heard(kWithDaemon, Tick(82'000));
  CHECK(child.condition() == Condition{State::kDaemon, {}});
}

TEST_CASE("a daemon that hangs again and again is asked less and less often") {
  ConstantRng rng(255);
  Supervision child(Mode::kAuto, rng);
  std::vector<std::int64_t> waits;
  Tick now{0};
  for (int i = 0; i < 6; ++i) {
    child.started(now);
    child.heard({Backend::kAskingDaemon, false, {}}, now);
    ticks_until_killed(child);
    child.ended("it was silent", now);
    const Tick before = now;
    while (!child.may_use_daemon(now)) now += Tick(1000);
    waits.push_back((now - before).count());
  }
  CHECK(waits ==
        std::vector<std::int64_t>{75'000, 150'000, 300'000, 600'000, 1'125'000, 1'125'000});
}

TEST_CASE("a hang without the daemon is not blamed on it") {
  ConstantRng rng(0);
  Supervision child(Mode::kAuto, rng);
  child.started(Tick(0));
  child.heard(kEmbedded, Tick(0));
  ticks_until_killed(child);
  child.ended("it was silent", Tick(6000));
  CHECK(child.may_use_daemon(Tick(6000)));
  CHECK(child.condition() == Condition{State::kDegraded, "it was silent"});
}

TEST_CASE("the mode decides which backends may be used") {
  ConstantRng rng(0);
  const auto uses = [&](Mode mode) {
    const Supervision child(mode, rng);
    return std::pair{child.may_use_daemon(Tick(0)), child.may_use_embedded()};
  };
  CHECK(uses(Mode::kAuto) == std::pair{true, true});
  CHECK(uses(Mode::kAvahi) == std::pair{true, false});
  CHECK(uses(Mode::kEmbedded) == std::pair{false, true});
  CHECK(uses(Mode::kOff) == std::pair{false, false});
  const Supervision off(Mode::kOff, rng);
  CHECK_FALSE(off.should_start(Tick(0)));
  CHECK(off.condition() == Condition{State::kOff, {}});
}

TEST_CASE("what is wrong is said until it is right again") {
  ConstantRng rng(0);
  Supervision child(Mode::kAvahi, rng);
  child.started(Tick(0));
  CHECK(child.condition() == Condition{State::kStarting, {}});
  child.heard({Backend::kNone, false, "the Avahi daemon is not running"}, Tick(0));
  CHECK(child.condition() == Condition{State::kDegraded, "the Avahi daemon is not running"});
  child.heard(kWithDaemon, Tick(0));
  CHECK(child.condition() == Condition{State::kDaemon, {}});
  child.ended("it crashed", Tick(0));
  child.started(Tick(1000));
  CHECK(child.condition() == Condition{State::kDegraded, "it crashed"});  // not heard of yet
  child.heard(kWithDaemon, Tick(1000));
  CHECK(child.condition() == Condition{State::kDaemon, {}});
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
