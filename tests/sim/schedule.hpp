#pragma once

#include <functional>
#include <map>

#include "replication/engine/input.hpp"

namespace lanyard::sim {

/// Virtual time and what is due in it. Two events of one instant happen in the order in which they
/// were planned.
class Schedule {
 public:
  using Milliseconds = std::int64_t;

  [[nodiscard]] Milliseconds now() const { return now_; }
  [[nodiscard]] engine::Instant instant() const { return {std::chrono::milliseconds(now_)}; }

  void at(Milliseconds time, std::function<void()> event) {
    events_.emplace(std::pair{std::max(time, now_), next_++}, std::move(event));
  }
  void after(Milliseconds delay, std::function<void()> event) {
    at(now_ + delay, std::move(event));
  }

  /// Lets everything happen that is due until then.
  void run_until(Milliseconds end) {
    while (!events_.empty() && events_.begin()->first.first <= end) {
      auto first = events_.extract(events_.begin());
      now_ = first.key().first;
      first.mapped()();
    }
    now_ = std::max(now_, end);
  }

 private:
  Milliseconds now_ = 1000;
  std::uint64_t next_ = 0;
  std::map<std::pair<Milliseconds, std::uint64_t>, std::function<void()>> events_;
};

}  // namespace lanyard::sim
