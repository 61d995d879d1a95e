#include "crypto/noise_symmetric.hpp"

#include <sodium.h>

#include "crypto/hkdf.hpp"
#include "replication/types/check.hpp"

namespace lanyard::crypto {
namespace {

/// As long as a hash, so it is its own initial hash (Noise rev 34, section 5.2).
constexpr std::string_view kProtocolName = "Noise_XX_25519_ChaChaPoly_SHA256";
static_assert(kProtocolName.size() == HandshakeHash::kSize);

struct KeyPair {
  Secret<32> first;
  Secret<32> second;
};

/// HKDF with two outputs (Noise rev 34, section 4.3).
KeyPair derive(const Secret<32>& chaining_key, ByteView input) {
  Secret<64> both;
  const Status derived = hkdf_sha256(chaining_key.view(), input, {}, both.writable());
  LANYARD_CHECK(derived.has_value(), "64 bytes are within what HKDF can give");
  return {std::move(*Secret<32>::from(both.view().first(32))),
          std::move(*Secret<32>::from(both.view().last(32)))};
}

}  // namespace

SymmetricState::SymmetricState(ByteView prologue) {
  std::copy(kProtocolName.begin(), kProtocolName.end(), hash_.bytes.begin());
  std::copy(kProtocolName.begin(), kProtocolName.end(), chaining_key_.writable().begin());
  mix_hash(prologue);
}

void SymmetricState::mix_hash(ByteView data) {
  crypto_hash_sha256_state state;
  crypto_hash_sha256_init(&state);
  crypto_hash_sha256_update(&state, hash_.bytes.data(), hash_.bytes.size());
  crypto_hash_sha256_update(&state, data.data(), data.size());
  crypto_hash_sha256_final(&state, hash_.bytes.data());
}

void SymmetricState::mix_key(const Secret<32>& input) {
  KeyPair keys = derive(chaining_key_, input.view());
  chaining_key_ = std::move(keys.first);
  cipher_.emplace(std::move(keys.second));
}

Status SymmetricState::encrypt_and_hash(ByteView plain, Bytes& message) {
  const std::size_t start = message.size();
  if (cipher_) {
    LANYARD_TRY(cipher_->encrypt(hash_.view(), plain, message));
  } else {
    append(message, plain);
  }
  mix_hash(ByteView(message).subspan(start));
  return {};
}

Result<Bytes> SymmetricState::decrypt_and_hash(ByteView sealed) {
  Bytes plain;
  if (cipher_) {
    LANYARD_TRY(cipher_->decrypt(hash_.view(), sealed, plain));
  } else {
    append(plain, sealed);
  }
  mix_hash(sealed);
  return plain;
}

std::pair<CipherState, CipherState> SymmetricState::split() const {
  KeyPair keys = derive(chaining_key_, {});
  return {CipherState(std::move(keys.first)), CipherState(std::move(keys.second))};
}

}  // namespace lanyard::crypto
