#pragma once

#include <functional>
#include <string>

#include "agent/socket_owner.hpp"

namespace lanyard::agent {

class ProcessFinder;

/// Who has the other end of a loopback connection, as people know them.
struct SocketProgram {
  std::string user;     ///< "ann (1001)"; empty: the system does not say
  std::string program;  ///< the file that it runs, or the name that it has; empty: cannot be told
};

/// What the kernel calls the program of a process; empty: cannot be told.
[[nodiscard]] std::string command_of(pid_t process);

/// Its user alone.
[[nodiscard]] SocketProgram user_of(const SocketOwner& owner);

/// Has its program looked up and calls `done` with that, on another thread or at once. One that
/// keeps private, or is another user's, cannot be told. False, and `done` is not called: too many
/// ask.
[[nodiscard]] bool find_program(const SocketOwner& owner, ProcessFinder& finder,
                                std::function<void(std::string program)> done);

}  // namespace lanyard::agent
