#include "crypto/x25519.hpp"

#include <sodium.h>

namespace lanyard::crypto {

X25519KeyPair x25519_pair_of(X25519Secret secret) {
  X25519KeyPair pair;
  crypto_scalarmult_curve25519_base(pair.public_key.bytes.data(), secret.view().data());
  pair.secret = std::move(secret);
  return pair;
}

Result<Secret<32>> x25519(const X25519Secret& own, const X25519Public& other) {
  Secret<32> shared;
  const int outcome =
      crypto_scalarmult_curve25519(shared.writable().data(), own.view().data(), other.bytes.data());
  // libsodium refuses small orders; that no key is ever all zeros must not hang on its version.
  if (outcome != 0 || shared == Secret<32>())
    return fail(Code::kUnauthenticated, "a public key of small order");
  return shared;
}

}  // namespace lanyard::crypto
