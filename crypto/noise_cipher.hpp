#pragma once

#include <cstdint>

#include "crypto/secret.hpp"
#include "replication/types/result.hpp"

namespace lanyard::crypto {

/// One direction of a Noise connection after its key is known: the CipherState of the Noise
/// framework (rev 34, sections 5.1 and 12.3) with ChaCha20-Poly1305 (RFC 8439). Each call uses the
/// next nonce; both sides so agree on order and completeness without a word on the wire. The first
/// failure is the last: the key is wiped and every later call is kProtocol. Moved from is the same.
class CipherState {
 public:
  static constexpr std::size_t kTagSize = 16;

  /// `nonce` is where to begin, 0 but in tests (SetNonce).
  explicit CipherState(Secret<32> key, std::uint64_t nonce = 0);
  ~CipherState() = default;
  CipherState(CipherState&& other) noexcept;
  CipherState& operator=(CipherState&& other) noexcept;
  CipherState(const CipherState&) = delete;
  CipherState& operator=(const CipherState&) = delete;

  /// Appends the sealed bytes to `out`, kTagSize more than `plain`. kProtocol when the nonces are
  /// used up: 2^64 - 1 is reserved, and none is ever used twice. `plain` does not lie in `out`.
  [[nodiscard]] Status encrypt(ByteView associated, ByteView plain, Bytes& out);
  /// Appends the plain bytes to `out`, or nothing: kUnauthenticated if they are not what the other
  /// side sealed as its next. `sealed` does not lie in `out`.
  [[nodiscard]] Status decrypt(ByteView associated, ByteView sealed, Bytes& out);

 private:
  [[nodiscard]] Status check_usable();
  void give_up() noexcept;

  Secret<32> key_;
  std::uint64_t nonce_;
  bool usable_ = true;
};

}  // namespace lanyard::crypto
