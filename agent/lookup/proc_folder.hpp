#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "agent/lookup/lookup_message.hpp"

namespace lanyard::agent {

/// Looks through the processes of this machine (proc(5)) for one that has the socket of this inode
/// open: some milliseconds. Opens folders and reads links, and nothing else. One that keeps
/// private, or is another user's, cannot be told: the answer has no process then. Its number is 0.
[[nodiscard]] LookupAnswer process_with_socket(std::uint64_t inode);

}  // namespace lanyard::agent
