// Knows CLI11, as parser.hpp says.
#include "agent/cli/parser.hpp"

#include "agent/display_text.hpp"
#include "replication/types/nearest_name.hpp"

namespace lanyard::agent {
namespace {

/// What a person typed is shown, but not pages of it.
constexpr std::size_t kWhyColumnsMax = 200;

/// What the scripts of `lanyard completion` call.
constexpr std::string_view kCompleteWord = "complete-words";

/// Words that other programs have for what is called otherwise here, or is not here. `group`: the
/// command behind which they stand; empty: none.
struct Advice {
  std::string_view group;
  std::string_view word;
  std::string_view advice;
};
constexpr std::array kAdvice = std::to_array<Advice>({
    {"", "start", "lanyard up  starts the agent."},
    {"", "stop", "lanyard down  stops the agent."},
    {"", "restart", "lanyard down && lanyard up"},
    {"", "install", "lanyard up  starts the agent, where there is systemd at each login too."},
    {"", "uninstall", "lanyard down  stops the agent for good; README says what stays."},
    {"", "export",
     "lanyard data query SPACE COLLECTION --json --limit 10000000  prints its records, one a "
     "line."},
    {"", "backup", "there is no command for it yet; README says how to copy the data folder."},
    {"", "sync", "agents sync by themselves;  lanyard status  shows how far they are."},
    {"", "list", "lanyard space  lists the spaces, lanyard devices  the devices."},
    {"", "ls", "lanyard space  lists the spaces, lanyard devices  the devices."},
    {"", "connect", "lanyard pair  connects two devices."},
    {"", "invite", "lanyard pair  shows a code for another device."},
    {"", "join", "lanyard pair CODE"},
    {"devices", "remove", "lanyard devices forget DEVICE"},
    {"devices", "delete", "lanyard devices forget DEVICE"},
    {"devices", "revoke", "lanyard devices forget DEVICE"},
    {"devices", "show", "lanyard devices list"},
    {"space", "remove", "lanyard space leave SPACE"},
    {"space", "delete", "lanyard space leave SPACE"},
    {"space", "add", "lanyard space create SPACE"},
    {"space", "show", "lanyard space info SPACE"},
    {"space", "unshare", "taking a member out of a space does not exist yet."},
    {"token", "remove", "lanyard token revoke TOKEN"},
    {"token", "delete", "lanyard token revoke TOKEN"},
    {"token", "add", "lanyard token create --app NAME --space SPACE"},
    {"apps", "remove", "lanyard token revoke APP"},
    {"apps", "revoke", "lanyard token revoke APP"},
    {"data", "add", "lanyard data put SPACE COLLECTION KEY VALUE"},
    {"data", "set", "lanyard data put SPACE COLLECTION KEY VALUE"},
    {"data", "remove", "lanyard data delete SPACE COLLECTION KEY"},
    {"data", "list", "lanyard data query SPACE COLLECTION"},
    {"conflicts", "settle", "lanyard conflicts resolve ID --use NUMBER"},
    {"config", "edit", "lanyard config path  says which file it is."},
});

/// CLI11's "device is required" in words of ours, and which commands there are where one is
/// missing.
std::string missing_in(const CommandEntry& command, const std::string& why) {
  constexpr std::string_view kRequired = " is required";
  if (!why.ends_with(kRequired)) return why;
  const std::string what = why.substr(0, why.size() - kRequired.size());
  constexpr std::string_view kOneOf = "Exactly 1 option from [";
  if (what.starts_with(kOneOf) && what.ends_with(']')) {
    std::string names = what.substr(kOneOf.size(), what.size() - kOneOf.size() - 1);
    for (std::size_t at = names.find(','); at != std::string::npos; at = names.find(',', at + 2))
      names.insert(at + 1, " ");
    return "One of these is missing: " + names;
  }
  if (command.commands.empty()) return (what.starts_with('-') ? "" : "The ") + what + " is missing";
  // All that `lanyard` knows is too much for a line.
  if (command.name == "lanyard") return "A command is missing";
  std::string names;
  for (const CommandEntry& each : command.commands)
    names += (names.empty() ? "" : ", ") + each.name;
  return command.name + " wants a command: " + names;
}

/// The command below that has such an option; empty if none has.
std::string owner_of(const CommandEntry& group, const std::string& option) {
  for (const CommandEntry& command : group.commands)
    for (const OptionEntry& each : command.options)
      for (const std::string& name : each.names)
        if (name == option) return command.name;
  return {};
}

}  // namespace

Parser::Parser()
    : app_("Lanyard keeps your devices' data in sync, on your own network, without a server.") {
  app_.name("lanyard");
  app_.footer(
      "  lanyard up\n  lanyard pair\n  lanyard status\n"
      "  lanyard data put default shopping milk '{\"count\":1}'");
  app_.require_subcommand(0, 1);
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
  add_help_verbs();
}

std::variant<Invocation, NoCommand> Parser::parse(std::vector<std::string> arguments) {
  if (arguments.empty()) return NoCommand{first_steps(), false};
  std::reverse(arguments.begin(), arguments.end());
  try {
    app_.parse(arguments);
  } catch (const CLI::CallForHelp&) {
    return help();
  } catch (const CLI::ParseError& error) {
    return wrong(error);
  }
  if (app_.get_subcommands().empty() && !asks_version_) return wrong(CLI::RequiredError("command"));
  if (asks_version_) command_ = VersionCommand{};
  if (asks_help_) return help_for(help_words_);
  global_.timeout = std::chrono::milliseconds(static_cast<std::int64_t>(timeout_s_ * 1000));
  take_agent_flags();
  return Invocation{std::move(global_), std::move(command_)};
}

const CLI::App* Parser::deepest() const {
  const CLI::App* at = &app_;
  while (!at->get_subcommands().empty()) at = at->get_subcommands().front();
  return at;
}

std::vector<std::string> Parser::path() const {
  std::vector<std::string> out;
  for (const CLI::App* at = &app_; !at->get_subcommands().empty();) {
    at = at->get_subcommands().front();
    if (!at->get_name().empty()) out.push_back(at->get_name());
  }
  return out;
}

NoCommand Parser::help() const {
  const CommandEntry root = tree();
  return {help_of(commands_named(root, path())), false};
}

NoCommand Parser::help_for(const std::vector<std::string>& words) const {
  const CommandEntry root = tree();
  const auto found = commands_named(root, words);
  if (found.size() == words.size() + 1) return {help_of(found), false};
  const std::string& word = words[found.size() - 1];
  std::vector<std::string> names;
  for (const CommandEntry& each : found.back()->commands) names.push_back(each.name);
  const auto nearest = nearest_name(word, names);
  return {"lanyard: There is no command " + display_cut(word, kWhyColumnsMax) + "\n  Fix: " +
              (nearest ? "did you mean " + *nearest + "? Else see" : "see") + "  lanyard help\n",
          true};
}

std::string Parser::advice_for(const std::string& word) const {
  const std::vector<std::string> met = path();
  if (met.size() > 1) return {};
  const std::string_view group = met.empty() ? std::string_view() : std::string_view(met.front());
  for (const Advice& each : kAdvice)
    if (each.group == group && each.word == word) return std::string(each.advice);
  return {};
}

NoCommand Parser::wrong(const CLI::ParseError& error) const {
  const CommandEntry root = tree();
  const auto met = commands_named(root, path());
  std::string help = "lanyard help";
  for (std::size_t i = 1; i < met.size(); ++i) help += " " + met[i]->name;
  std::string why = missing_in(*met.back(), error.what());
  std::string fix = "see  " + help;
  const std::vector<std::string> unknown = app_.remaining(true);
  if (!unknown.empty()) {
    why = not_known(unknown.front());
    const std::string advice = advice_for(unknown.front());
    const auto nearest = nearest_name(unknown.front(), known_words());
    const std::string owner = owner_of(*met.back(), unknown.front());
    if (!advice.empty())
      fix = advice;
    else if (!owner.empty())
      fix = "write  lanyard " + met.back()->name + " " + owner + " " + unknown.front();
    else if (nearest)
      fix = "did you mean " + *nearest + "? Else " + fix;
  }
  std::replace(why.begin(), why.end(), '\n', ' ');
  std::string out = "lanyard: " + display_cut(why, kWhyColumnsMax) + "\n";
  // What is missing shows where the whole is seen.
  if (unknown.empty()) out += "  Usage: " + usage_of(met) + "\n";
  return {out + "  Fix: " + fix + "\n", true};
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
  app_.set_help_flag("--help,-h", "print this help");
  app_.add_flag("--json", global_.json, "print JSON with a versioned schema");
  app_.add_flag("--quiet,-q", global_.quiet, "print only what was asked for, and errors");
  app_.add_flag("--no-color", global_.no_color, "no colours (as the variable NO_COLOR)");
  const auto path = [&](const char* flag, auto& into, const char* name, const char* help) {
    app_.add_option(flag, into, help)->type_name(name);
  };
  path("--data-dir", global_.paths.data_dir, "FOLDER", "the data folder (absolute)");
  path("--state-dir", global_.paths.state_dir, "FOLDER", "logs and marks (absolute)");
  path("--config", global_.paths.config_file, "FILE", "the configuration file (absolute)");
  app_.add_option("--timeout", timeout_s_, "seconds to wait for an answer (30)")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.1, 86400.0));
  app_.add_flag("--version,-V", asks_version_, "print the version of this program");
}

std::variant<Invocation, NoCommand> read_command_line(std::vector<std::string> arguments) {
  // Not words of ours: half a command line, which nobody has sent off yet.
  if (!arguments.empty() && arguments.front() == kCompleteWord)
    return Invocation{{}, CompleteCommand{{arguments.begin() + 1, arguments.end()}}};
  Parser parser;
  return parser.parse(std::move(arguments));
}

}  // namespace lanyard::agent
