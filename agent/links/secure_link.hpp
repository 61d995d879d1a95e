#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "crypto/link_handshake.hpp"
#include "replication/wire/framing.hpp"
#include "replication/wire/version.hpp"

namespace lanyard::agent {

/// Who is at the other end, and what the dialer of the two wants.
struct ProvenPeer {
  DeviceId device;
  crypto::LinkPurpose purpose = crypto::LinkPurpose::kSync;
  crypto::HandshakeHash handshake_hash;
};

/// One end of a link without its socket: preface, handshake, frames, messages. Pure: bytes in,
/// bytes and messages out. The first failure is the last; the other side is told nothing, the
/// socket is closed.
class SecureLink {
 public:
  struct Heard {
    Bytes to_send;                   ///< goes out first; nothing if empty
    std::optional<ProvenPeer> peer;  ///< set once: the moment the other side is proven
    std::vector<Bytes> messages;     ///< whole messages, in order
    std::optional<Error> failure;    ///< set once: close the link, after `to_send`
  };

  /// `own` and `rng` outlive this.
  SecureLink(crypto::Role role, crypto::LinkPurpose purpose, const crypto::LinkIdentity& own,
             crypto::LinkHandshake::Accepts accepts, Rng& rng);

  /// What a dialer sends before it has heard anything; empty for a listener.
  [[nodiscard]] Bytes start();
  /// Takes what the socket brought, cut anywhere, up to the moment at which the other side is
  /// proven: what came behind that is taken by the next call, which may bring nothing more. Else it
  /// holds back at most one frame and one message.
  [[nodiscard]] Heard hear(ByteView bytes);
  /// From here on messages may be as large as any: before, a stranger's are small.
  void trust() { message_bytes_max_ = limits::kMessageBytesMax; }
  /// The sealed frames of a message. Only once the peer is proven.
  [[nodiscard]] Result<Bytes> seal(ByteView message);

  [[nodiscard]] crypto::Role role() const { return role_; }
  [[nodiscard]] bool is_open() const { return cipher_.has_value(); }

 private:
  [[nodiscard]] Status take(Heard& heard, bool& more);
  [[nodiscard]] Status take_preface(Heard& heard);
  [[nodiscard]] Status begin_handshake(const wire::Preface& dialers, const wire::Preface& listeners,
                                       Heard& heard);
  [[nodiscard]] Status take_handshake(ByteView message, Heard& heard);
  [[nodiscard]] Status take_frame(ByteView frame, Heard& heard);

  crypto::Role role_;
  crypto::LinkPurpose purpose_;
  const crypto::LinkIdentity& own_;
  crypto::LinkHandshake::Accepts accepts_;
  Rng& rng_;
  Bytes buffer_;
  std::optional<crypto::LinkHandshake> handshake_;
  std::optional<crypto::LinkCipher> cipher_;
  wire::FrameJoin join_;
  std::size_t message_bytes_max_ = limits::kStrangersMessageBytesMax;
  Bytes plain_;
};

}  // namespace lanyard::agent
