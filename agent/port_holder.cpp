#include "agent/port_holder.hpp"

#include <cstdio>
#include <fstream>
#include <iterator>
#include <sstream>

#include "agent/display_text.hpp"
#include "agent/lookup/process_finder.hpp"
#include "agent/socket_program.hpp"

namespace lanyard::agent {
namespace {

constexpr std::string_view kListens = "0A";
/// A process that was started a moment ago, on a busy machine.
constexpr std::chrono::seconds kAnswerAtStartMost{5};

/// Of addresses as the table has them: all, ::1, ::ffff:127.0.0.0/8, 127.0.0.0/8.
bool is_within_reach(std::string_view address) {
  const bool is_any = address.find_first_not_of('0') == std::string_view::npos;
  return is_any || address == "00000000000000000000000001000000" || address.ends_with("7F");
}

/// "python3 (process 4711)"; empty: nobody whom we may look at has it.
std::string process_with(std::uint64_t inode, ProcessFinder& finder) {
  const auto found = finder.find(inode, kAnswerAtStartMost);
  if (!found) return {};
  const std::string name = command_of(found->process);
  return (name.empty() ? "a program" : display_text(name)) + " (process " +
         std::to_string(found->process) + ")";
}

}  // namespace

std::optional<ListeningSocket> listener_in(std::string_view table, std::uint16_t port) {
  char wanted[8];
  std::snprintf(wanted, sizeof wanted, "%04X", port);
  std::istringstream lines{std::string(table)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    std::string number, local, remote, state, ignored;
    ListeningSocket found;
    // number, local, remote, state, queues, timer, retransmits, uid, timeout, inode
    fields >> number >> local >> remote >> state >> ignored >> ignored >> ignored >> found.uid >>
        ignored >> found.inode;
    const std::size_t colon = local.find(':');
    if (!fields || state != kListens || colon == std::string::npos) continue;
    if (local.substr(colon + 1) == wanted && is_within_reach(local.substr(0, colon))) return found;
  }
  return std::nullopt;
}

std::string port_holder_text(std::uint16_t port, ProcessFinder& finder) {
  for (const char* const place : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    std::ifstream in(place);
    const std::string table{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    const auto found = listener_in(table, port);
    if (!found) continue;
    const std::string process = process_with(found->inode, finder);
    return process.empty() ? "a program of the user " + user_text(found->uid) : process;
  }
  return "another program";
}

}  // namespace lanyard::agent
