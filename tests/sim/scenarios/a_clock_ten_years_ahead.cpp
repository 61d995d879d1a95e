#include "tests/sim/scenarios/story.hpp"

namespace lanyard::sim {

using Texts = std::vector<std::string>;

// A desktop whose battery died thinks it is ten years later. Its changes are as good as any other.
// Of two values that have not seen each other the one with the later stamp is shown, so its value
// wins that; but it wins only until the next person edits, who has seen it. And it does not drag
// the others' clocks along.
SCENARIO("a clock ten years ahead wins once, and only what nobody had seen") {
  GIVEN("a desktop that lives ten years ahead") {
    Story story;
    story.world.device(kDesktop).wall_ahead =
        Schedule::Milliseconds{10} * 365 * 24 * 3600 * kSecond;

    WHEN("laptop and desktop change the same note without knowing of each other") {
      story.separate(kLaptop, kDesktop);
      story.separate(kDesktop, kPi);
      story.write(kDesktop, "from the future");
      story.world.pass(10 * kSecond);
      story.write(kLaptop, "from today");  // in truth the later one
      story.join(kLaptop, kDesktop);
      story.join(kDesktop, kPi);
      story.world.pass(60 * kSecond);

      THEN("the future is shown everywhere, and today waits in every inbox") {
        for (const DeviceNumber at : {kLaptop, kDesktop, kPi})
          CHECK(story.reads(at) == Texts{"\"from the future\"", "\"from today\""});
      }
      AND_WHEN("somebody at the laptop, whose clock is right, writes again") {
        story.write(kLaptop, "settled");
        story.world.pass(5 * kSecond);
        THEN("that is what everybody has: to have seen counts, not the clock") {
          for (const DeviceNumber at : {kLaptop, kDesktop, kPi})
            CHECK(story.reads(at) == Texts{"\"settled\""});
        }
      }
    }
  }
}

}  // namespace lanyard::sim
