#include "crypto/hkdf.hpp"

#include <sodium.h>

namespace lanyard::crypto {
namespace {

constexpr std::size_t kHashSize = crypto_auth_hmacsha256_BYTES;
constexpr std::array<std::uint8_t, kHashSize> kNoSalt{};
constexpr std::size_t kOutBytesMax = 255 * kHashSize;

/// HMAC-SHA-256 (RFC 2104) of the parts, one after the other. The key has any size but 0.
Secret<kHashSize> hmac_sha256(ByteView key, std::initializer_list<ByteView> parts) {
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, key.data(), key.size());
  for (const ByteView part : parts) crypto_auth_hmacsha256_update(&state, part.data(), part.size());
  Secret<kHashSize> hash;
  crypto_auth_hmacsha256_final(&state, hash.writable().data());
  sodium_memzero(&state, sizeof state);
  return hash;
}

}  // namespace

Status hkdf_sha256(ByteView salt, ByteView input, ByteView info, std::span<std::uint8_t> out) {
  if (out.size() > kOutBytesMax) return fail(Code::kTooLarge, "HKDF cannot give that much");
  const auto pseudorandom_key = hmac_sha256(salt.empty() ? ByteView(kNoSalt) : salt, {input});
  Secret<kHashSize> block;
  std::uint8_t counter = 0;
  for (std::size_t done = 0; done < out.size(); done += kHashSize) {
    const ByteView previous = done == 0 ? ByteView() : block.view();
    ++counter;
    block = hmac_sha256(pseudorandom_key.view(), {previous, info, ByteView(&counter, 1)});
    const std::size_t size = std::min(kHashSize, out.size() - done);
    std::copy_n(block.view().begin(), size, out.subspan(done).begin());
  }
  return {};
}

}  // namespace lanyard::crypto
