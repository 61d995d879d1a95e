#pragma once

#include <atomic>

#include "crypto/link_handshake.hpp"
#include "replication/wire/codec.hpp"
#include "replication/wire/framing.hpp"
#include "replication/wire/version.hpp"

namespace lanyard::hostile {

/// One link to an agent, dialled and secured with the code that agents use, and then under the hand
/// of a test: it can say messages, bytes that are none, frames of its own making, or anything at
/// all. Waits for at most kPatience, and gives up by returning nothing.
class HostilePeer {
 public:
  /// `identity` and `rng` outlive it.
  HostilePeer(const crypto::Identity& identity, Rng& rng);
  HostilePeer(const HostilePeer&) = delete;
  HostilePeer& operator=(const HostilePeer&) = delete;
  ~HostilePeer();

  // ---- on the way to a link
  [[nodiscard]] bool dial(std::uint16_t port);
  /// Preface, handshake; the link is secured.
  [[nodiscard]] bool shake_hands();
  /// The bytes that begin a handshake once the listener has answered `offer`.
  [[nodiscard]] std::optional<Bytes> first_message();
  /// Bytes as they are. False once the agent has closed the link.
  bool send(ByteView bytes);
  void hang_up();
  /// What the agent was sent on this link, the handshake included.
  [[nodiscard]] std::size_t bytes_sent() const { return sent_; }
  /// The same on all links of all such peers of this program.
  [[nodiscard]] static std::size_t bytes_of_all() { return sent_by_all; }
  /// Exactly so many bytes; nothing if the link ends before.
  [[nodiscard]] std::optional<Bytes> receive(std::size_t size);

  // ---- on the link
  bool say(const wire::Message& message) { return say_bytes(encoded(message)); }
  /// Bytes in place of a message, in the frames that a message would have.
  bool say_bytes(ByteView message) { return send(sealed(message)); }
  /// The bytes of a message, with the names of this link.
  [[nodiscard]] Bytes encoded(const wire::Message& message) { return encode(message, our_names_); }
  /// The sealed frames of a message, with their lengths.
  [[nodiscard]] Bytes sealed(ByteView message);
  /// One sealed frame of any plain bytes, with its length.
  [[nodiscard]] Bytes sealed_frame(ByteView plain);

  /// The agent's next message; nothing once it has closed the link.
  [[nodiscard]] std::optional<wire::Message> hear();
  /// The next one of this type; passes over others.
  template <class T>
  [[nodiscard]] std::optional<T> hear_next() {
    while (auto message = hear()) {
      if (auto* found = std::get_if<T>(&*message)) return std::move(*found);
    }
    return std::nullopt;
  }
  /// Hears until the agent closes the link: true if it does. `bye` is what it said last.
  [[nodiscard]] bool is_closed(std::optional<wire::ByeCode>* bye = nullptr);

 private:
  crypto::LinkIdentity identity_;
  Rng& rng_;
  int socket_ = -1;
  std::optional<crypto::LinkHandshake> handshake_;
  std::optional<crypto::LinkCipher> cipher_;
  wire::FrameJoin join_;
  wire::LinkNames our_names_;
  wire::LinkNames their_names_;
  Bytes incoming_;
  std::size_t taken_ = 0;
  std::size_t sent_ = 0;
  static inline std::atomic<std::size_t> sent_by_all = 0;
  bool ended_ = false;
};

/// Bytes behind their length, as handshake messages and frames travel.
[[nodiscard]] Bytes with_length(ByteView bytes);

}  // namespace lanyard::hostile
