#pragma once

#include <string>
#include <string_view>
#include <vector>

/// The commands as values, for what is made of them: help texts, completions, the manual page. Read
/// from what the parser itself goes by, so that none of these can say anything else.
namespace lanyard::agent {

/// What stands in a certain place behind a command.
struct ArgumentEntry {
  std::string name;  ///< in capitals, as it is shown: "SPACE"
  std::string help;
  bool is_required = false;
};

struct OptionEntry {
  std::vector<std::string> names;  ///< "--yes", "-y"
  std::string value;  ///< what follows it, in capitals; empty for one that stands alone
  std::string help;
  bool is_required = false;
};

struct CommandEntry {
  std::string name;
  std::string help;
  std::string examples;  ///< lines that begin with two spaces
  std::vector<ArgumentEntry> arguments;
  std::vector<OptionEntry> options;
  std::vector<CommandEntry> commands;
  bool runs_alone = true;  ///< also without one of `commands`
};

/// The whole tree. The options of its root are understood behind every command.
[[nodiscard]] CommandEntry command_tree();

/// The commands that the words name, from the root down, as far as they name any; the root first.
[[nodiscard]] std::vector<const CommandEntry*> commands_named(
    const CommandEntry& root, const std::vector<std::string>& words);

/// "lanyard space share SPACE DEVICE [OPTION...]"
[[nodiscard]] std::string usage_of(const std::vector<const CommandEntry*>& path);

/// The help of the last command of the path.
[[nodiscard]] std::string help_of(const std::vector<const CommandEntry*>& path);

/// What somebody sees who types `lanyard` and nothing else.
[[nodiscard]] std::string first_steps();

}  // namespace lanyard::agent
