#pragma once

#include <optional>
#include <string>

#include "agent/lookup/lookup_message.hpp"
#include "agent/socket_owner.hpp"

namespace lanyard::agent {

/// Who has the other end of a loopback connection, as people know them.
struct SocketProgram {
  std::string user;     ///< "ann (1001)"; empty: the system does not say
  std::string program;  ///< the file that it runs, or the name that it has; empty: cannot be told
  /// Several programs have it, and `program` names two of them: whose words come through it nobody
  /// can tell.
  bool is_shared = false;
};

/// What the kernel calls the program of a process; empty: cannot be told.
[[nodiscard]] std::string command_of(pid_t process);

/// Its user alone.
[[nodiscard]] SocketProgram user_of(const SocketOwner& owner);

/// Its user, and the program or programs that were found for it.
[[nodiscard]] SocketProgram program_of(const SocketOwner& owner,
                                       const std::optional<LookupAnswer>& found);

}  // namespace lanyard::agent
