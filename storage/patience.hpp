#pragma once

#include <atomic>
#include <chrono>

namespace lanyard::storage {

/// How long somebody waits for an answer.
struct Patience {
  std::chrono::milliseconds most;
  /// Nobody waits any more once this is true. It outlives the reading.
  const std::atomic<bool>& is_given_up;
};

}  // namespace lanyard::storage
