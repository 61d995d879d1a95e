#pragma once

#include "agent/cli/command_tree.hpp"

namespace lanyard::agent {

/// The manual page lanyard(1) in the language of man(7), made of the command tree, the keys of the
/// configuration and the exit codes. Pure.
[[nodiscard]] std::string man_page(const CommandEntry& root, const std::string& version);

}  // namespace lanyard::agent
