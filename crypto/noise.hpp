#pragma once

#include <optional>

#include "crypto/noise_symmetric.hpp"
#include "crypto/x25519.hpp"

namespace lanyard::crypto {

enum class Role { kInitiator, kResponder };

/// What a finished handshake leaves behind.
struct NoiseTransport {
  CipherState send;
  CipherState receive;
  HandshakeHash handshake_hash;
};

/// One side of a handshake Noise_XX_25519_ChaChaPoly_SHA256 (The Noise Protocol Framework, rev 34):
///
///     -> e
///     <- e, ee, s, es
///     -> s, se
///
/// Proves to each side that the other holds the secret of its static key; whose key that is, the
/// payloads of messages two and three must say. Pure but for the Rng, from which the ephemeral key
/// comes. The first failure is the last: every later call is kProtocol.
class NoiseHandshake {
 public:
  static constexpr std::size_t kMessageBytesMax = 65'535;

  /// Both sides must have the same prologue. `own_static` and `rng` outlive this.
  NoiseHandshake(Role role, const X25519KeyPair& own_static, ByteView prologue, Rng& rng);

  /// Our next message with `payload` inside: readable by all in message one, by whoever answered in
  /// message two, by the authenticated responder alone in message three (rev 34, section 7.7).
  /// kProtocol if it is not our turn, kTooLarge if it becomes too long for Noise, kUnauthenticated
  /// if the other side's ephemeral key is of small order.
  [[nodiscard]] Result<Bytes> write_message(ByteView payload);
  /// The payload of the other side's next message. kProtocol if it is not its turn, kTooLarge,
  /// kMalformed if it is too short, kUnauthenticated if anything in it or before it was changed.
  [[nodiscard]] Result<Bytes> read_message(ByteView message);

  /// Known after message two (initiator) or three (responder) was read.
  [[nodiscard]] const std::optional<X25519Public>& remote_static() const { return remote_static_; }
  /// True between the third message and split().
  [[nodiscard]] bool is_complete() const;
  /// Ends the handshake. kProtocol before the third message, and a second time.
  [[nodiscard]] Result<NoiseTransport> split();

 private:
  enum class Token : std::uint8_t;
  [[nodiscard]] std::span<const Token> tokens() const;
  [[nodiscard]] Status check_turn(bool writing) const;
  [[nodiscard]] Result<Bytes> write(ByteView payload);
  [[nodiscard]] Result<Bytes> read(ByteView message);
  [[nodiscard]] Status write_token(Token token, Bytes& message);
  [[nodiscard]] Status read_token(Token token, ByteView& rest);
  [[nodiscard]] Status read_static(ByteView& rest);
  [[nodiscard]] Status mix_shared(Token token);
  void finish_turn(bool well);

  Role role_;
  const X25519KeyPair& own_static_;
  Rng& rng_;
  SymmetricState symmetric_;
  std::optional<X25519KeyPair> own_ephemeral_;
  std::optional<X25519Public> remote_ephemeral_;
  std::optional<X25519Public> remote_static_;
  std::size_t messages_done_ = 0;
  bool over_ = false;
};

}  // namespace lanyard::crypto
