#include "tests/integration/hostile/costs.hpp"

#include <array>
#include <cmath>
#include <cstdio>

#include "tests/integration/hostile/hostile_peer.hpp"

namespace lanyard::hostile {
namespace {

std::size_t less(std::size_t now, std::size_t before) { return now > before ? now - before : 0; }

/// In the unit in which it has at least two digits.
std::string size_text(std::size_t bytes) {
  constexpr std::array kUnits{"B", "KiB", "MiB"};
  auto number = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; unit + 1 < kUnits.size() && number >= 10 * 1024; ++unit) number /= 1024;
  return std::to_string(std::llround(number)) + " " + kUnits[unit];
}

}  // namespace

void Usage::add(const Usage& next) {
  bytes_in += next.bytes_in;
  memory_bytes = std::max(memory_bytes, next.memory_bytes);
  disk_bytes += next.disk_bytes;
  cpu_seconds += next.cpu_seconds;
}

Watch::Watch(const AgentProcess& agent)
    : agent_(agent),
      peak_(agent),
      before_{HostilePeer::bytes_of_all(), 0, agent.disk_bytes(), agent.cpu_seconds()} {}

Usage Watch::used() const {
  return {HostilePeer::bytes_of_all() - before_.bytes_in, peak_.bytes(),
          less(agent_.disk_bytes(), before_.disk_bytes),
          std::max(agent_.cpu_seconds() - before_.cpu_seconds, 0.0)};
}

void report_attack(const std::string& name, const Usage& used) {
  std::printf("report: attack: %s: %s in; memory %s, disk %s, CPU %.2f s\n", name.c_str(),
              size_text(used.bytes_in).c_str(), size_text(used.memory_bytes).c_str(),
              size_text(used.disk_bytes).c_str(), used.cpu_seconds);
  std::fflush(stdout);
}

}  // namespace lanyard::hostile
