#pragma once

#include <filesystem>

#include "crypto/secret.hpp"
#include "replication/ports.hpp"

namespace lanyard::crypto {

/// Who this device is: its Ed25519 key. What it can do is sign, and open what was sealed to it; the
/// key itself never leaves it. Const use is safe on every thread.
///
/// The file `identity.key`, 48 bytes:
///   7  "LNYDKEY"
///   1  version, 1
///  32  Ed25519 seed (RFC 8032, 5.1.5)
///   8  first bytes of BLAKE2b-256("lanyard-identity-v1", the 40 bytes before): against bit rot and
///      half copies. A damaged seed would be another device, without a word.
class Identity final : public Signer {
 public:
  /// kUnsafePermissions if others than the owner can read or write the file, or could have;
  /// kCorrupt if it is not what we wrote; kNewerVersion; kNotFound; and as read_private_file.
  [[nodiscard]] static Result<Identity> load(const std::filesystem::path& file);
  /// Where there is no file, makes a key and the file, durably: an identity that was told to a peer
  /// is never lost to a power cut. Otherwise as load(). Of several callers at once, all get one
  /// key.
  [[nodiscard]] static Result<Identity> load_or_create(const std::filesystem::path& file, Rng& rng);
  /// Lives in memory only.
  [[nodiscard]] static Identity make_ephemeral(Rng& rng);

  [[nodiscard]] DeviceId device() const override { return device_; }
  [[nodiscard]] Signature sign(ByteView message) const override;

  /// Opens a crypto_box_seal (libsodium, "sealed boxes") to the X25519 form of the device key into
  /// `out`. kBadSeal if it is not addressed to this device, or its content is not `out.size()`
  /// long; `out` is then all zeros.
  [[nodiscard]] Status open_box(ByteView sealed, std::span<std::uint8_t> out) const;

 private:
  explicit Identity(const Secret<32>& seed);

  DeviceId device_;
  /// The seed and the public key, as libsodium wants them.
  Secret<64> key_;
};

/// A crypto_box_seal of `plain` that only `to` can open, 48 bytes longer than it. kMalformed if
/// `to` is not a key that could ever have signed anything.
[[nodiscard]] Result<Bytes> seal_box(const DeviceId& to, ByteView plain);

}  // namespace lanyard::crypto
