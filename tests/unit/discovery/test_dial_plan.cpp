#include <catch2/catch.hpp>

#include "tests/unit/discovery/discovery_words.hpp"

namespace {

using namespace lanyard::discovery;
using namespace lanyard::discovery::testing;
using Addresses = std::vector<std::string>;

const lanyard::DeviceId kPi = a_device(1);
const lanyard::DeviceId kDesktop = a_device(2);
constexpr Tick kLater{1000};

/// Of somebody who misses a device that is nowhere.
struct APlan {
  APlan() { plan.welcome(a_device(250), Tick(0)); }
  ConstantRng rng{255};
  DialPlan plan{rng};
};

TEST_CASE("an address that fails is called again, later each time, up to a minute") {
  APlan a;
  a.plan.add("10.0.0.2:1", Source::kStatic, std::nullopt, Tick(0));
  Tick now{0};
  std::vector<std::int64_t> waits;
  for (int i = 0; i < 9; ++i) {
    REQUIRE(a.plan.due(now) == Addresses{"10.0.0.2:1"});
    CHECK(a.plan.due(now).empty());  // it is being dialled
    CHECK_FALSE(a.plan.next());
    a.plan.failed("10.0.0.2:1", now);
    waits.push_back((*a.plan.next() - now).count());
    now = *a.plan.next();
  }
  CHECK(waits ==
        std::vector<std::int64_t>{1250, 2500, 5000, 10000, 20000, 40000, 75000, 75000, 75000});
}

TEST_CASE("the addresses of one device are called one after the other, the best source first") {
  APlan a;
  a.plan.add("c:1", Source::kTold, kPi, Tick(0));
  a.plan.add("b:1", Source::kStatic, kPi, Tick(0));
  a.plan.add("d:1", Source::kKnown, kPi, Tick(0));
  a.plan.add("e:1", Source::kKnown, kDesktop, Tick(0));
  CHECK(a.plan.due(Tick(0)) == Addresses{"d:1", "e:1"});
  CHECK_FALSE(a.plan.next());
  a.plan.failed("d:1", Tick(0));
  CHECK(a.plan.due(Tick(0)) == Addresses{"b:1"});
  a.plan.failed("b:1", Tick(0));
  CHECK(a.plan.due(Tick(0)) == Addresses{"c:1"});
  a.plan.failed("c:1", Tick(0));
  CHECK(a.plan.due(Tick(0)).empty());
  CHECK(a.plan.due(Tick(1250)) == Addresses{"d:1"});
}

TEST_CASE("the addresses of one instance are called one after the other") {
  APlan a;
  a.plan.sighted("10.0.0.2:1", "x", Tick(0));
  a.plan.sighted("[fd00::2]:1", "x", Tick(0));
  a.plan.sighted("10.0.0.3:1", "y", Tick(0));
  CHECK(a.plan.due(kLater) == Addresses{"10.0.0.2:1", "10.0.0.3:1"});
  a.plan.failed("10.0.0.2:1", kLater);
  CHECK(a.plan.due(kLater) == Addresses{"[fd00::2]:1"});
}

TEST_CASE("a device that is linked is not called, wherever it was met") {
  APlan a;
  a.plan.add("10.0.0.2:1", Source::kKnown, kPi, Tick(0));
  a.plan.sighted("[fd00::2]:1", "x", Tick(0));
  REQUIRE(a.plan.due(Tick(0)) == Addresses{"10.0.0.2:1"});
  a.plan.linked(kPi, "10.0.0.2:1", Tick(0));
  // Nobody knows who is at the other address until it has answered once.
  REQUIRE(a.plan.due(kLater) == Addresses{"[fd00::2]:1"});
  a.plan.answered("[fd00::2]:1", kPi, false);
  a.plan.failed("[fd00::2]:1", kLater);
  CHECK_FALSE(a.plan.next());
  CHECK(a.plan.due(Tick(10'000'000)).empty());
  a.plan.unlinked(kPi, kLater);
  CHECK(a.plan.due(kLater + Tick(312)) == Addresses{"10.0.0.2:1"});
}

TEST_CASE("who called us is not called back, and is after the link is gone") {
  APlan a;
  a.plan.add("10.0.0.2:1", Source::kKnown, kPi, Tick(0));
  a.plan.linked(kPi, "", Tick(0));
  CHECK_FALSE(a.plan.next());
  a.plan.unlinked(kPi, Tick(0));
  CHECK(a.plan.next() == Tick(312));
}

TEST_CASE("a device whose links do not last is called again later each time, until one does") {
  APlan a;
  a.plan.add("10.0.0.2:1", Source::kKnown, kPi, Tick(0));
  Tick now{0};
  const auto pause_after = [&](Tick lasts) {
    a.plan.linked(kPi, "", now);
    now += lasts;
    a.plan.unlinked(kPi, now);
    return (*a.plan.next() - now).count();
  };
  for (const std::int64_t pause : {312, 625, 1250, 2500, 5000, 10000, 10000})
    CHECK(pause_after(kLater) == pause);
  CHECK(pause_after(DialPlan::kLasting) == 312);
  a.plan.linked(kPi, "", now);
  a.plan.unlinked(kPi, now);
  a.plan.again_soon(now);
  CHECK(*a.plan.next() - now == Tick(312));
}

TEST_CASE("a stranger is left alone until another sighting comes, or it becomes known") {
  APlan a;
  const auto meet_stranger = [&](Tick now) {
    REQUIRE(a.plan.due(now) == Addresses{"10.0.0.2:1"});
    a.plan.answered("10.0.0.2:1", kPi, true);
    a.plan.failed("10.0.0.2:1", now);
  };
  a.plan.sighted("10.0.0.2:1", "x", Tick(0));
  meet_stranger(kLater);
  // It is seen again, comes and goes, the network changes: nothing new.
  a.plan.sighted("10.0.0.2:1", "x", kLater);
  a.plan.withdraw("10.0.0.2:1", Source::kSighted, kLater);
  a.plan.sighted("10.0.0.2:1", "x", kLater);
  a.plan.again_soon(kLater);
  CHECK(*a.plan.next() > kLater + Tick(60 * 60'000));
  SECTION("another instance") {
    a.plan.sighted("10.0.0.2:1", "y", Tick(5000));
    meet_stranger(Tick(6000));
  }
  SECTION("it becomes known") {
    a.plan.welcome(kPi, Tick(5000));
    CHECK(a.plan.due(Tick(5000)) == Addresses{"10.0.0.2:1"});
  }
  SECTION("another device becomes known") {
    a.plan.welcome(kDesktop, Tick(5000));
    CHECK(a.plan.due(Tick(5000)).empty());
  }
}

TEST_CASE("a device that does not know us is called less and less often, until it is welcome") {
  APlan a;
  a.plan.add("a:1", Source::kKnown, kPi, Tick(0));
  const auto calls = [&](Tick from, Tick to) {
    int count = 0;
    for (Tick now = from; now < to; now += Tick(250)) {
      if (a.plan.due(now).empty()) continue;
      ++count;
      a.plan.linked(kPi, "a:1", now);
      a.plan.refused(kPi, now);
    }
    return count;
  };
  CHECK(calls(Tick(0), Tick(60'000)) <= 8);
  static_cast<void>(calls(Tick(60'000), Tick(60 * 60'000)));
  CHECK(calls(Tick(60 * 60'000), Tick(120 * 60'000)) <= 10);
  a.plan.welcome(kPi, Tick(121 * 60'000));
  a.plan.hurry(kPi, Tick(121 * 60'000));
  CHECK(calls(Tick(121 * 60'000), Tick(121 * 60'000 + 10'000)) >= 3);
}

TEST_CASE("an address where a stranger answered is called again as soon as that can help") {
  APlan a;
  a.plan.add("a:1", Source::kKnown, kPi, Tick(0));
  a.plan.add("b:1", Source::kKnown, kPi, Tick(0));
  const auto a_stranger_answers = [&](const std::string& address, Tick now) {
    a.plan.answered(address, kDesktop, true);
    a.plan.failed(address, now);
  };
  REQUIRE(a.plan.due(Tick(0)) == Addresses{"a:1"});
  a_stranger_answers("a:1", Tick(0));
  REQUIRE(a.plan.due(Tick(0)) == Addresses{"b:1"});
  SECTION("not by itself, while there is another one to try") {
    a.plan.failed("b:1", Tick(0));
    for (Tick now{0}; now < Tick(30 * 60'000); now += Tick(1000)) {
      for (const std::string& each : a.plan.due(now)) {
        CHECK(each == "b:1");
        a.plan.failed(each, now);
      }
    }
  }
  SECTION("when the network changes") {
    a.plan.failed("b:1", Tick(0));
    a.plan.again_soon(Tick(0));
    CHECK(a.plan.due(kLater) == Addresses{"a:1"});
  }
  SECTION("when a person asks") {
    a.plan.failed("b:1", Tick(0));
    a.plan.hurry(kPi, Tick(1));
    CHECK(a.plan.due(Tick(1)) == Addresses{"a:1"});
  }
  SECTION("when there is no better one, as if nobody had answered") {
    a_stranger_answers("b:1", Tick(0));
    CHECK(a.plan.next() == Tick(1250));
  }
  SECTION("not while the device is linked") {
    a.plan.linked(kPi, "b:1", Tick(0));
    CHECK(a.plan.due(Tick(30 * 60'000)).empty());
  }
}

TEST_CASE("the only address of a device is called, whoever was met there") {
  APlan a;
  const auto waits = [&] {
    std::vector<std::int64_t> out;
    Tick now = *a.plan.next();
    for (int i = 0; i < 8; ++i) {
      REQUIRE(a.plan.due(now) == Addresses{"a:1"});
      a.plan.answered("a:1", kDesktop, true);
      a.plan.failed("a:1", now);
      out.push_back((*a.plan.next() - now).count());
      now = *a.plan.next();
    }
    return out;
  };
  const std::vector<std::int64_t> later_each_time = {1250,  2500,  5000,  10000,
                                                     20000, 40000, 75000, 75000};
  SECTION("where it was reached before") {
    a.plan.add("a:1", Source::kKnown, kPi, Tick(0));
    CHECK(waits() == later_each_time);
  }
  SECTION("where a common peer says that it is") {
    a.plan.add("a:1", Source::kTold, kPi, Tick(0));
    CHECK(waits() == later_each_time);
  }
  SECTION("one that a person has configured") {
    a.plan.add("a:1", Source::kStatic, std::nullopt, Tick(0));
    CHECK(waits() == later_each_time);
  }
}

TEST_CASE("a device is looked for where another one took its address and is linked") {
  APlan a;
  a.plan.add("a:1", Source::kKnown, kPi, Tick(0));
  REQUIRE(a.plan.due(Tick(0)) == Addresses{"a:1"});
  a.plan.linked(kDesktop, "a:1", Tick(0));
  SECTION("seldom by itself") {
    CHECK(a.plan.due(kLater) == Addresses{"a:1"});
    a.plan.answered("a:1", kDesktop, false);
    a.plan.failed("a:1", kLater);
    CHECK(*a.plan.next() > kLater);
  }
  SECTION("at once when a person asks") {
    a.plan.hurry(kPi, Tick(1));
    CHECK(a.plan.due(Tick(1)) == Addresses{"a:1"});
  }
  SECTION("not if it has another address") {
    a.plan.add("b:1", Source::kKnown, kPi, Tick(0));
    CHECK(a.plan.due(kLater) == Addresses{"b:1"});
  }
}

TEST_CASE("a person who asks for a device has all its addresses tried, the best source first") {
  APlan a;
  a.plan.add("c:1", Source::kTold, kPi, Tick(0));
  a.plan.add("s:1", Source::kStatic, std::nullopt, Tick(0));
  a.plan.add("k:1", Source::kKnown, kPi, Tick(0));
  a.plan.add("other:1", Source::kKnown, kDesktop, Tick(0));
  a.plan.sighted("seen:1", "x", Tick(0));
  a.plan.answered("seen:1", kPi, false);
  CHECK(a.plan.everywhere(kPi) == Addresses{"k:1", "seen:1", "s:1", "c:1"});
  a.plan.calling("k:1");
  CHECK(a.plan.due(kLater) == Addresses{"other:1", "s:1"});  // one at a time, as ever
}

TEST_CASE("hints are called at a bounded rate, known addresses at once") {
  APlan a;
  for (int i = 0; i < 200; ++i)
    a.plan.sighted("10.0.1." + std::to_string(i) + ":1", "x" + std::to_string(i), Tick(0));
  const auto first = a.plan.due(kLater);
  CHECK(first.size() == DialPlan::kHintBurst);
  for (const std::string& address : first) a.plan.failed(address, kLater);
  a.plan.add("10.0.0.2:1", Source::kKnown, kPi, kLater);
  CHECK(a.plan.due(kLater) == Addresses{"10.0.0.2:1"});
  CHECK(a.plan.due(kLater).empty());
  std::size_t dialled = 0;
  for (Tick now = kLater; now < kLater + Tick(10'000); now += Tick(50))
    dialled += a.plan.due(now).size();
  CHECK(dialled <= 20);
  CHECK(dialled >= 19);
  CHECK(*a.plan.next() <= kLater + Tick(10'000) + DialPlan::kHintEvery);
}

TEST_CASE("many that have answered before are all called once they are known") {
  APlan a;
  const auto address = [](std::uint8_t number) {
    return "10.0.1." + std::to_string(number) + ":1";
  };
  constexpr std::uint8_t kMany = 5 * DialPlan::kHintBurst;
  for (std::uint8_t i = 0; i < kMany; ++i)
    a.plan.sighted(address(i), "x" + std::to_string(i), Tick(0));
  for (Tick now{0}; now < Tick(60'000); now += Tick(50)) {
    for (const std::string& each : a.plan.due(now)) {
      const auto number = static_cast<std::uint8_t>(std::stoi(each.substr(each.rfind('.') + 1)));
      a.plan.answered(each, a_device(number), true);
      a.plan.failed(each, now);
    }
  }
  // They have become members of one space.
  const Tick now{60'000};
  for (std::uint8_t i = 0; i < kMany; ++i) a.plan.welcome(a_device(i), now);
  SECTION("at once") { CHECK(a.plan.due(now).size() == kMany); }
  SECTION("but not where somebody else says to be since") {
    for (std::uint8_t i = 0; i < kMany; ++i)
      a.plan.sighted(address(i), "y" + std::to_string(i), now);
    CHECK(a.plan.due(now + Tick(1000)).size() <= DialPlan::kHintBurst);
  }
}

TEST_CASE("a sighting that is gone is not called; one that comes and goes does not start anew") {
  APlan a;
  a.plan.sighted("10.0.0.2:1", "x", Tick(0));
  for (int i = 0; i < 5; ++i) {
    const Tick now = *a.plan.next();
    REQUIRE(a.plan.due(now) == Addresses{"10.0.0.2:1"});
    a.plan.failed("10.0.0.2:1", now);
    a.plan.withdraw("10.0.0.2:1", Source::kSighted, now);
    CHECK_FALSE(a.plan.next());
    a.plan.sighted("10.0.0.2:1", "x", now);
    CHECK(*a.plan.next() - now == Tick(1250) * (1 << i));
  }
}

TEST_CASE("what was withdrawn is forgotten in the end, and never fills the memory") {
  APlan a;
  const auto see = [&](int first, int end) {
    for (int i = first; i < end; ++i) {
      const std::string address = "10.0.0.1:" + std::to_string(i + 1);
      a.plan.sighted(address, "x" + std::to_string(i), Tick(i));
      a.plan.withdraw(address, Source::kSighted, Tick(i));
    }
    return a.plan.size();
  };
  constexpr int kMax = DialPlan::kLingeringMax;
  CHECK(see(0, kMax) == kMax);
  CHECK(see(kMax, kMax + 1) == kMax);
  CHECK(see(kMax + 1, 5000) == kMax);
  a.plan.sighted("10.0.0.2:1", "y", Tick(5000) + DialPlan::kLinger);
  CHECK(a.plan.size() == 1);
}

TEST_CASE("an address with two sources is called until neither is left") {
  APlan a;
  a.plan.add("10.0.0.2:1", Source::kKnown, kPi, Tick(0));
  a.plan.sighted("10.0.0.2:1", "x", Tick(0));
  a.plan.withdraw("10.0.0.2:1", Source::kSighted, Tick(0));
  CHECK(a.plan.next());
  a.plan.withdraw("10.0.0.2:1", Source::kKnown, Tick(0));
  CHECK_FALSE(a.plan.next());
}

TEST_CASE("a forgotten device is not called any more, though it is seen") {
  APlan a;
  a.plan.add("10.0.0.2:1", Source::kKnown, kPi, Tick(0));
  a.plan.sighted("10.0.0.2:1", "x", Tick(0));
  REQUIRE(a.plan.due(Tick(0)) == Addresses{"10.0.0.2:1"});
  a.plan.linked(kPi, "10.0.0.2:1", Tick(0));
  a.plan.remove(kPi, Tick(0));
  CHECK(a.plan.next() == DialPlan::kStrangerRetry);
  a.plan.welcome(kPi, Tick(5));
  CHECK(a.plan.due(Tick(5)) == Addresses{"10.0.0.2:1"});
}

TEST_CASE("after a sleep or a change of the network everything is called again within a second") {
  APlan a;
  a.plan.add("a:1", Source::kKnown, kPi, Tick(0));
  a.plan.add("b:1", Source::kStatic, std::nullopt, Tick(0));
  for (int i = 0; i < 8; ++i) {
    const Tick now = Tick(100'000) * i;
    for (const std::string& address : a.plan.due(now)) a.plan.failed(address, now);
  }
  const Tick now{750'000};
  CHECK(*a.plan.next() > now + Tick(10'000));
  a.plan.again_soon(now);
  CHECK(a.plan.due(now + Tick(1000)) == Addresses{"a:1", "b:1"});
  a.plan.failed("a:1", now);
  CHECK(*a.plan.next() == now + Tick(1250));
}

TEST_CASE("a device that a person asks for is called at once") {
  APlan a;
  a.plan.add("a:1", Source::kKnown, kPi, Tick(0));
  REQUIRE(a.plan.due(Tick(0)).size() == 1);
  a.plan.failed("a:1", Tick(0));
  a.plan.hurry(kPi, Tick(1));
  CHECK(a.plan.due(Tick(1)) == Addresses{"a:1"});
}

TEST_CASE("an address where another device answers belongs to that one") {
  APlan a;
  a.plan.add("a:1", Source::kKnown, kPi, Tick(0));
  a.plan.add("b:1", Source::kKnown, kPi, Tick(0));
  REQUIRE(a.plan.due(Tick(0)) == Addresses{"a:1"});
  a.plan.linked(kDesktop, "a:1", Tick(0));
  a.plan.linked(kPi, "b:1", Tick(0));
  CHECK_FALSE(a.plan.next());
  a.plan.unlinked(kDesktop, Tick(0));
  CHECK(a.plan.due(kLater) == Addresses{"a:1"});
}

}  // namespace
