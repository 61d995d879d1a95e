#pragma once

#include <optional>
#include <utility>

#include "crypto/noise_cipher.hpp"

namespace lanyard::crypto {

/// SHA-256 over all that both sides of a handshake have said. Equal on both sides and different in
/// every run: a channel binding (Noise rev 34, section 11.2).
using HandshakeHash = FixedBytes<struct HandshakeHashTag, 32>;

/// What both sides of a handshake know so far: the SymmetricState of the Noise framework (rev 34,
/// section 5.2) for the protocol Noise_XX_25519_ChaChaPoly_SHA256. Once an operation fails, it is
/// of no further use.
class SymmetricState {
 public:
  /// InitializeSymmetric(protocol name), then MixHash(prologue) (5.3, Initialize).
  explicit SymmetricState(ByteView prologue);

  void mix_hash(ByteView data);
  void mix_key(const Secret<32>& input);
  [[nodiscard]] bool has_key() const { return cipher_.has_value(); }

  /// Appends `plain` to `message`, sealed as soon as there is a key.
  [[nodiscard]] Status encrypt_and_hash(ByteView plain, Bytes& message);
  /// The reverse. kUnauthenticated if it does not open.
  [[nodiscard]] Result<Bytes> decrypt_and_hash(ByteView sealed);

  [[nodiscard]] const HandshakeHash& hash() const { return hash_; }
  /// The two directions: first from the initiator to the responder, then back.
  [[nodiscard]] std::pair<CipherState, CipherState> split() const;

 private:
  HandshakeHash hash_;
  Secret<32> chaining_key_;
  std::optional<CipherState> cipher_;
};

}  // namespace lanyard::crypto
