#include <catch2/catch.hpp>
#include <set>

#include "agent/cli/commands.hpp"
#include "agent/cli/completion.hpp"
#include "agent/cli/man_page.hpp"
#include "agent/cli/printed_error.hpp"
#include "agent/errors.hpp"

using namespace lanyard;
using namespace lanyard::agent;
using Words = std::vector<std::string>;

namespace {

/// The paths to every command of the tree, the root's first.
void visit(const std::vector<const CommandEntry*>& path,
           const std::function<void(const std::vector<const CommandEntry*>&)>& each) {
  each(path);
  for (const CommandEntry& below : path.back()->commands) {
    auto longer = path;
    longer.push_back(&below);
    visit(longer, each);
  }
}

Words names_of(const std::vector<const CommandEntry*>& path) {
  Words out;
  for (std::size_t i = 1; i < path.size(); ++i) out.push_back(path[i]->name);
  return out;
}

NoCommand said(const Words& words) {
  const auto read = read_command_line(words);
  REQUIRE(std::holds_alternative<NoCommand>(read));
  return std::get<NoCommand>(read);
}

Words texts(const Completion& completion) {
  Words out;
  for (const Candidate& each : completion.candidates) out.push_back(each.text);
  return out;
}

}  // namespace

TEST_CASE("nothing typed is answered with the first steps, each of which can be typed") {
  const NoCommand steps = said({});
  CHECK_FALSE(steps.is_error);
  std::size_t count = 0;
  for (const Words& step : {Words{"up"}, Words{"pair"}, Words{"status"}, Words{"ui"}, Words{"help"},
                            Words{"data", "put", "default", "shopping", "milk"}}) {
    std::string line = "lanyard";
    for (const std::string& word : step) line += " " + word;
    CHECK_THAT(steps.text, Catch::Contains(line));
    const auto read = read_command_line(step);
    count += std::holds_alternative<Invocation>(read) || step.front() == "help" ? 1 : 0;
  }
  CHECK(count == 6);
}

TEST_CASE("every command has help with examples, its own options and those of every command") {
  const CommandEntry root = command_tree();
  std::size_t commands = 0;
  visit({&root}, [&](const std::vector<const CommandEntry*>& path) {
    Words words = names_of(path);
    words.push_back("--help");
    const NoCommand help = said(words);
    INFO(help.text);
    ++commands;
    CHECK_FALSE(help.is_error);
    CHECK_THAT(help.text, Catch::Contains("Examples:\n  ") &&
                              Catch::Contains("\nUsage: " + usage_of(path) + "\n") &&
                              Catch::Contains("\n  --json ") &&
                              Catch::Contains("--data-dir FOLDER"));
    CHECK(help.text.find("Examples:") < help.text.find("Usage: "));
    for (const OptionEntry& option : path.back()->options)
      CHECK_THAT(help.text, Catch::Contains(option.names.front()));
    for (const CommandEntry& below : path.back()->commands)
      CHECK_THAT(help.text, Catch::Contains("\n  " + below.name));
    words.pop_back();
    words.insert(words.begin(), "help");
    CHECK(said(words).text == help.text);
  });
  CHECK(commands > 60);
}

TEST_CASE("every option of the tree is understood where it stands, and no other") {
  const CommandEntry root = command_tree();
  visit({&root}, [&](const std::vector<const CommandEntry*>& path) {
    const auto is_known = [&](const std::string& option) {
      Words words = names_of(path);
      words.push_back(option);
      const auto read = read_command_line(words);
      const auto* const no = std::get_if<NoCommand>(&read);
      return no == nullptr || no->text.find("There is no option") == std::string::npos;
    };
    for (const auto* const options : {&path.back()->options, &root.options})
      for (const OptionEntry& option : *options)
        for (const std::string& name : option.names) {
          INFO(usage_of(path) << ": " << name);
          CHECK(is_known(name));
        }
    CHECK_FALSE(is_known("--jump"));
  });
}

TEST_CASE("a noun by itself lists") {
  for (const char* const noun :
       {"devices", "space", "token", "apps", "conflicts", "config", "compat"}) {
    INFO(noun);
    const auto alone = read_command_line({noun});
    const auto listed = read_command_line({noun, "list"});
    REQUIRE(std::holds_alternative<Invocation>(alone));
    CHECK(std::get<Invocation>(alone).command.index() ==
          std::get<Invocation>(listed).command.index());
  }
  CHECK(std::holds_alternative<VersionCommand>(
      std::get<Invocation>(read_command_line({"--version"})).command));
}

TEST_CASE("a word of another program is answered with what it is called here") {
  CHECK_THAT(said({"export"}).text,
             Catch::Contains("lanyard data query") && !Catch::Contains("import"));
  CHECK_THAT(said({"start"}).text, Catch::Contains("Fix: lanyard up"));
  CHECK_THAT(said({"devices", "remove", "pi"}).text, Catch::Contains("lanyard devices forget"));
  CHECK_THAT(said({"conflicts", "--space", "notes"}).text,
             Catch::Contains("write  lanyard conflicts list --space"));
  CHECK_THAT(said({"statsu"}).text, Catch::Contains("did you mean status?"));
  CHECK_THAT(said({"status", "--jsno"}).text, Catch::Contains("did you mean --json?"));
  CHECK_THAT(said({"help", "spac"}).text, Catch::Contains("did you mean space?"));
}

TEST_CASE("what may stand at a place is offered there") {
  const CommandEntry root = command_tree();
  CHECK_THAT(texts(completion_of(root, {""})), Catch::VectorContains(std::string("status")));
  CHECK_THAT(texts(completion_of(root, {"space", "sh"})),
             Catch::VectorContains(std::string("share")));
  CHECK(completion_of(root, {"space", "share", ""}).names == NamesOf::kSpaces);
  CHECK(completion_of(root, {"space", "share", "notes", ""}).names == NamesOf::kDevices);
  CHECK(completion_of(root, {"space", "share", "notes", "pi", ""}).names == NamesOf::kNothing);
  CHECK(completion_of(root, {"--json", "conflicts", "list", "--space", ""}).names ==
        NamesOf::kSpaces);
  CHECK(completion_of(root, {"import", ""}).names == NamesOf::kFiles);
  const Words options = texts(completion_of(root, {"status", "--"}));
  CHECK_THAT(options, Catch::VectorContains(std::string("--watch")) &&
                          Catch::VectorContains(std::string("--json")));
  CHECK_THAT(texts(completion_of(root, {"help", "space", ""})),
             Catch::VectorContains(std::string("share")));
}

TEST_CASE("the manual page has every command and every option") {
  const CommandEntry root = command_tree();
  std::string page = man_page(root, "1");
  for (std::size_t at = 0; (at = page.find("\\-", at)) != std::string::npos;)
    page.replace(at, 2, "-");
  visit({&root}, [&](const std::vector<const CommandEntry*>& path) {
    if (path.size() > 1) CHECK_THAT(page, Catch::Contains("\n.SS " + usage_of(path) + "\n"));
    for (const OptionEntry& option : path.back()->options)
      CHECK_THAT(page, Catch::Contains("\\fB" + option.names.front() + "\\fR"));
  });
}

TEST_CASE("an error that a program of ours printed is read back as it was") {
  Error error(Code::kPortTaken, "port 7761 is taken by syncthing.", "Choose another.");
  const std::string text = "a line before\n" + error_text("Could not start", problem_of(error));
  const auto read = printed_error(text);
  REQUIRE(read);
  CHECK(read->is(Code::kPortTaken));
  CHECK(read->detail == error.detail);
  CHECK(read->fix == error.fix);
  CHECK_FALSE(printed_error("Segmentation fault\n"));
  CHECK_FALSE(printed_error("  (LY-Z999)\n"));
}
