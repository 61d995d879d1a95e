#pragma once

#include <algorithm>
#include <array>
#include <chrono>

#include "replication/ports.hpp"

namespace lanyard::discovery {

/// Monotonic time from any origin.
using Tick = std::chrono::milliseconds;

/// Between three and five quarters of the wait, so that two devices that fail together do not stay
/// in step.
[[nodiscard]] inline Tick with_jitter(Tick wait, Rng& rng) {
  std::array<std::uint8_t, 1> chance{};
  rng.fill(chance);
  return wait * 3 / 4 + wait * chance[0] / 510;
}

/// How long to wait after each failure: twice as long as after the one before, between two bounds.
class Backoff {
 public:
  Backoff(Tick first, Tick last) : first_(first), last_(last), wait_(first) {}

  [[nodiscard]] Tick next(Rng& rng) {
    const Tick wait = with_jitter(wait_, rng);
    wait_ = std::min(wait_ * 2, last_);
    return wait;
  }
  void reset() { wait_ = first_; }

 private:
  Tick first_;
  Tick last_;
  Tick wait_;
};

}  // namespace lanyard::discovery
