#include "agent/cli/command_tree.hpp"

#include "agent/cli/parser.hpp"

/// From CLI11's tree to ours. Knows CLI11, as parser.hpp says.
namespace lanyard::agent {
namespace {

std::string in_capitals(std::string text) {
  for (char& c : text) c = c == '_' ? '-' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  return text;
}

/// "N" of CLI11's "N:INT in [1 - 9]": what its checks add behind a name is for the error alone.
std::string value_name(const CLI::Option& option) {
  if (option.get_expected_max() == 0) return {};
  std::string name = option.get_type_name();
  const std::size_t range = name.find(" in [");
  return range == std::string::npos ? name : name.substr(0, name.rfind(':', range));
}

OptionEntry option_entry(const CLI::Option& option) {
  OptionEntry out{{}, value_name(option), option.get_description(), option.get_required()};
  for (const std::string& name : option.get_lnames()) out.names.push_back("--" + name);
  for (const std::string& name : option.get_snames()) out.names.push_back("-" + name);
  return out;
}

void take_options(const CLI::App& app, CommandEntry& into) {
  for (const CLI::Option* option : app.get_options()) {
    // That of the root is understood behind every command.
    if (option == app.get_help_ptr() && app.get_parent() != nullptr) continue;
    if (option->get_positional())
      into.arguments.push_back({in_capitals(option->get_single_name()), option->get_description(),
                                option->get_required()});
    else
      into.options.push_back(option_entry(*option));
  }
  // A group of options is an app without a name.
  for (const CLI::App* group : app.get_subcommands({}))
    if (group->get_name().empty()) take_options(*group, into);
}

CommandEntry entry_of(const CLI::App& app) {
  CommandEntry out;
  out.name = app.get_name();
  out.help = app.get_description();
  out.examples = app.get_footer();
  out.runs_alone = app.get_require_subcommand_min() == 0;
  take_options(app, out);
  for (const CLI::App* command : app.get_subcommands({}))
    if (!command->get_name().empty()) out.commands.push_back(entry_of(*command));
  return out;
}

}  // namespace

CommandEntry command_tree() { return Parser().tree(); }

CommandEntry Parser::tree() const { return entry_of(app_); }

}  // namespace lanyard::agent
