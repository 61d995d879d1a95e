#include "crypto/noise_cipher.hpp"

#include <sodium.h>

#include <limits>
#include <utility>

namespace lanyard::crypto {
namespace {

constexpr std::uint64_t kReservedNonce = std::numeric_limits<std::uint64_t>::max();
using NonceBytes = std::array<std::uint8_t, crypto_aead_chacha20poly1305_ietf_NPUBBYTES>;
static_assert(CipherState::kTagSize == crypto_aead_chacha20poly1305_ietf_ABYTES);

/// 32 zero bits, then the nonce, little-endian (Noise rev 34, section 12.3).
NonceBytes nonce_bytes(std::uint64_t nonce) {
  NonceBytes bytes{};
  for (std::size_t i = 0; i < 8; ++i) bytes[4 + i] = static_cast<std::uint8_t>(nonce >> (8 * i));
  return bytes;
}

}  // namespace

CipherState::CipherState(Secret<32> key, std::uint64_t nonce)
    : key_(std::move(key)), nonce_(nonce) {}

CipherState::CipherState(CipherState&& other) noexcept
    : key_(std::move(other.key_)),
      nonce_(other.nonce_),
      usable_(std::exchange(other.usable_, false)) {}

CipherState& CipherState::operator=(CipherState&& other) noexcept {
  if (this == &other) return *this;
  key_ = std::move(other.key_);
  nonce_ = other.nonce_;
  usable_ = std::exchange(other.usable_, false);
  return *this;
}

Status CipherState::check_usable() {
  if (usable_ && nonce_ == kReservedNonce) give_up();
  if (!usable_) return fail(Code::kProtocol, "this direction of the link is closed");
  return {};
}

void CipherState::give_up() noexcept {
  usable_ = false;
  wipe(key_.writable());
}

Status CipherState::encrypt(ByteView associated, ByteView plain, Bytes& out) {
  LANYARD_TRY(check_usable());
  const std::size_t start = out.size();
  out.resize(start + plain.size() + kTagSize);
  const NonceBytes nonce = nonce_bytes(nonce_);
  crypto_aead_chacha20poly1305_ietf_encrypt(out.data() + start, nullptr, plain.data(), plain.size(),
                                            associated.data(), associated.size(), nullptr,
                                            nonce.data(), key_.view().data());
  ++nonce_;
  return {};
}

Status CipherState::decrypt(ByteView associated, ByteView sealed, Bytes& out) {
  LANYARD_TRY(check_usable());
  const std::size_t start = out.size();
  const NonceBytes nonce = nonce_bytes(nonce_);
  if (sealed.size() >= kTagSize) {
    out.resize(start + sealed.size() - kTagSize);
    if (crypto_aead_chacha20poly1305_ietf_decrypt(
            out.data() + start, nullptr, nullptr, sealed.data(), sealed.size(), associated.data(),
            associated.size(), nonce.data(), key_.view().data()) == 0) {
      ++nonce_;
      return {};
    }
  }
  out.resize(start);
  give_up();
  return fail(Code::kUnauthenticated, "sealed bytes that the other side did not send");
}

}  // namespace lanyard::crypto
