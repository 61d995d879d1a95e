#include "crypto/sodium.hpp"

#include <sodium.h>

namespace lanyard::crypto {

Status init() {
  static const int outcome = sodium_init();
  if (outcome < 0)
    return fail(Error(std::make_error_code(std::errc::not_supported),
                      "the system gives no random numbers", "Check that /dev/urandom is there."));
  return {};
}

void SystemRng::fill(std::span<std::uint8_t> out) {
  if (!out.empty()) randombytes_buf(out.data(), out.size());
}

Hash SodiumHasher::hash(std::initializer_list<ByteView> parts) const {
  crypto_generichash_state state;
  Hash hash;
  crypto_generichash_init(&state, nullptr, 0, Hash::kSize);
  for (const ByteView part : parts) crypto_generichash_update(&state, part.data(), part.size());
  crypto_generichash_final(&state, hash.bytes.data(), Hash::kSize);
  return hash;
}

bool SodiumVerifier::verify(const DeviceId& device, ByteView message,
                            const Signature& signature) const {
  return crypto_sign_verify_detached(signature.bytes.data(), message.data(), message.size(),
                                     device.bytes.data()) == 0;
}

}  // namespace lanyard::crypto
