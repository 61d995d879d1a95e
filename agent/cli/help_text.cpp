#include <algorithm>

#include "agent/cli/command_tree.hpp"

/// Help texts, made of the command tree. Pure.
namespace lanyard::agent {
namespace {

/// Where the second column begins. A name that is wider stands on a line of its own.
constexpr std::size_t kNameColumns = 22;
constexpr std::size_t kLineColumns = 80;

/// The text in lines that end before kLineColumns, those behind the first indented.
std::string wrapped(std::string_view text, std::size_t indent) {
  std::string out;
  std::size_t column = indent;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    const bool fits = column + word.size() < kLineColumns || column == indent;
    if (!fits) out += "\n" + std::string(indent, ' '), column = indent;
    if (column > indent) out += ' ', ++column;
    out += word;
    column += word.size();
    text.remove_prefix(std::min(text.size(), word.size() + 1));
  }
  return out;
}

std::string row(const std::string& name, const std::string& help) {
  std::string out = "  " + name;
  const bool is_wide = name.size() + 4 > kNameColumns;
  if (is_wide) out += "\n";
  out.append(is_wide ? kNameColumns : kNameColumns - name.size() - 2, ' ');
  return out + wrapped(help, kNameColumns) + "\n";
}

std::string option_name(const OptionEntry& option) {
  std::string out;
  for (const std::string& name : option.names) out += (out.empty() ? "" : ", ") + name;
  return option.value.empty() ? out : out + " " + option.value;
}

std::string option_rows(const std::vector<OptionEntry>& options) {
  std::string out;
  for (const OptionEntry& option : options)
    out += row(option_name(option), option.help + (option.is_required ? " (must be there)" : ""));
  return out;
}

}  // namespace

std::vector<const CommandEntry*> commands_named(const CommandEntry& root,
                                                const std::vector<std::string>& words) {
  std::vector<const CommandEntry*> out = {&root};
  for (const std::string& word : words) {
    const auto& below = out.back()->commands;
    const auto found = std::find_if(below.begin(), below.end(),
                                    [&](const CommandEntry& each) { return each.name == word; });
    if (found == below.end()) break;
    out.push_back(&*found);
  }
  return out;
}

std::string usage_of(const std::vector<const CommandEntry*>& path) {
  std::string out;
  for (const CommandEntry* each : path) out += (out.empty() ? "" : " ") + each->name;
  const CommandEntry& last = *path.back();
  if (!last.commands.empty()) return out + (last.runs_alone ? " [COMMAND ...]" : " COMMAND ...");
  for (const ArgumentEntry& argument : last.arguments)
    out += argument.is_required ? " " + argument.name : " [" + argument.name + "]";
  for (const OptionEntry& option : last.options)
    if (option.is_required) out += " " + option.names.front() + " " + option.value;
  return out + " [OPTION ...]";
}

std::string help_of(const std::vector<const CommandEntry*>& path) {
  const CommandEntry& last = *path.back();
  std::string out = wrapped(last.help, 0) + "\n";
  if (!last.examples.empty()) out += "\nExamples:\n" + last.examples + "\n";
  out += "\nUsage: " + usage_of(path) + "\n";
  if (!last.arguments.empty()) out += "\n";
  for (const ArgumentEntry& argument : last.arguments) out += row(argument.name, argument.help);
  if (!last.commands.empty()) {
    out += "\nCommands:\n";
    for (const CommandEntry& command : last.commands) out += row(command.name, command.help);
    out += "\nOne of them in full:  lanyard help";
    for (std::size_t i = 1; i < path.size(); ++i) out += " " + path[i]->name;
    out += " COMMAND\n";
  }
  if (path.size() > 1 && !last.options.empty()) out += "\nOptions:\n" + option_rows(last.options);
  return out + "\nOptions of every command:\n" + option_rows(path.front()->options);
}

std::string first_steps() {
  return "Lanyard keeps the data of your programs the same on all your devices, over\n"
         "your own network, with no server and no account.\n"
         "\n"
         "First steps:\n"
         "  lanyard up             start the agent on this device; on the other one too\n"
         "  lanyard pair           show a code; on the other one type  lanyard pair CODE\n"
         "  lanyard data put default shopping milk '{\"count\":1}'\n"
         "                         keep a record: the other device has it as well\n"
         "  lanyard status         how your devices and spaces are\n"
         "  lanyard ui             the same in your browser\n"
         "\n"
         "All commands:  lanyard help      One in full:  lanyard help COMMAND\n";
}

}  // namespace lanyard::agent
