#pragma once

#include <algorithm>
#include <chrono>

namespace lanyard::storage {

/// When upkeep may begin: in a pause, for whoever writes again at once would wait behind it, and
/// what it gathers is worth more after ten writes than after one. Where no pause comes, after a
/// while at the next moment without work.
class UpkeepPause {
 public:
  using Instant = std::chrono::steady_clock::time_point;
  /// Without work for so long, it is a pause.
  static constexpr std::chrono::milliseconds kPause{100};
  /// From the first work that upkeep has not seen until it no longer waits for a pause.
  static constexpr std::chrono::seconds kOverdue{1};

  void worked(Instant now) {
    if (is_all_done_) first_work_ = now;
    is_all_done_ = false;
    last_work_ = now;
  }
  /// Upkeep found nothing left to do.
  void is_all_done() { is_all_done_ = true; }

  /// How long upkeep waits yet; zero or less: it may begin or go on.
  [[nodiscard]] std::chrono::nanoseconds left(Instant now) const {
    return std::min(last_work_ + kPause, first_work_ + kOverdue) - now;
  }

 private:
  bool is_all_done_ = true;
  Instant first_work_;
  Instant last_work_;
};

}  // namespace lanyard::storage
