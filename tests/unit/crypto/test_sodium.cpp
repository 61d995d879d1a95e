#include "crypto/identity.hpp"
#include "tests/unit/crypto/crypto_test.hpp"

namespace lanyard::crypto {
namespace {

TEST_CASE("libsodium can be prepared any number of times") {
  CHECK(init());
  CHECK(init());
}

TEST_CASE("the hasher gives BLAKE2b-256") {
  // Python's hashlib.blake2b(digest_size=32).
  CHECK(to_hex(SodiumHasher().hash({}).view()) ==
        "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8");
  CHECK(to_hex(SodiumHasher().hash({as_bytes("abc")}).view()) ==
        "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
}

TEST_CASE("hashed parts follow each other without a trace of where they were cut") {
  const SodiumHasher hasher;
  CHECK(hasher.hash({as_bytes("a"), {}, as_bytes("bc")}) == hasher.hash({as_bytes("abc")}));
}

TEST_CASE("the system's random numbers do not repeat") {
  SystemRng rng;
  std::array<std::uint8_t, 32> first{};
  std::array<std::uint8_t, 32> second{};
  rng.fill(first);
  rng.fill(second);
  rng.fill({});
  CHECK(first != second);
}

TEST_CASE("a signature verifies for its device, its message and its own bytes only") {
  RepeatableRng rng;
  const auto alice = Identity::make_ephemeral(rng);
  const auto bob = Identity::make_ephemeral(rng);
  const SodiumVerifier verifier;
  const ByteView message = as_bytes("a message");
  const Signature signature = alice.sign(message);
  CHECK(verifier.verify(alice.device(), message, signature));
  CHECK_FALSE(verifier.verify(bob.device(), message, signature));
  CHECK_FALSE(verifier.verify(alice.device(), as_bytes("a messagf"), signature));
  CHECK_FALSE(verifier.verify(alice.device(), {}, signature));
  for (std::size_t i = 0; i < Signature::kSize; ++i) {
    const auto changed = *Signature::from(flipped(signature.view(), i));
    CHECK_FALSE(verifier.verify(alice.device(), message, changed));
  }
}

TEST_CASE("a device key of small order verifies nothing") {
  // The neutral element: with it, R = S * B holds for any message, and S = 0, R = neutral fits.
  DeviceId neutral;
  neutral.bytes[0] = 1;
  Signature signature;
  signature.bytes[0] = 1;
  CHECK_FALSE(SodiumVerifier().verify(neutral, as_bytes("anything"), signature));
  CHECK_FALSE(SodiumVerifier().verify(DeviceId(), as_bytes("anything"), Signature()));
}

}  // namespace
}  // namespace lanyard::crypto
