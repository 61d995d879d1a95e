#pragma once

#include <cstdint>
#include <vector>

#include "agent/lookup/lookup_message.hpp"

namespace lanyard::agent {

/// Of one process, more are not looked at: somebody waits. Whoever is behind it is.
inline constexpr std::size_t kDescriptorsSeenMax = 50'000;

/// Looks once through the processes of this machine (proc(5)) for those that have the sockets of
/// these inodes open: some milliseconds. An answer for each, whose number is 0. Opens folders and
/// reads links, and nothing else. One that keeps private, or is another user's, cannot be told: the
/// answer has no process then. `most`: of one process, as above.
[[nodiscard]] std::vector<LookupAnswer> processes_with_sockets(
    const std::vector<std::uint64_t>& sockets, std::size_t most = kDescriptorsSeenMax);

}  // namespace lanyard::agent
