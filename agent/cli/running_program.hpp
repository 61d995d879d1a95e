#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agent/cli/json_read.hpp"

namespace lanyard::agent {

/// What the agent runs, as it says itself: nobody else can look into its folder of /proc.
struct RunningProgram {
  std::string path;                    ///< where it was started from
  bool is_this_file = true;            ///< the very file that this process runs
  bool is_gone = false;                ///< the file was replaced or removed since
  std::vector<std::string> arguments;  ///< behind the program's name
};

/// `agent`: as agent.info answers. One of an older build, which says nothing of it, does not keep
/// its folder of /proc to itself either. Nothing where that cannot be seen: in another container.
[[nodiscard]] std::optional<RunningProgram> program_of(const Json& agent);

}  // namespace lanyard::agent
