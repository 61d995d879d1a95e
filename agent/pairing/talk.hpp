#pragma once

#include "agent/pairing/messages.hpp"
#include "agent/pairing/window.hpp"

/// The two sides of one pairing, each on one link. Pure: messages in, messages and events out. The
/// first failure is the last: close the link and say nothing.
namespace lanyard::agent {

/// Who talks, and on which link: both put it into CPace, so that nobody can stand between.
struct PairingEnds {
  DeviceId joiner;
  DeviceId host;
  crypto::HandshakeHash handshake;
};

/// The side that shows the code. It talks alike whether a window is open or not: without one it has
/// a code that nobody knows.
class HostTalk {
 public:
  HostTalk(const PairingEnds& ends, PairingWindow& window, Rng& rng)
      : ends_(ends), window_(window), rng_(rng) {}

  enum class Event {
    kNothing,
    kMatched,   ///< the other side knows the code: send welcome() once we know our facts
    kWrong,     ///< it has used up the code: the window shows another one, or is closed
    kAccepted,  ///< its person has said yes: store it, then send done()
  };
  struct Heard {
    Event event = Event::kNothing;
    Bytes to_send;             ///< nothing if empty
    std::optional<Error> end;  ///< close the link
  };
  [[nodiscard]] Heard hear(ByteView message, discovery::Tick now);
  /// Once, after kMatched.
  [[nodiscard]] Bytes welcome(PairingFacts own);
  /// Once, after kAccepted.
  [[nodiscard]] static Bytes done() { return encode(PairDone{}); }

  [[nodiscard]] const DeviceId& joiner() const { return ends_.joiner; }
  /// Six digits, after kMatched.
  [[nodiscard]] std::string check() const { return cpace_->check(); }
  /// After kAccepted.
  [[nodiscard]] const PairingFacts& theirs() const { return *theirs_; }
  [[nodiscard]] DefaultPlan plan() const { return plan_defaults(theirs_->home, own_->home); }

 private:
  [[nodiscard]] Result<Heard> take(const PairingMessage& message, discovery::Tick now);
  [[nodiscard]] Result<Heard> take_share(const PairShare& message, discovery::Tick now);
  [[nodiscard]] Heard take_tag(const PairTag& message, discovery::Tick now);

  enum class Stage { kShare, kTag, kFacts, kAccept, kOver };
  PairingEnds ends_;
  PairingWindow& window_;
  Rng& rng_;
  Stage stage_ = Stage::kShare;
  std::uint64_t serial_ = 0;  ///< of the code that is being tried; 0: one that nobody knows
  std::optional<crypto::Cpace> cpace_;
  std::optional<PairingFacts> own_;
  std::optional<PairingFacts> theirs_;
};

/// The side on which the code is typed.
class JoinTalk {
 public:
  JoinTalk(const PairingEnds& ends, const crypto::PairingCode& code, Rng& rng);

  /// Sent first.
  [[nodiscard]] Bytes start() const { return encode(PairShare{cpace_.share()}); }

  enum class Event {
    kNothing,
    kMatched,  ///< the host has proven to know the code: ask our person, then send accept()
    kDone,     ///< both have stored each other
  };
  struct Heard {
    Event event = Event::kNothing;
    Bytes to_send;
    std::optional<Error> end;
  };
  [[nodiscard]] Heard hear(ByteView message);
  /// Once, after kMatched.
  [[nodiscard]] Bytes accept(const PairingFacts& own);

  [[nodiscard]] const DeviceId& host() const { return host_; }
  [[nodiscard]] std::string check() const { return cpace_.check(); }
  /// The code was tried: it cannot be tried again.
  [[nodiscard]] bool has_guessed() const { return has_guessed_; }
  /// After kMatched.
  [[nodiscard]] const PairingFacts& theirs() const { return *theirs_; }

 private:
  [[nodiscard]] Result<Heard> take(const PairingMessage& message);

  enum class Stage { kShare, kWelcome, kAsk, kDone, kOver };
  DeviceId host_;
  Stage stage_ = Stage::kShare;
  crypto::Cpace cpace_;
  bool has_guessed_ = false;
  std::optional<PairingFacts> theirs_;
};

}  // namespace lanyard::agent
