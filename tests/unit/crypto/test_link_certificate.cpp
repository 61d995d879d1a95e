#include "crypto/link_certificate.hpp"

#include "crypto/identity.hpp"
#include "tests/unit/crypto/crypto_test.hpp"

namespace lanyard::crypto {
namespace {

TEST_CASE("a link certificate has the bytes that an independent program gives") {
  ScriptedRng rng(*from_hex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"));
  const auto identity = Identity::make_ephemeral(rng);
  const auto noise_static = *X25519Public::from(Bytes(32, 0x22));
  const auto certificate = certify(identity, noise_static);
  CHECK(is_certified(certificate, noise_static));
  CHECK_FALSE(is_certified(certificate, X25519Public()));
  CHECK(to_hex(encode(certificate)) ==
        "92c42003a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8c440b9a376f633825b0f"
        "98370b827ff06aa681a1d7b48bddd14a898d5fdb4564676ca83c6b95efc66793e77a7944dc95d504a1d9bf0c5d"
        "9418049af635a73a08410a");
}

TEST_CASE("a link certificate has one encoding and nothing else is read as one") {
  RepeatableRng rng;
  const auto certificate = certify(Identity::make_ephemeral(rng), X25519Public());
  const Bytes good = encode(certificate);
  REQUIRE(good.size() == LinkCertificate::kEncodedSize);
  CHECK(decode_link_certificate(good) == certificate);
  for (std::size_t size = 0; size < good.size(); ++size)
    CHECK(code_of(decode_link_certificate(ByteView(good).first(size))) == Code::kMalformed);
  Bytes longer = good;
  longer.push_back(0);
  CHECK(code_of(decode_link_certificate(longer)) == Code::kMalformed);
  for (const std::size_t structural : {0, 1, 2, 35, 36}) {
    for (unsigned bit = 0; bit < 8; ++bit)
      CHECK(code_of(decode_link_certificate(flipped(good, structural, bit))) == Code::kMalformed);
  }
}

}  // namespace
}  // namespace lanyard::crypto
