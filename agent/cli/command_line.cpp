// Knows CLI11, as parser.hpp and command_verbs.cpp do, and nothing else.
#include "agent/cli/parser.hpp"

#include "agent/display_text.hpp"
#include "replication/types/nearest_name.hpp"

namespace lanyard::agent {
namespace {

/// What a person typed is shown, but not pages of it.
constexpr std::size_t kWhyColumnsMax = 200;

/// Examples first, as most readers of a help look for one: they stand in the footer of a command.
class ExamplesFirst final : public CLI::Formatter {
 public:
  std::string make_help(const CLI::App* app, std::string name,
                        CLI::AppFormatMode mode) const override {
    std::string out = app->get_description() + "\n";
    if (!app->get_footer().empty()) out += "\nExamples:\n" + app->get_footer() + "\n";
    out += "\n" + make_usage(app, std::move(name));
    out += make_positionals(app);
    out += make_groups(app, mode);
    out += make_subcommands(app, mode);
    return out;
  }
};

}  // namespace

Parser::Parser()
    : app_("Lanyard keeps your devices' data in sync, on your own network, without a server.") {
  app_.name("lanyard");
  app_.formatter(std::make_shared<ExamplesFirst>());
  app_.footer(
      "  lanyard up\n  lanyard status\n  lanyard space create notes\n"
      "  lanyard data put notes tasks t1 '{\"title\":\"Buy milk\"}'");
  app_.require_subcommand(1);
  app_.fallthrough();
  add_globals();
  add_agent_verbs();
  add_device_verbs();
  add_space_verbs();
  add_token_verbs();
  add_apps_verbs();
  add_ui_verb();
  add_compat_verbs();
  add_data_verbs();
  add_conflict_verbs();
  add_import_and_check();
  add_config_verbs();
}

std::variant<Invocation, NoCommand> Parser::parse(std::vector<std::string> arguments) {
  std::reverse(arguments.begin(), arguments.end());
  try {
    app_.parse(arguments);
  } catch (const CLI::CallForHelp&) {
    return NoCommand{help(), false};
  } catch (const CLI::ParseError& error) {
    return NoCommand{wrong(error), true};
  }
  global_.timeout = std::chrono::milliseconds(static_cast<std::int64_t>(timeout_s_ * 1000));
  take_agent_flags();
  return Invocation{std::move(global_), std::move(command_)};
}

const CLI::App* Parser::deepest() const {
  const CLI::App* at = &app_;
  while (!at->get_subcommands().empty()) at = at->get_subcommands().front();
  return at;
}

std::string Parser::path() const {
  std::string out;
  for (const CLI::App* at = &app_;; at = at->get_subcommands().front()) {
    out += (out.empty() ? "" : " ") + at->get_name();
    if (at->get_subcommands().empty()) return out;
  }
}

std::string Parser::wrong(const CLI::ParseError& error) const {
  std::string why = error.what();
  std::string fix = "see  " + path() + " --help";
  const std::vector<std::string> unknown = app_.remaining(true);
  if (!unknown.empty()) {
    why = not_known(unknown.front());
    const auto nearest = nearest_name(unknown.front(), known_words());
    if (nearest) fix = "did you mean " + *nearest + "? Else " + fix;
  }
  std::replace(why.begin(), why.end(), '\n', ' ');
  return "lanyard: " + display_cut(why, kWhyColumnsMax) + "\n  Fix: " + fix + "\n";
}

std::string Parser::not_known(const std::string& word) const {
  if (word.starts_with('-')) return "There is no option " + word;
  if (!deepest()->get_subcommands({}).empty()) return "There is no command " + word;
  return "There is one argument too many: " + word;
}

std::vector<std::string> Parser::known_words() const {
  std::vector<std::string> out;
  for (const CLI::App* verb : deepest()->get_subcommands({})) out.push_back(verb->get_name());
  for (const CLI::App* app : {deepest(), &app_})
    for (const CLI::Option* option : app->get_options())
      for (const std::string& name : option->get_lnames()) out.push_back("--" + name);
  return out;
}

void Parser::add_globals() {
  app_.add_flag("--json", global_.json, "print JSON with a versioned schema");
  app_.add_flag("--quiet,-q", global_.quiet, "print only what was asked for, and errors");
  app_.add_flag("--no-color", global_.no_color, "no colours (as the variable NO_COLOR)");
  app_.add_option("--data-dir", global_.paths.data_dir, "the data folder (absolute)");
  app_.add_option("--state-dir", global_.paths.state_dir, "logs and marks (absolute)");
  app_.add_option("--config", global_.paths.config_file, "the configuration file (absolute)");
  app_.add_option("--timeout", timeout_s_, "seconds to wait for an answer (30)")
      ->check(CLI::Range(0.1, 86400.0));
}

std::variant<Invocation, NoCommand> read_command_line(std::vector<std::string> arguments) {
  Parser parser;
  return parser.parse(std::move(arguments));
}

}  // namespace lanyard::agent
