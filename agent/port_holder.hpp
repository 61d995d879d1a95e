#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Which program of this machine listens at a TCP port.
namespace lanyard::agent {

class ProcessFinder;

/// A socket that listens, as /proc/net/tcp has it (proc(5)).
struct ListeningSocket {
  std::uint32_t uid = 0;
  std::uint64_t inode = 0;
  friend bool operator==(const ListeningSocket&, const ListeningSocket&) = default;
};

/// The first of a table such as /proc/net/tcp or tcp6 that listens at this port on all addresses or
/// on one of loopback. Pure.
[[nodiscard]] std::optional<ListeningSocket> listener_in(std::string_view table,
                                                         std::uint16_t port);

/// For people: "python3 (process 4711)"; of another user, or where the system does not say which,
/// "a program of the user ann (1001)"; "another program" where nothing is known. Waits for the
/// finder, which may have just been started.
[[nodiscard]] std::string port_holder_text(std::uint16_t port, ProcessFinder& finder);

}  // namespace lanyard::agent
