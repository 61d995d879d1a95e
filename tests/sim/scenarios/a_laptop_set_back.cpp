#include "tests/sim/scenarios/story.hpp"

namespace lanyard::sim {

using Texts = std::vector<std::string>;
using MarkAfter = support::MemoryStore::MarkAfter;

// A laptop whose data folder is put back from last week's backup. Its own log went on since then,
// and the others hold what it wrote: if it went on with that log now, two changes would bear one
// number. Its mark, which no backup holds, tells; it begins a new log, and gets back what it lost.
SCENARIO("a laptop that was restored from a backup loses nothing and gives no number twice") {
  GIVEN("a backup of the laptop, and a note that it wrote after that") {
    Story story;
    story.write(kLaptop, "last week");
    const World::Copies backup = story.world.copy_of(kLaptop);
    story.write(kLaptop, "this week");
    story.world.pass(5 * kSecond);
    const std::size_t logs = story.holds(kPi).size();

    WHEN("the backup is put back, and the laptop writes before it meets anyone") {
      story.separate(kLaptop, kDesktop);
      story.separate(kLaptop, kPi);
      story.world.restore(kLaptop, backup, MarkAfter::kOfThisStore);
      story.world.device(kLaptop).switch_on();
      REQUIRE(story.reads(kLaptop) == Texts{"\"last week\""});
      story.write(kLaptop, "after the restore");
      story.join(kLaptop, kDesktop);
      story.join(kLaptop, kPi);
      story.world.pass(60 * kSecond);
      THEN("both are there everywhere: what it had lost, and what it wrote since, in a new log") {
        CHECK(story.reads(kLaptop) == Texts{"\"after the restore\"", "\"this week\""});
        CHECK(story.reads(kPi) == story.reads(kLaptop));
        CHECK(story.holds(kPi).size() == logs + 1);
        CHECK(story.world.verdict() == "");
      }
    }
    WHEN("the whole machine is set back, its marks too, and it meets the Pi before it writes") {
      story.separate(kLaptop, kDesktop);
      story.world.restore(kLaptop, backup, MarkAfter::kOfTheCopy);
      story.world.device(kLaptop).switch_on();
      story.world.pass(20 * kSecond);
      THEN("the Pi has shown it what it wrote, and it does not go on with that log") {
        CHECK(story.reads(kLaptop) == Texts{"\"this week\""});
        story.write(kLaptop, "after the snapshot");
        story.join(kLaptop, kDesktop);
        story.world.pass(60 * kSecond);
        CHECK(story.reads(kDesktop) == Texts{"\"after the snapshot\""});
        CHECK(story.holds(kPi).size() == logs + 1);
        CHECK(story.world.verdict() == "");
      }
    }
  }
}

// The data folder of a desktop is copied to another machine, and both are used: one identity, two
// stores. They cannot link with each other, and meet through the Pi.
SCENARIO("two machines with copies of one data folder write two logs, and hold the same") {
  GIVEN("a note, and a second machine with a copy of the desktop's folder") {
    Story story;
    story.write(kDesktop, "milk");
    story.world.pass(2 * kSecond);
    const std::size_t logs = story.holds(kPi).size();
    const DeviceNumber twin = story.world.clone(kDesktop);

    WHEN("both write while they meet nobody, and then meet the Pi") {
      for (const DeviceNumber each : {kDesktop, twin}) {
        story.separate(each, kPi);
        story.separate(each, kLaptop);
      }
      story.write(kDesktop, "milk, bread");
      story.write(twin, "milk, eggs");
      CHECK(story.reads(kDesktop) == Texts{"\"milk, bread\""});
      for (const DeviceNumber each : {kDesktop, twin}) story.join(each, kPi);
      story.world.pass(90 * kSecond);
      THEN("both versions are in every inbox, and no number was given twice") {
        const Texts both{"\"milk, eggs\"", "\"milk, bread\""};
        for (const DeviceNumber each : {kLaptop, kDesktop, kPi, twin})
          CHECK(story.reads(each) == both);
        CHECK(story.holds(kPi).size() == logs + 1);
        CHECK(story.world.verdict() == "");
      }
    }
  }
}

}  // namespace lanyard::sim
