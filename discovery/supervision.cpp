#include "discovery/supervision.hpp"

namespace lanyard::discovery {
namespace {

constexpr const char* kDaemonSilent = "the Avahi daemon does not answer";

/// How long the daemon's child may think about its first word before the core begins without it.
constexpr int kFirstWordTicks = 2;

}  // namespace

// ---- one child

void ChildLife::started(Tick now) {
  is_running_ = true;
  silent_ticks_ = 0;
  last_.reset();
  is_asking_ = false;
  start_at_.reset();
  running_since_ = now;
}

void ChildLife::ended(std::string why, Rng& rng, Tick now) {
  if (running_since_ && now - *running_since_ >= kSteady) restart_.reset();
  is_running_ = false;
  silent_ticks_ = 0;
  last_.reset();
  is_asking_ = false;
  why_ended_ = std::move(why);
  start_at_ = now + restart_.next(rng);
}

void ChildLife::heard(const Report& report) {
  alive();
  is_asking_ = report.readiness == Readiness::kAsking;
  if (!is_asking_) last_ = report;  // what was said before holds until the answer
}

bool ChildLife::ticked() {
  if (!is_running_) return false;
  ++silent_ticks_;
  return silent_ticks_ >= (may_be_in_a_call() ? kCallTicksMax : kSilentTicksMax);
}

bool ChildLife::may_be_in_a_call() const {
  return asks_daemon_ && (is_asking_ || (last_ && last_->readiness == Readiness::kReady));
}

bool ChildLife::should_start(Tick now) const {
  return !is_running_ && (!start_at_ || *start_at_ <= now);
}

bool ChildLife::is_beginning() const {
  return is_running_ && !last_ && silent_ticks_ < kFirstWordTicks;
}

bool ChildLife::is_ready() const {
  return last_ && last_->readiness == Readiness::kReady && silent_ticks_ < kSilentTicksMax;
}

bool ChildLife::is_left_waiting() const {
  if (may_be_in_a_call() && silent_ticks_ >= kSilentTicksMax) return true;
  return last_ && last_->readiness == Readiness::kSilent;
}

std::string ChildLife::trouble() const {
  if (is_left_waiting()) return kDaemonSilent;
  return last_ ? last_->trouble : why_ended_;
}

// ---- both

bool Supervision::is_wanted(Backend child) const {
  const Mode alone = child == Backend::kDaemon ? Mode::kAvahi : Mode::kEmbedded;
  return mode_ == Mode::kAuto || mode_ == alone;
}

std::optional<Backend> Supervision::used() const {
  const ChildLife& daemon = of(Backend::kDaemon);
  if (is_wanted(Backend::kDaemon)) {
    if (daemon.is_ready()) return Backend::kDaemon;
    if (daemon.is_beginning()) return std::nullopt;
  }
  if (is_wanted(Backend::kEmbedded)) return Backend::kEmbedded;
  return std::nullopt;
}

Condition Supervision::condition() const {
  if (mode_ == Mode::kOff) return {State::kOff, {}};
  const auto used = this->used();
  if (!used && mode_ == Mode::kAuto) return {State::kStarting, {}};
  const Backend backend = used.value_or(Backend::kDaemon);
  const ChildLife& life = of(backend);
  const std::string trouble = life.trouble();
  if (!life.is_ready() && trouble.empty()) return {State::kStarting, {}};
  if (life.is_ready() && backend == Backend::kEmbedded && of(Backend::kDaemon).is_left_waiting())
    return {State::kDegraded,
            std::string(kDaemonSilent) + "; Avahi's embedded core is used in its place"};
  if (!trouble.empty()) return {State::kDegraded, trouble};
  return {backend == Backend::kDaemon ? State::kDaemon : State::kEmbedded, {}};
}

}  // namespace lanyard::discovery
