#include "discovery/supervision.hpp"

namespace lanyard::discovery {
namespace {

constexpr const char* kDaemonSilent = "the Avahi daemon does not answer";

}  // namespace

void Supervision::started(Tick now) {
  is_running_ = true;
  silent_ticks_ = 0;
  last_ = {};
  has_reported_ = false;
  is_asking_daemon_ = false;
  start_at_.reset();
  running_since_ = now;
  daemon_since_.reset();
}

void Supervision::ended(std::string why, Tick now) {
  const bool was_silent = silent_ticks_ >= kSilentTicksMax;
  if (is_running_ && was_silent && (is_asking_daemon_ || last_.backend == Backend::kDaemon)) {
    // It hung in a call to the daemon, not by itself: the next one begins without.
    is_daemon_blamed_ = true;
    distrust_until_ = now + trust_.next(rng_);
    why = kDaemonSilent;
  }
  if (running_since_ && now - *running_since_ >= kSteady) restart_.reset();
  is_running_ = false;
  silent_ticks_ = 0;
  last_ = {};
  why_ended_ = std::move(why);
  start_at_ = now + restart_.next(rng_);
}

void Supervision::heard(const Report& report, Tick now) {
  alive();
  is_asking_daemon_ = report.backend == Backend::kAskingDaemon;
  if (is_asking_daemon_) return;  // what worked before works on
  has_reported_ = true;
  last_ = report;
  if (report.backend != Backend::kDaemon) {
    daemon_since_.reset();
    return;
  }
  is_daemon_blamed_ = false;
  if (!daemon_since_) daemon_since_ = now;
  if (now - *daemon_since_ >= kSteady) trust_.reset();
}

bool Supervision::ticked() {
  if (!is_running_) return false;
  ++silent_ticks_;
  return silent_ticks_ >= kSilentTicksMax;
}

bool Supervision::should_start(Tick now) const {
  return mode_ != Mode::kOff && !is_running_ && (!start_at_ || *start_at_ <= now);
}

bool Supervision::may_use_daemon(Tick now) const {
  if (mode_ != Mode::kAuto && mode_ != Mode::kAvahi) return false;
  return !distrust_until_ || *distrust_until_ <= now;
}

Condition Supervision::condition() const {
  if (mode_ == Mode::kOff) return {State::kOff, {}};
  if (!is_running_ && !start_at_) return {State::kStarting, {}};
  if (!is_running_) return {State::kDegraded, why_ended_};
  if (!has_reported_) {
    if (why_ended_.empty()) return {State::kStarting, {}};
    return {State::kDegraded, why_ended_};
  }
  if (is_daemon_blamed_) {
    const bool helps = last_.backend == Backend::kEmbedded;
    return {State::kDegraded, std::string(kDaemonSilent) +
                                  (helps ? "; Avahi's embedded core is used in its place" : "")};
  }
  if (!last_.trouble.empty()) return {State::kDegraded, last_.trouble};
  switch (last_.backend) {
    case Backend::kDaemon: return {State::kDaemon, {}};
    case Backend::kEmbedded: return {State::kEmbedded, {}};
    case Backend::kNone:
    case Backend::kAskingDaemon: break;
  }
  return {State::kStarting, {}};
}

}  // namespace lanyard::discovery
