#pragma once

#include <map>
#include <memory>

#include "replication/ports.hpp"

/// The simulated side of replication/ports.hpp: the same shapes, sizes and refusals as the real
/// crypto, hundreds of times faster, and the same on every machine. Proves nothing about secrecy:
/// whoever knows a device id can sign for it.
namespace lanyard::support {

class SimHasher final : public Hasher {
 public:
  [[nodiscard]] Hash hash(std::initializer_list<ByteView> parts) const override;
};

class SimSigner final : public Signer {
 public:
  explicit SimSigner(const DeviceId& device) : device_(device) {}
  [[nodiscard]] DeviceId device() const override { return device_; }
  [[nodiscard]] Signature sign(ByteView message) const override;

 private:
  DeviceId device_;
};

class SimVerifier final : public Verifier {
 public:
  [[nodiscard]] bool verify(const DeviceId& device, ByteView message,
                            const Signature& signature) const override;
  /// How many signatures it was asked about.
  [[nodiscard]] std::size_t asked() const { return asked_; }

 private:
  mutable std::size_t asked_ = 0;
};

/// `rng` outlives it.
class SimCipher final : public Cipher {
 public:
  SimCipher(const DeviceId& self, Rng& rng) : self_(self), rng_(rng) {}

  [[nodiscard]] bool holds(const EpochId& epoch) const override { return keys_.contains(epoch); }
  [[nodiscard]] Status seal(const EpochId& epoch, const LogId& log, Seq seq, ByteView plain,
                            Bytes& out) const override;
  [[nodiscard]] Status open(const EpochId& epoch, const LogId& log, Seq seq, ByteView sealed,
                            Bytes& out) const override;
  [[nodiscard]] EpochId make_epoch() override;
  [[nodiscard]] Result<Bytes> grant(const EpochId& epoch, const DeviceId& to) const override;
  [[nodiscard]] Status take_grant(const EpochId& epoch, ByteView sealed) override;

 private:
  DeviceId self_;
  Rng& rng_;
  std::map<EpochId, Hash> keys_;
};

class SimCipherFactory final : public CipherFactory {
 public:
  SimCipherFactory(const DeviceId& self, Rng& rng) : self_(self), rng_(rng) {}
  [[nodiscard]] std::unique_ptr<Cipher> make() const override {
    return std::make_unique<SimCipher>(self_, rng_);
  }

 private:
  DeviceId self_;
  Rng& rng_;
};

}  // namespace lanyard::support
