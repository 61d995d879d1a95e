#include <catch2/catch.hpp>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "agent/control/methods.hpp"

using namespace lanyard::agent;

namespace {

std::string document(const std::string& name) {
  std::ifstream file(std::string(LANYARD_TEST_FOLDER) + "/../docs/" + name);
  std::stringstream text;
  text << file.rdbuf();
  REQUIRE(!text.str().empty());
  return text.str();
}

}  // namespace

TEST_CASE("the page on the control socket has every method, and nothing else") {
  std::set<std::string> methods;
  for (const auto part : {agent_methods(), pairing_methods(), space_methods(), data_methods(),
                          conflict_methods(), token_methods(), app_methods(), compat_methods()})
    for (const ControlMethod& method : part) CHECK(methods.insert(std::string(method.name)).second);
  std::set<std::string> described;
  const std::string text = document("CONTROL.md");
  const std::regex row("\n\\| `([a-z]+\\.[a-zA-Z]+)` \\|");
  for (std::sregex_iterator at(text.begin(), text.end(), row), end; at != end; ++at)
    described.insert((*at)[1]);
  CHECK(methods == described);
}
