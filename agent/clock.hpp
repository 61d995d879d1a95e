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

/// Monotonic, from an origin of its own.
[[nodiscard]] inline std::chrono::milliseconds mono_now() {
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(since);
}

/// How long something took.
class Stopwatch {
 public:
  [[nodiscard]] std::chrono::microseconds took() const {
    const auto since = std::chrono::steady_clock::now() - began_;
    return std::chrono::duration_cast<std::chrono::microseconds>(since);
  }

 private:
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

[[nodiscard]] inline engine::Now now() { return {{mono_now()}, wall_now()}; }

}  // namespace lanyard::agent
