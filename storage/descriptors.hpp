#pragma once

#include <cstddef>

/// Files and sockets that one process may have open are few at some places (`ulimit -n 64`), and
/// every door wants some: each takes its part, and none takes what another one needs to answer.
namespace lanyard::storage {

/// With fewer an agent cannot work, with so many it has all that it can use.
inline constexpr std::size_t kDescriptorsMin = 64;
inline constexpr std::size_t kDescriptorsEnough = 1024;

/// How many of something that each takes some may be open: `most` where the process may have
/// kDescriptorsEnough open (RLIMIT_NOFILE), `least` at kDescriptorsMin, and evenly between.
[[nodiscard]] std::size_t within_descriptors(std::size_t least, std::size_t most);
/// The same for a limit that is given. Pure.
[[nodiscard]] std::size_t share_of_descriptors(std::size_t limit, std::size_t least,
                                               std::size_t most);

/// Whether an errno says that no descriptor is left, here or on the whole machine; and the words.
[[nodiscard]] bool is_out_of_descriptors(int number);
inline constexpr const char* kNoDescriptors =
    "no file descriptor is left: as many files and "
    "sockets are open as this process may have";
inline constexpr const char* kMoreDescriptors =
    "Try again in a moment. Or allow the agent more where it is started:  ulimit -n 1024 , or "
    "LimitNOFILE=1024 in its service.";

}  // namespace lanyard::storage
