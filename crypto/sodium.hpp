#pragma once

#include "replication/ports.hpp"

namespace lanyard::crypto {

/// Prepares libsodium. To be called before anything else of this room; later calls, from any
/// thread, do nothing and answer the same. Fails only where the system gives no random numbers.
[[nodiscard]] Status init();

/// The system's random numbers (getrandom). Has no state of its own: safe on every thread.
class SystemRng final : public Rng {
 public:
  void fill(std::span<std::uint8_t> out) override;
};

/// BLAKE2b-256 (RFC 7693). Has no state: safe on every thread.
class SodiumHasher final : public Hasher {
 public:
  [[nodiscard]] Hash hash(std::initializer_list<ByteView> parts) const override;
};

/// Ed25519 (RFC 8032), strict: a key or a nonce point of small order, a key that is not canonical
/// and an S that is not reduced never verify. Has no state: safe on every thread.
class SodiumVerifier final : public Verifier {
 public:
  [[nodiscard]] bool verify(const DeviceId& device, ByteView message,
                            const Signature& signature) const override;
};

}  // namespace lanyard::crypto
