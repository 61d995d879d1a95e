#include "agent/service/space_directory.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/agent/door_host.hpp"

namespace lanyard::agent::testing {
namespace {

/// Somebody who asks for spaces, and remembers in which order the answers came.
struct Asker {
  DoorHost desk;
  SpaceDirectory directory{desk.host};
  std::vector<int> answered;

  void ask(const std::string& name, int number) {
    directory.find(name, [this, number](const Result<SpaceId>& found) {
      answered.push_back(found ? number : -number);
    });
  }
  /// As a write does: what the name means is looked up again by its id.
  void ask_and_go_on(const std::string& name, int number) {
    directory.find(name, [this, number](const Result<SpaceId>& found) {
      REQUIRE(found);
      ask(to_text(*found), number);
    });
  }
};

TEST_CASE("who asks for a space by one name is passed by nobody, and neither is who goes on") {
  const auto ask = GENERATE(&Asker::ask, &Asker::ask_and_go_on);
  Asker asker;
  (asker.*ask)("notes", 1);
  (asker.*ask)("notes", 2);
  CHECK(asker.answered.empty());
  asker.desk.run_one();
  (asker.*ask)("notes", 3);
  CHECK(asker.answered == std::vector{1, 2, 3});
}

TEST_CASE("a name that means nothing is answered to all who asked, and looked up anew") {
  Asker asker;
  asker.ask("nowhere", 1);
  asker.ask("nowhere", 2);
  asker.ask("chats", 3);
  asker.desk.run_one();
  CHECK(asker.answered == std::vector{-1, -2});
  asker.ask("nowhere", 4);
  asker.desk.run_one();
  asker.desk.run_one();
  CHECK(asker.answered == std::vector{-1, -2, 3, -4});
}

}  // namespace
}  // namespace lanyard::agent::testing
