#pragma once

#include <optional>

#include "agent/cli/command_tree.hpp"

/// What a shell offers when somebody presses Tab. Pure.
namespace lanyard::agent {

struct Candidate {
  std::string text;
  std::string help;  ///< empty for a name
};

/// Names that only the agent knows.
enum class NamesOf { kNothing, kSpaces, kDevices, kFiles };

struct Completion {
  std::vector<Candidate> candidates;  ///< all that may stand there, whatever it begins with
  NamesOf names = NamesOf::kNothing;  ///< what may stand there besides
};

/// What may stand in place of the last of `words`, those behind `lanyard`.
[[nodiscard]] Completion completion_of(const CommandEntry& root,
                                       const std::vector<std::string>& words);

/// For "bash", "zsh" or "fish": a script that asks this program, whose lines are
/// "candidate TAB help". Nothing for another shell.
[[nodiscard]] std::optional<std::string> completion_script(std::string_view shell);

}  // namespace lanyard::agent
