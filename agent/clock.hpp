#pragma once

#include <chrono>

#include "replication/engine/input.hpp"
#include "replication/types/hlc.hpp"

/// The only production callers of clocks, apart from Asio's timers.
namespace lanyard::agent {

[[nodiscard]] inline WallTime wall_now() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::milliseconds>(since).count()};
}

[[nodiscard]] inline engine::Now now() {
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return {{std::chrono::duration_cast<std::chrono::milliseconds>(since)}, wall_now()};
}

}  // namespace lanyard::agent
