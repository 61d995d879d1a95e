#pragma once

#include <optional>

#include "discovery/backoff.hpp"

namespace lanyard::discovery {

/// Notices that the machine has slept: a clock that goes on while it sleeps (CLOCK_BOOTTIME) has
/// then run away from one that stops (CLOCK_MONOTONIC). Pure.
class SleepSense {
 public:
  /// Shorter sleeps than this break no link.
  static constexpr Tick kSleepMin{2000};

  /// To be called every few seconds. True if it has slept since the last call.
  [[nodiscard]] bool has_slept(Tick with_sleep, Tick without_sleep) {
    const Tick ahead = with_sleep - without_sleep;
    const bool slept = ahead_ && ahead - *ahead_ >= kSleepMin;
    ahead_ = ahead;
    return slept;
  }

 private:
  std::optional<Tick> ahead_;
};

}  // namespace lanyard::discovery
