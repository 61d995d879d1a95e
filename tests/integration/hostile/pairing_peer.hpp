#pragma once

#include <catch2/catch.hpp>

#include "agent/links/secure_link.hpp"
#include "agent/pairing/messages.hpp"
#include "crypto/cpace.hpp"
#include "crypto/pairing_code.hpp"
#include "tests/integration/hostile/agent_process.hpp"

namespace lanyard::hostile {

/// A port of our own, to which an agent may be sent.
class OwnPort {
 public:
  OwnPort();
  OwnPort(const OwnPort&) = delete;
  OwnPort& operator=(const OwnPort&) = delete;
  ~OwnPort();
  [[nodiscard]] std::string address() const;
  /// The next caller; negative if nobody called.
  [[nodiscard]] int accept() const;

 private:
  int socket_ = -1;
};

/// One end of a link that is for pairing, secured with the code that agents use, whose messages are
/// under the hand of a test. Waits for at most kPatience, and gives up by returning nothing.
class PairingPeer {
 public:
  /// A dialer; what it calls for.
  PairingPeer(const crypto::Identity& identity, Rng& rng,
              crypto::LinkPurpose purpose = crypto::LinkPurpose::kPair);
  PairingPeer(const PairingPeer&) = delete;
  PairingPeer& operator=(const PairingPeer&) = delete;
  ~PairingPeer() { hang_up(); }

  /// Calls an agent; then the link is secured.
  [[nodiscard]] bool dial(std::uint16_t port);
  /// Is called by an agent.
  [[nodiscard]] bool answer(const OwnPort& port);

  bool say(ByteView message);
  /// The next message as it is; nothing once the agent has closed the link.
  [[nodiscard]] std::optional<Bytes> hear();
  [[nodiscard]] std::optional<agent::PairingMessage> hear_message();
  /// The agent closes the link and says nothing more.
  [[nodiscard]] bool is_closed() { return !hear() && ended_; }
  void hang_up();

  /// Our side of CPace on this link.
  [[nodiscard]] crypto::Cpace cpace(const crypto::PairingCode& code);
  [[nodiscard]] std::size_t bytes_heard() const { return bytes_heard_; }

 private:
  [[nodiscard]] bool secure();
  [[nodiscard]] bool send(ByteView bytes) const;
  /// Takes what comes next. False once the link has ended.
  bool receive();
  [[nodiscard]] bool take(ByteView bytes);

  DeviceId device_;
  crypto::LinkIdentity identity_;
  crypto::LinkPurpose purpose_;
  Rng& rng_;
  int socket_ = -1;
  std::optional<agent::SecureLink> link_;
  std::optional<agent::ProvenPeer> agent_;
  std::deque<Bytes> messages_;
  std::size_t bytes_heard_ = 0;
  bool ended_ = false;
};

/// `lanyard pair` and `lanyard pair CODE` by the control socket.
class PairingClient {
 public:
  explicit PairingClient(const AgentProcess& agent) : control_(agent.connect()) {}

  /// Shows a code.
  [[nodiscard]] crypto::PairingCode open();
  void close();
  /// The same where there is nothing to close.
  void close_nothing() { REQUIRE(control_.call("pair.close", "{}")); }
  /// Types a code there. Its person says yes if it is asked.
  void join(const crypto::PairingCode& code, const std::string& address);
  void say_yes();
  /// The next event of either, or its result; an error's text is `error`.
  [[nodiscard]] Json next();
  /// Until the result or error, passing over events.
  [[nodiscard]] Json end();

 private:
  agent::ControlClient control_;
  std::int64_t request_ = 0;
};

/// Any code but this one.
[[nodiscard]] crypto::PairingCode other_code(const crypto::PairingCode& code);

}  // namespace lanyard::hostile
