#pragma once

#include <map>
#include <memory>

#include "crypto/identity.hpp"
#include "replication/ports.hpp"

namespace lanyard::crypto {

/// The epoch keys of one space. What is made of them is part of the stored and sent format:
///
///   epoch id   first 16 bytes of BLAKE2b-256("lanyard-epoch-v1", key)
///   nonce key  BLAKE2b-256(key = epoch key, "lanyard-nonce-v1")
///   nonce      first 24 bytes of BLAKE2b-256(key = nonce key, log id, seq, plain)
///   sealed     nonce || XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03; epoch key, nonce, plain,
///              associated data = log id || seq || epoch id), 40 bytes longer than plain
///   grant      crypto_box_seal of the key to the X25519 form of the device key, 80 bytes
///
/// seq is 8 bytes big-endian. The id commits to the key, so one payload cannot open differently
/// under two keys of one name. For one thread at a time.
class SpaceKeys final : public Cipher {
 public:
  /// Both outlive this.
  SpaceKeys(const Identity& identity, Rng& rng);
  SpaceKeys(const SpaceKeys&) = delete;
  SpaceKeys& operator=(const SpaceKeys&) = delete;

  [[nodiscard]] bool holds(const EpochId& epoch) const override;
  /// As the port says. `plain` does not lie in `out`, whose memory is used again.
  [[nodiscard]] Status seal(const EpochId& epoch, const LogId& log, Seq seq, ByteView plain,
                            Bytes& out) const override;
  /// As the port says. `sealed` does not lie in `out`, which is empty after a failure.
  [[nodiscard]] Status open(const EpochId& epoch, const LogId& log, Seq seq, ByteView sealed,
                            Bytes& out) const override;
  [[nodiscard]] EpochId make_epoch() override;
  /// As the port says; kMissingKey, and kMalformed if `to` is not a key.
  [[nodiscard]] Result<Bytes> grant(const EpochId& epoch, const DeviceId& to) const override;
  [[nodiscard]] Status take_grant(const EpochId& epoch, ByteView sealed) override;

 private:
  struct EpochKeys {
    Secret<32> key;
    Secret<32> nonce_key;
  };
  [[nodiscard]] Result<const EpochKeys*> keys_of(const EpochId& epoch) const;
  [[nodiscard]] Status open_into(const EpochId& epoch, const LogId& log, Seq seq, ByteView sealed,
                                 Bytes& out) const;
  void hold(const EpochId& epoch, Secret<32> key);

  const Identity& identity_;
  Rng& rng_;
  std::map<EpochId, EpochKeys> epochs_;
};

/// Makes each room its own SpaceKeys. Both arguments outlive all of them and are used on their
/// threads.
class SpaceKeysFactory final : public CipherFactory {
 public:
  SpaceKeysFactory(const Identity& identity, Rng& rng) : identity_(identity), rng_(rng) {}
  [[nodiscard]] std::unique_ptr<Cipher> make() const override;

 private:
  const Identity& identity_;
  Rng& rng_;
};

}  // namespace lanyard::crypto
