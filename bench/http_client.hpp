#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

/// What the clients of the benchmark share: clients that cost next to nothing themselves.
namespace lanyard::bench {

/// Of the whole machine: what different processes read can be compared.
using Clock = std::chrono::steady_clock;

/// Throws std::runtime_error(what) if it is not so.
void check(bool ok, const char* what);

/// The lines of a file, each with its end; at least one.
[[nodiscard]] std::vector<std::string> lines_in(const char* file);
/// Requests as they go over a socket, each behind a line with its length in bytes; at least one.
[[nodiscard]] std::vector<std::string> requests_in(const char* file);

/// A socket to this port on loopback that sends at once whatever it is given.
[[nodiscard]] int connect_to_port(const std::string& port);
/// Blocks until the socket has taken them all.
void send_all(int to, std::string_view bytes);
/// What is there, at most as much as `room` holds, and waits until there is something.
[[nodiscard]] std::string_view receive(int from, std::string& room);

/// Whether the text is a whole request or answer: a head, and as many bytes as that says (RFC 9112,
/// 6.2).
[[nodiscard]] bool is_whole_message(std::string_view text);
[[nodiscard]] bool is_success(std::string_view answer);

}  // namespace lanyard::bench
