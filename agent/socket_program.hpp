#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "agent/socket_owner.hpp"

namespace lanyard::agent {

/// Who has the other end of a loopback connection, as people know them.
struct SocketProgram {
  std::string user;     ///< "ann (1001)"; empty: the system does not say
  std::string program;  ///< the file that it runs, or the name that it has; empty: cannot be told
};

/// The folder in /proc of a process that has the socket of this inode open; nothing: none that this
/// one may look at has it.
[[nodiscard]] std::optional<std::filesystem::path> process_with_socket(std::uint64_t inode);

/// Looks through the processes of this machine for the one that has the socket: some milliseconds.
/// One that keeps private, or is another user's, cannot be told.
[[nodiscard]] SocketProgram program_of(const SocketOwner& owner);

}  // namespace lanyard::agent
