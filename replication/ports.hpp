#pragma once

#include <initializer_list>
#include <memory>
#include <span>

#include "replication/types/ids.hpp"
#include "replication/types/result.hpp"

/// What the pure rooms ask of the outside world. Each has two implementations: the real one
/// (crypto/) and a simulated one (tests/support). None of them blocks, and none keeps state that
/// changes what another call answers, except Rng.
namespace lanyard {

class Hasher {
 public:
  virtual ~Hasher() = default;
  /// BLAKE2b-256 (RFC 7693) of the parts, one after the other.
  [[nodiscard]] virtual Hash hash(std::initializer_list<ByteView> parts) const = 0;
};

class Signer {
 public:
  virtual ~Signer() = default;
  [[nodiscard]] virtual DeviceId device() const = 0;
  /// Ed25519 (RFC 8032) with the device's key. Callers put a domain label in front of what they
  /// sign.
  [[nodiscard]] virtual Signature sign(ByteView message) const = 0;
};

class Verifier {
 public:
  virtual ~Verifier() = default;
  [[nodiscard]] virtual bool verify(const DeviceId& device, ByteView message,
                                    const Signature& signature) const = 0;
};

/// The epoch keys of one space. Keys never leave it: they are made, granted, taken and used inside.
class Cipher {
 public:
  virtual ~Cipher() = default;
  [[nodiscard]] virtual bool holds(const EpochId& epoch) const = 0;

  /// out = nonce (24 bytes) || XChaCha20-Poly1305(plain), see docs/PROTOCOL.md. The nonce is
  /// derived from the content, so the same arguments give the same bytes. kMissingKey where the
  /// epoch's key is not held.
  [[nodiscard]] virtual Status seal(const EpochId& epoch, const LogId& log, Seq seq, ByteView plain,
                                    Bytes& out) const = 0;
  /// The reverse. kBadSeal if it does not open, or if its nonce is not the one that its content
  /// gives.
  [[nodiscard]] virtual Status open(const EpochId& epoch, const LogId& log, Seq seq,
                                    ByteView sealed, Bytes& out) const = 0;

  /// Makes a fresh random key, holds it, and returns the name that commits to it.
  [[nodiscard]] virtual EpochId make_epoch() = 0;
  /// The epoch's key in a crypto_box_seal to the X25519 form of the device's key.
  [[nodiscard]] virtual Result<Bytes> grant(const EpochId& epoch, const DeviceId& to) const = 0;
  /// Opens a grant addressed to this device and holds the key. kBadSeal unless it opens and hashes
  /// to `epoch`.
  [[nodiscard]] virtual Status take_grant(const EpochId& epoch, ByteView sealed) = 0;
};

/// Each room that needs one space's keys makes its own Cipher and feeds it the grants of that
/// space's log.
class CipherFactory {
 public:
  virtual ~CipherFactory() = default;
  [[nodiscard]] virtual std::unique_ptr<Cipher> make() const = 0;
};

class Rng {
 public:
  virtual ~Rng() = default;
  virtual void fill(std::span<std::uint8_t> out) = 0;
};

}  // namespace lanyard
