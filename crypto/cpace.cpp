#include "crypto/cpace.hpp"

#include <sodium.h>

#include "replication/types/check.hpp"

namespace lanyard::crypto {
namespace {

constexpr std::string_view kDomain = "CPaceRistretto255";
constexpr std::string_view kKeyDomain = "CPaceRistretto255_ISK";
/// SHA-512 takes so many bytes at a time: code and domain fill the first block, whatever follows.
constexpr std::size_t kHashBlock = 128;
/// A name of our own, so that nobody's other use of the key makes a tag.
constexpr std::string_view kTagDomain = "lanyard-pair-v1";
constexpr std::string_view kCheckDomain = "lanyard-pair-check-v1";
constexpr std::size_t kCheckDigits = 6;

Secret<64> sha512(std::initializer_list<ByteView> parts) {
  crypto_hash_sha512_state state;
  crypto_hash_sha512_init(&state);
  for (const ByteView part : parts) crypto_hash_sha512_update(&state, part.data(), part.size());
  Secret<64> out;
  crypto_hash_sha512_final(&state, out.writable().data());
  sodium_memzero(&state, sizeof state);
  return out;
}

/// The length in LEB128, then the bytes (the draft's prepend_len).
void append_with_length(Bytes& out, ByteView bytes) {
  std::size_t left = bytes.size();
  for (; left >= 0x80; left >>= 7U) out.push_back(static_cast<std::uint8_t>(left | 0x80U));
  out.push_back(static_cast<std::uint8_t>(left));
  append(out, bytes);
}

/// The draft's lv_cat.
Bytes joined(std::initializer_list<ByteView> parts) {
  Bytes out;
  for (const ByteView part : parts) append_with_length(out, part);
  return out;
}

/// The point that both multiply, secret as the code is.
Secret<32> generator(const CpaceContext& context) {
  Bytes text = joined({as_bytes(kDomain), context.code});
  // One byte is for the length of the padding.
  const Bytes padding(text.size() + 1 < kHashBlock ? kHashBlock - 1 - text.size() : 0);
  append_with_length(text, padding);
  append_with_length(text, context.channel);
  append_with_length(text, context.session);
  const Secret<64> hash = sha512({text});
  wipe(text);
  Secret<32> point;
  const int done = crypto_core_ristretto255_from_hash(point.writable().data(), hash.view().data());
  LANYARD_CHECK(done == 0, "every hash maps to a point");
  return point;
}

}  // namespace

Cpace::Cpace(Role role, const CpaceContext& context, Rng& rng)
    : role_(role), session_(to_bytes(context.session)) {
  const bool first = role == Role::kInitiator;
  own_data_ = to_bytes(first ? context.initiator_data : context.responder_data);
  their_data_ = to_bytes(first ? context.responder_data : context.initiator_data);
  const Secret<64> chance = Secret<64>::random(rng);
  crypto_core_ristretto255_scalar_reduce(scalar_.writable().data(), chance.view().data());
  const Secret<32> point = generator(context);
  const int done = crypto_scalarmult_ristretto255(share_.bytes.data(), scalar_.view().data(),
                                                  point.view().data());
  LANYARD_CHECK(done == 0, "the scalar is not zero");
}

Status Cpace::take(const CpaceShare& theirs) {
  Secret<32> shared;
  // Refuses what is no point, and a neutral result.
  if (crypto_scalarmult_ristretto255(shared.writable().data(), scalar_.view().data(),
                                     theirs.bytes.data()) != 0)
    return fail(Code::kUnauthenticated, "a share that is no point");
  their_share_ = theirs;
  const Bytes own = joined({share_.view(), own_data_});
  const Bytes other = joined({theirs.view(), their_data_});
  const bool first = role_ == Role::kInitiator;
  Bytes secret = joined({as_bytes(kKeyDomain), session_, shared.view()});
  key_ = sha512({secret, first ? own : other, first ? other : own});
  wipe(secret);
  return {};
}

CpaceTag Cpace::tag_over(const CpaceShare& share, ByteView data) const {
  const Secret<64> mac_key = sha512({as_bytes(kTagDomain), key_.view()});
  const Bytes text = joined({share.view(), data});
  crypto_auth_hmacsha512_state state;
  crypto_auth_hmacsha512_init(&state, mac_key.view().data(), mac_key.view().size());
  crypto_auth_hmacsha512_update(&state, text.data(), text.size());
  CpaceTag tag;
  crypto_auth_hmacsha512_final(&state, tag.bytes.data());
  sodium_memzero(&state, sizeof state);
  return tag;
}

std::string Cpace::check() const {
  const Secret<64> hash = sha512({as_bytes(kCheckDomain), key_.view()});
  std::string digits;
  // 256 is no multiple of ten: the small bias harms nothing.
  for (std::size_t each = 0; each < kCheckDigits; ++each)
    digits += static_cast<char>('0' + hash.view()[each] % 10);
  return digits;
}

CpaceTag Cpace::tag() const { return tag_over(share_, own_data_); }

bool Cpace::is_confirmed(const CpaceTag& theirs) const {
  // Our own tag sent back proves nothing.
  const bool reflected = their_share_ == share_;
  const CpaceTag expected = tag_over(their_share_, their_data_);
  return equal_in_constant_time(expected.view(), theirs.view()) && !reflected;
}

}  // namespace lanyard::crypto
