#include "crypto/link_certificate.hpp"

#include "crypto/sodium.hpp"

namespace lanyard::crypto {
namespace {

constexpr std::string_view kLabel = "lanyard-noise-static-v1";
constexpr std::array<std::uint8_t, 3> kBeforeDevice{0x92, 0xc4, DeviceId::kSize};
constexpr std::array<std::uint8_t, 2> kBeforeSignature{0xc4, Signature::kSize};
constexpr std::size_t kSignatureOffset =
    kBeforeDevice.size() + DeviceId::kSize + kBeforeSignature.size();
static_assert(kSignatureOffset + Signature::kSize == LinkCertificate::kEncodedSize);

Bytes signed_bytes(const X25519Public& noise_static) {
  Bytes bytes = to_bytes(as_bytes(kLabel));
  append(bytes, noise_static.view());
  return bytes;
}

}  // namespace

LinkCertificate certify(const Signer& signer, const X25519Public& noise_static) {
  return {signer.device(), signer.sign(signed_bytes(noise_static))};
}

bool is_certified(const LinkCertificate& certificate, const X25519Public& noise_static) {
  return SodiumVerifier().verify(certificate.device, signed_bytes(noise_static),
                                 certificate.signature);
}

Bytes encode(const LinkCertificate& certificate) {
  Bytes bytes;
  bytes.reserve(LinkCertificate::kEncodedSize);
  append(bytes, kBeforeDevice);
  append(bytes, certificate.device.view());
  append(bytes, kBeforeSignature);
  append(bytes, certificate.signature.view());
  return bytes;
}

Result<LinkCertificate> decode_link_certificate(ByteView bytes) {
  if (bytes.size() == LinkCertificate::kEncodedSize) {
    const auto device = DeviceId::from(bytes.subspan(kBeforeDevice.size(), DeviceId::kSize));
    const auto signature = Signature::from(bytes.subspan(kSignatureOffset));
    const LinkCertificate certificate{*device, *signature};
    // There is one encoding, so what does not come back the same was not made by encode().
    if (equal(encode(certificate), bytes)) return certificate;
  }
  return fail(Code::kMalformed, "not a certificate for a link");
}

}  // namespace lanyard::crypto
