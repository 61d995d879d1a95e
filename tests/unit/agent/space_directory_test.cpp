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

TEST_CASE("whoever may not see a space asks storage for it like for none, remembered or not") {
  Asker asker;
  std::vector<std::string> said;
  const auto ask_blind = [&](const std::string& name) {
    asker.directory.find(
        name, [](const SpaceId&) { return false; },
        [&said](const Result<SpaceId>& found) {
          said.push_back(found ? "found" : found.error().detail + found.error().fix);
        });
  };
  asker.ask("notes", 1);
  asker.desk.run_one();
  REQUIRE(asker.answered == std::vector{1});
  ask_blind("notes");  // is remembered
  ask_blind("chats");
  ask_blind("chatz");
  CHECK(said.empty());
  for (int i = 0; i < 3; ++i) asker.desk.run_one();
  CHECK(said == std::vector<std::string>{"", "", ""});
  // Who may see all asks by the same name at the same time, and is told what is near.
  std::string fix;
  ask_blind("chatz");
  asker.directory.find("chatz", [&](const Result<SpaceId>& found) { fix = found.error().fix; });
  asker.desk.run_one();
  CHECK(said.back().empty());
  CHECK(fix == "Did you mean \"chats\"?");
}

}  // namespace
}  // namespace lanyard::agent::testing
