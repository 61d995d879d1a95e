#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "replication/types/result.hpp"

namespace lanyard::confinement {

/// Where a process that was started so finds its end of the socket pair.
inline constexpr int kOwnProcessPipe = 3;

/// What goes through the pipe.
enum class PipeKind {
  kStream,    ///< bytes
  kMessages,  ///< messages, each of which comes whole or not at all; several may read and write
};

/// This same program, started once more.
struct OwnProcess {
  pid_t process = -1;
  int pipe = -1;  ///< our end: a socket, closed on exec
};

/// Starts this same program with these arguments, and with nothing open but its standard streams
/// and a pipe (kOwnProcessPipe). The caller closes our end, and waits for the process. kBusy if the
/// system has no process or descriptor left. From any thread.
[[nodiscard]] Result<OwnProcess> start_own_process(std::vector<std::string> arguments,
                                                   PipeKind kind = PipeKind::kStream);

/// In the new process: whether it was started so, and not by somebody who knows the arguments.
[[nodiscard]] bool has_own_process_pipe();

}  // namespace lanyard::confinement
