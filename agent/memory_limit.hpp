#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// How much memory this process may take is little at some places (`ulimit -v`, a container, a
/// small machine), and the system ends whoever takes more: what clients can make grow follows it.
namespace lanyard::agent {

/// What is known of it, in bytes; nothing where there is no such limit.
struct MemoryLimits {
  std::optional<std::uint64_t> machine;           ///< that it has
  std::optional<std::uint64_t> group;             ///< the smallest of the process's cgroups
  std::optional<std::uint64_t> address_space;     ///< RLIMIT_AS, less what is taken now
  std::optional<std::uint64_t> writable_private;  ///< RLIMIT_DATA, less what is taken now
};
/// As the system says it now. What cannot be read counts as no limit.
[[nodiscard]] MemoryLimits memory_limits();

/// The part of it that bodies of requests may take: a quarter of a machine or a cgroup, which
/// others use too, and half of what a limit of the process leaves; at most `most`, and not less
/// than 1 MiB. Pure.
[[nodiscard]] std::uint64_t share_of_memory(const MemoryLimits& limits, std::uint64_t most);

/// Where the limits of a process's memory may stand, for the lines of /proc/self/cgroup
/// (cgroups(7), both versions): its own group's and those of all above it. Pure.
[[nodiscard]] std::vector<std::string> group_limit_files(std::string_view lines);

/// Whether so much could be had at this moment: it is asked for, and given back untouched.
[[nodiscard]] bool is_memory_there(std::uint64_t bytes);

}  // namespace lanyard::agent
