#include "tests/sim/scenarios/story.hpp"

namespace lanyard::sim {

using Texts = std::vector<std::string>;

// What others wrote may be merged without waiting for the disk, because they still have it. What a
// device wrote itself it has on its disk before anybody hears of it. So a power cut can take back
// the first and never the second; and nobody is told "I have it" about the first too early: the
// simulator checks every acknowledgement against the disk of the one that gave it.
SCENARIO("a power cut takes back what was merged, never what was acknowledged") {
  GIVEN("a Pi that has just merged a change of the laptop, and written one itself before that") {
    Story story;
    story.write(kPi, "written at the Pi");
    story.world.pass(5 * kSecond);
    story.write(kLaptop, "written at the laptop");
    story.world.pass(300);  // merged at the Pi, less than a second ago
    REQUIRE(story.reads(kPi) == Texts{"\"written at the laptop\""});

    WHEN("the power fails") {
      story.world.power_cut(kPi);
      THEN("its own change is there, and the laptop's is gone") {
        CHECK(story.reads(kPi) == Texts{"\"written at the Pi\""});
        CHECK(story.holds(kPi) != story.holds(kLaptop));
      }
      AND_WHEN("it starts again and finds the others") {
        story.world.device(kPi).switch_on();
        story.world.pass(60 * kSecond);
        THEN("it has asked for what it lost, and holds what everybody holds") {
          CHECK(story.holds(kPi) == story.holds(kLaptop));
          CHECK(story.reads(kPi) == Texts{"\"written at the laptop\""});
          CHECK(story.world.verdict() == "");
        }
      }
    }
  }
}

}  // namespace lanyard::sim
