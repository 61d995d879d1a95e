#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "agent/api/beast.hpp"

namespace lanyard::agent {

/// Until when what a connection does now may take. All its deadlines share one timer, which is set
/// anew only for one that is earlier than it would ring: most requests set none.
class HttpDeadline {
 public:
  using Clock = std::chrono::steady_clock;

  explicit HttpDeadline(const LoopbackTcp::socket::executor_type& executor) : timer_(executor) {}

  /// `owner`: keeps this; nothing rings when it is gone. `expired`: called once for a deadline that
  /// has passed.
  void start(std::weak_ptr<void> owner, std::function<void()> expired) {
    owner_ = std::move(owner);
    expired_ = std::move(expired);
  }
  void expires_after(Clock::duration time) {
    at_ = Clock::now() + time;
    if (!is_waiting_ || at_ < timer_.expiry()) wait();
  }
  void expires_never() { at_ = Clock::time_point::max(); }

 private:
  void wait() {
    is_waiting_ = true;
    timer_.expires_at(at_);
    timer_.async_wait([this, owner = owner_](const NetError& error) {
      // A timer that was set anew rings too, with an error.
      if (const auto kept = owner.lock(); kept && !error) on_ring();
    });
  }
  void on_ring() {
    is_waiting_ = false;
    if (at_ == Clock::time_point::max()) return;
    if (Clock::now() < at_) return wait();
    expires_never();
    expired_();
  }

  net::steady_timer timer_;
  std::weak_ptr<void> owner_;
  std::function<void()> expired_;
  Clock::time_point at_ = Clock::time_point::max();
  bool is_waiting_ = false;
};

}  // namespace lanyard::agent
