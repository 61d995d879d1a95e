#pragma once

#include <array>
#include <optional>
#include <string>

#include "discovery/backoff.hpp"
#include "discovery/pipe_message.hpp"

/// What the agent decides about its discovery children. Pure: time and chance are arguments.
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

/// The lives of one child, one after the other: when to kill one that is silent, and when to start
/// the next one.
class ChildLife {
 public:
  /// Reports come once a second.
  static constexpr int kSilentTicksMax = 6;
  /// A call to a daemon that hangs takes 25 s: who is in one comes back by itself.
  static constexpr int kCallTicksMax = 60;
  static constexpr Tick kFirstRestart{1000};
  static constexpr Tick kLastRestart{60'000};
  /// What lasts this long has recovered: the next failure is a first one again.
  static constexpr Tick kSteady{60'000};

  /// `asks_daemon`: its calls may take long for another one's fault.
  explicit ChildLife(bool asks_daemon) : asks_daemon_(asks_daemon) {}

  /// The child could not be started, or has ended, or was killed for its silence.
  void ended(std::string why, Rng& rng, Tick now);
  void started(Tick now);
  void heard(const Report& report);
  /// Something came from the child.
  void alive() { silent_ticks_ = 0; }
  /// Once a second. True: it has been silent for too long; kill it, and call ended().
  [[nodiscard]] bool ticked();

  [[nodiscard]] bool is_running() const { return is_running_; }
  [[nodiscard]] bool should_start(Tick now) const;
  /// Runs, has not said yet what is the matter, and may still do so at once.
  [[nodiscard]] bool is_beginning() const;
  /// It said that it may be used, and has not fallen silent since.
  [[nodiscard]] bool is_ready() const;
  /// The daemon that it speaks to does not answer.
  [[nodiscard]] bool is_left_waiting() const;
  /// For people: why it is not ready, or what is wrong with it all the same; empty: all is well, or
  /// not known yet.
  [[nodiscard]] std::string trouble() const;

 private:
  [[nodiscard]] bool may_be_in_a_call() const;

  bool asks_daemon_;
  bool is_running_ = false;
  int silent_ticks_ = 0;
  std::optional<Report> last_;  ///< of this life
  bool is_asking_ = false;      ///< has said since that it makes calls to the daemon
  std::string why_ended_;
  std::optional<Tick> start_at_;
  std::optional<Tick> running_since_;
  Backoff restart_{kFirstRestart, kLastRestart};
};

/// Which of the two children there should be, and which one of them is used: the daemon's as soon
/// as it is ready; the embedded core's at all other times.
class Supervision {
 public:
  Supervision(Mode mode, Rng& rng) : mode_(mode), rng_(rng) {}

  void ended(Backend child, std::string why, Tick now) {
    of(child).ended(std::move(why), rng_, now);
  }
  void started(Backend child, Tick now) { of(child).started(now); }
  void heard(Backend child, const Report& report) { of(child).heard(report); }
  void alive(Backend child) { of(child).alive(); }
  /// Once a second. True: kill it, and call ended().
  [[nodiscard]] bool ticked(Backend child) { return of(child).ticked(); }

  /// Whether the mode wants this child at all.
  [[nodiscard]] bool is_wanted(Backend child) const;
  [[nodiscard]] bool should_start(Backend child, Tick now) const {
    return is_wanted(child) && of(child).should_start(now);
  }
  /// The one that is to announce and browse; nothing while that is not known yet, and never with
  /// Mode::kOff.
  [[nodiscard]] std::optional<Backend> used() const;
  [[nodiscard]] Condition condition() const;

 private:
  [[nodiscard]] const ChildLife& of(Backend child) const {
    return lives_.at(static_cast<std::size_t>(child));
  }
  ChildLife& of(Backend child) { return lives_.at(static_cast<std::size_t>(child)); }

  Mode mode_;
  Rng& rng_;
  std::array<ChildLife, kBackends.size()> lives_{ChildLife(true), ChildLife(false)};
};

}  // namespace lanyard::discovery
