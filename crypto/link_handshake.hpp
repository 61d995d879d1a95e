#pragma once

#include <functional>
#include <optional>

#include "crypto/identity.hpp"
#include "crypto/link_certificate.hpp"
#include "crypto/link_cipher.hpp"

namespace lanyard::crypto {

/// What a process is on its links: a Noise static key of its own, made afresh and never stored, and
/// the device's word for it. Const use is safe on every thread.
class LinkIdentity {
 public:
  LinkIdentity(const Signer& device, Rng& rng);

  [[nodiscard]] const DeviceId& device() const { return certificate_.device; }
  [[nodiscard]] const X25519KeyPair& noise_static() const { return noise_static_; }
  [[nodiscard]] const LinkCertificate& certificate() const { return certificate_; }

 private:
  X25519KeyPair noise_static_;
  LinkCertificate certificate_;
};

/// The 8 bytes that the dialer sent first, then the 8 that the listener answered: wire versions, in
/// the clear (docs/PROTOCOL.md, Frames).
using LinkPreface = FixedBytes<struct LinkPrefaceTag, 16>;

/// What a dialer calls for.
enum class LinkPurpose : std::uint8_t {
  kSync = 0,
  kPair = 1,  ///< also where the two know each other already
};

/// A link on which both sides have proven who they are.
struct AuthenticatedLink {
  DeviceId remote;
  LinkPurpose purpose = LinkPurpose::kSync;
  HandshakeHash handshake_hash;
  LinkCipher cipher;
};

/// One side of a link's handshake: Noise XX with the prologue "lanyard-link-v1" || preface, so that
/// nobody between the two can talk them down to an older version; an empty first payload, and a
/// LinkCertificate in each of the other two, behind which the dialer's has one byte more, its
/// LinkPurpose. Without a clock: its owner gives up after
/// limits::kHandshakeTimeMax. The first failure is the last: close the link and tell the other side
/// nothing.
class LinkHandshake {
 public:
  /// No message of a handshake is longer; refuse a longer one before reading it.
  static constexpr std::size_t kMessageBytesMax =
      2 * X25519Public::kSize + LinkCertificate::kEncodedSize + 2 * CipherState::kTagSize;

  /// Whether to go on with a device that has just proven who it is. Asked at most once. A dialer is
  /// asked before it sends the message that would tell the other side who *it* is.
  using Accepts = std::function<bool(const DeviceId& remote)>;

  /// What receive() asks its caller to do, in this order.
  struct Step {
    Bytes to_send;                          ///< nothing if empty
    std::optional<AuthenticatedLink> link;  ///< there once the handshake is over
  };

  /// The initiator dials, and says what for. `own` and `rng` outlive this.
  LinkHandshake(Role role, const LinkIdentity& own, const LinkPreface& preface, LinkPurpose purpose,
                Accepts accepts, Rng& rng);

  /// The dialer's first message, once. kProtocol for a listener.
  [[nodiscard]] Result<Bytes> start();
  /// Takes the other side's next message.
  /// kProtocol: not its turn. kMalformed: cut short, too long, or not a certificate.
  /// kUnauthenticated: changed on the way, not certified by the device it names, or our own device.
  /// kForgotten: not accepted.
  [[nodiscard]] Result<Step> receive(ByteView message);

 private:
  [[nodiscard]] Result<Step> take(ByteView message);
  [[nodiscard]] Result<Step> answer_first(ByteView payload);
  [[nodiscard]] Status identify(ByteView payload);
  [[nodiscard]] Result<AuthenticatedLink> finish();

  Role role_;
  const LinkIdentity& own_;
  LinkPurpose purpose_;  ///< a listener's is what its dialer says
  Accepts accepts_;
  NoiseHandshake noise_;
  std::optional<DeviceId> remote_;
  bool first_is_done_ = false;
  bool over_ = false;
};

}  // namespace lanyard::crypto
