#pragma once

#include <chrono>

#include "replication/types/hlc.hpp"

namespace lanyard::agent {

/// Whether this time has gone by since then. Where the clock was set back since, nobody can tell:
/// what was to end soon has ended. Pure.
[[nodiscard]] inline bool has_passed(std::int64_t since_ms, WallTime now,
                                     std::chrono::milliseconds time) {
  constexpr std::chrono::milliseconds kSetBackMin =
      std::chrono::minutes(1);  // less is a correction
  const std::int64_t elapsed = now.ms - since_ms;
  return elapsed >= time.count() || elapsed < -kSetBackMin.count();
}

}  // namespace lanyard::agent
