#include "tests/sim/scenarios/story.hpp"

namespace lanyard::sim {

using Texts = std::vector<std::string>;

// A laptop and a desktop that are never on at the same place, and a Raspberry Pi that meets both.
// Everything that one writes reaches the other through the Pi; what both wrote without knowing of
// each other waits in the inbox of all three, until somebody who has seen it writes again.
SCENARIO("two machines that never meet agree through a third") {
  GIVEN("a note that all three hold") {
    Story story;
    story.write(kLaptop, "milk");
    story.world.pass(1 * kSecond);
    REQUIRE(story.reads(kDesktop) == Texts{"\"milk\""});

    WHEN("both change it while they are apart, and then meet the Pi one after the other") {
      story.separate(kLaptop, kDesktop);
      story.separate(kDesktop, kPi);
      story.write(kLaptop, "milk, bread");
      story.write(kDesktop, "milk, eggs");
      story.world.pass(60 * kSecond);  // laptop and Pi talk; the desktop is alone
      CHECK(story.reads(kPi) == Texts{"\"milk, bread\""});

      story.separate(kLaptop, kPi);
      story.join(kDesktop, kPi);
      story.world.pass(60 * kSecond);  // desktop and Pi talk
      story.join(kLaptop, kPi);
      story.world.pass(60 * kSecond);  // laptop and desktop still cannot

      THEN("all three show the same, and the other version waits in every inbox") {
        const Texts at_laptop = story.reads(kLaptop);
        CHECK(at_laptop == Texts{"\"milk, eggs\"", "\"milk, bread\""});  // the later one is shown
        CHECK(story.reads(kDesktop) == at_laptop);
        CHECK(story.reads(kPi) == at_laptop);
        CHECK(story.world.hash_of(story.space, kLaptop) ==
              story.world.hash_of(story.space, kDesktop));

        AND_WHEN("somebody who sees both writes one that says it all") {
          story.write(kLaptop, "milk, bread, eggs");
          story.world.pass(5 * kSecond);
          THEN("the conflict is gone everywhere") {
            CHECK(story.reads(kDesktop) == Texts{"\"milk, bread, eggs\""});
            CHECK(story.reads(kPi) == Texts{"\"milk, bread, eggs\""});
          }
        }
      }
    }
  }
}

}  // namespace lanyard::sim
