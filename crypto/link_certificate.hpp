#pragma once

#include "crypto/x25519.hpp"
#include "replication/ports.hpp"

namespace lanyard::crypto {

/// Says that a device stands behind a Noise static key: the payload of the second and third message
/// of a link's handshake. The signature is over "lanyard-noise-static-v1" || the key's 32 bytes.
///
/// Its bytes are the msgpack array [bin 32, bin 64] in its shortest encoding, always 101 of them:
///   0x92  0xc4 0x20 device key  0xc4 0x40 signature
struct LinkCertificate {
  static constexpr std::size_t kEncodedSize = 1 + 2 + DeviceId::kSize + 2 + Signature::kSize;

  DeviceId device;
  Signature signature;
  friend bool operator==(const LinkCertificate&, const LinkCertificate&) = default;
};

[[nodiscard]] LinkCertificate certify(const Signer& signer, const X25519Public& noise_static);
/// True if the certificate's device did sign this key.
[[nodiscard]] bool is_certified(const LinkCertificate& certificate,
                                const X25519Public& noise_static);

[[nodiscard]] Bytes encode(const LinkCertificate& certificate);
/// kMalformed for anything but the bytes that encode() gives.
[[nodiscard]] Result<LinkCertificate> decode_link_certificate(ByteView bytes);

}  // namespace lanyard::crypto
