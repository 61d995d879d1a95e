#include "agent/metrics/process_memory.hpp"

#include <charconv>
#include <fstream>
#include <iterator>
#include <string>

namespace lanyard::agent {
namespace {

/// Lines are as `VmRSS:\t   12345 kB`.
std::uint64_t bytes_behind(std::string_view name, std::string_view status) {
  const std::size_t found = status.find(name);
  if (found == std::string_view::npos) return 0;
  std::string_view rest = status.substr(found + name.size());
  while (rest.starts_with(' ') || rest.starts_with('\t')) rest.remove_prefix(1);
  std::uint64_t kib = 0;
  std::from_chars(rest.data(), rest.data() + rest.size(), kib);
  return kib * 1024;
}

}  // namespace

ProcessMemory memory_in(std::string_view status) {
  return {bytes_behind("\nVmRSS:", status), bytes_behind("\nVmHWM:", status)};
}

ProcessMemory process_memory() {
  std::ifstream in("/proc/self/status");
  const std::string status{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  return memory_in(status);
}

}  // namespace lanyard::agent
