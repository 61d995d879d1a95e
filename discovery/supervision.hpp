#pragma once

#include <optional>
#include <string>

#include "discovery/backoff.hpp"
#include "discovery/pipe_message.hpp"

/// What the agent decides about its discovery child. Pure: time and chance are arguments.
namespace lanyard::discovery {

enum class Mode { kAuto, kAvahi, kEmbedded, kOff };

enum class State {
  kOff,
  kStarting,
  kDaemon,    ///< through the system's Avahi daemon
  kEmbedded,  ///< through Avahi's core in a process of our own
  kDegraded,  ///< not, or not as it should be: see the reason
};

struct Condition {
  State state = State::kOff;
  std::string reason;  ///< for people, a sentence without its full stop; empty: all is well
  friend bool operator==(const Condition&, const Condition&) = default;
};

/// Runs a life of the child after the other: when to kill one that is silent, when to start the
/// next one, and whether the daemon is to be tried, which may make it hang.
class Supervision {
 public:
  /// Reports come once a second. Avahi's calls to a daemon that hangs take 25 s.
  static constexpr int kSilentTicksMax = 6;
  static constexpr Tick kFirstRestart{1000};
  static constexpr Tick kLastRestart{60'000};
  static constexpr Tick kFirstTrust{60'000};
  static constexpr Tick kLastTrust{15 * 60'000};
  /// What lasts this long has recovered: the next failure is a first one again.
  static constexpr Tick kSteady{60'000};

  Supervision(Mode mode, Rng& rng) : mode_(mode), rng_(rng) {}

  /// The child could not be started, or has ended, or was killed for its silence.
  void ended(std::string why, Tick now);
  void started(Tick now);
  void heard(const Report& report, Tick now);
  /// Something came from the child.
  void alive() { silent_ticks_ = 0; }
  /// Once a second. True: the child has been silent for too long; kill it, and call ended().
  [[nodiscard]] bool ticked();

  [[nodiscard]] bool is_running() const { return is_running_; }
  /// When to start the next child; nothing while one runs, and never with Mode::kOff.
  [[nodiscard]] bool should_start(Tick now) const;
  [[nodiscard]] bool may_use_daemon(Tick now) const;
  [[nodiscard]] bool may_use_embedded() const {
    return mode_ == Mode::kAuto || mode_ == Mode::kEmbedded;
  }
  [[nodiscard]] Condition condition() const;

 private:
  Mode mode_;
  Rng& rng_;
  bool is_running_ = false;
  int silent_ticks_ = 0;
  Report last_;
  bool has_reported_ = false;
  bool is_asking_daemon_ = false;
  std::string why_ended_;
  std::optional<Tick> start_at_;
  std::optional<Tick> running_since_;
  Backoff restart_{kFirstRestart, kLastRestart};
  bool is_daemon_blamed_ = false;
  std::optional<Tick> distrust_until_;
  std::optional<Tick> daemon_since_;
  Backoff trust_{kFirstTrust, kLastTrust};
};

}  // namespace lanyard::discovery
