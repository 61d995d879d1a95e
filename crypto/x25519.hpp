#pragma once

#include "crypto/secret.hpp"
#include "replication/ports.hpp"
#include "replication/types/result.hpp"

namespace lanyard::crypto {

using X25519Public = FixedBytes<struct X25519PublicTag, 32>;
using X25519Secret = Secret<32>;

struct X25519KeyPair {
  X25519Secret secret;
  X25519Public public_key;
};

/// The pair that belongs to a secret (RFC 7748, 6.1). Every 32 bytes are a secret.
[[nodiscard]] X25519KeyPair x25519_pair_of(X25519Secret secret);

/// X25519 (RFC 7748, 5). kUnauthenticated if the result is all zeros, which a public key of small
/// order gives whatever our secret is: who sends one wants a key that everybody knows.
[[nodiscard]] Result<Secret<32>> x25519(const X25519Secret& own, const X25519Public& other);

}  // namespace lanyard::crypto
