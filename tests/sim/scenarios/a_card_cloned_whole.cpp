#include "tests/sim/scenarios/story.hpp"

namespace lanyard::sim {

using MarkAfter = support::MemoryStore::MarkAfter;

// The card of a Pi is copied as it is, state folder and all, and both cards are used. Neither
// machine can know of the other: both go on with one log, and two changes bear one number. Whoever
// sees both can prove it, and then everybody shows it, and nothing of either card is gone.
SCENARIO("a card that was cloned whole forks, and every device shows it and holds both branches") {
  GIVEN("a note, a copy of the Pi's whole card, and a note at each of the two that nobody sees") {
    Story story;
    story.write(kPi, "milk");
    story.world.pass(2 * kSecond);
    const DeviceNumber twin = story.world.clone(kPi, MarkAfter::kOfTheCopy);
    const auto all = {kLaptop, kDesktop, kPi, twin};
    for (const DeviceNumber each : {kPi, twin}) {
      story.separate(each, kLaptop);
      story.separate(each, kDesktop);
    }
    story.write(kPi, "milk, bread");
    story.write(twin, "milk, eggs");

    WHEN("one meets the laptop, and the other the desktop") {
      story.join(kPi, kLaptop);
      story.join(twin, kDesktop);
      story.world.pass(90 * kSecond);
      THEN("everybody holds the same proof, with what was written at both") {
        const auto& forks = story.forks(kLaptop);
        REQUIRE(forks.size() == 1);
        const oplog::Fork& fork = forks.begin()->second;
        for (const DeviceNumber each : all) CHECK(story.forks(each) == forks);
        CHECK(contains(fork.first, "milk, bread") != contains(fork.second, "milk, bread"));
        CHECK(contains(fork.first, "milk, eggs") != contains(fork.second, "milk, eggs"));
        CHECK(contains(fork.first, "milk, eggs") == contains(fork.second, "milk, bread"));
      }
      THEN("both go on in logs of their own, and what they write comes to everybody") {
        const std::size_t logs = story.holds(kLaptop).size();
        story.write(kPi, "at the Pi");
        story.world.pass(60 * kSecond);
        story.write(twin, "at its twin");
        story.world.pass(60 * kSecond);
        for (const DeviceNumber each : all) {
          CHECK(story.reads(each).front() == "\"at its twin\"");
          CHECK(story.holds(each).size() == logs + 2);
        }
      }
    }
  }
}

}  // namespace lanyard::sim
