#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace lanyard::agent {

/// What another process of this machine runs, as /proc shows it to its own user.
struct RunningProgram {
  std::string path;                    ///< where it was started from
  bool is_this_file = true;            ///< the very file that this process runs
  bool is_gone = false;                ///< the file was replaced or removed since
  std::vector<std::string> arguments;  ///< behind the program's name
};

/// Nothing where that cannot be seen: a process of another user, or of another container.
[[nodiscard]] std::optional<RunningProgram> program_of(pid_t process);

}  // namespace lanyard::agent
