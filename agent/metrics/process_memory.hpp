#pragma once

#include <cstdint>
#include <string_view>

namespace lanyard::agent {

/// Of this process, in bytes; 0 where the system does not say.
struct ProcessMemory {
  std::uint64_t resident = 0;
  std::uint64_t peak = 0;
  friend bool operator==(const ProcessMemory&, const ProcessMemory&) = default;
};

/// Reads what /proc/self/status holds (proc(5)). Pure.
[[nodiscard]] ProcessMemory memory_in(std::string_view status);
[[nodiscard]] ProcessMemory process_memory();

}  // namespace lanyard::agent
