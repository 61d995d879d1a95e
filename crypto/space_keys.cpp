#include "crypto/space_keys.hpp"

#include <sodium.h>

#include "crypto/sodium.hpp"

namespace lanyard::crypto {
namespace {

constexpr std::string_view kEpochLabel = "lanyard-epoch-v1";
constexpr std::string_view kNonceLabel = "lanyard-nonce-v1";
constexpr std::size_t kNonceSize = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t kTagSize = crypto_aead_xchacha20poly1305_ietf_ABYTES;
constexpr std::size_t kOverhead = kNonceSize + kTagSize;

using SeqBytes = std::array<std::uint8_t, 8>;
using AssociatedData = std::array<std::uint8_t, LogId::kSize + 8 + EpochId::kSize>;
/// The whole hash, of which the nonce is the beginning.
using NonceHash = std::array<std::uint8_t, crypto_generichash_BYTES>;
static_assert(kNonceSize <= std::tuple_size_v<NonceHash>);

SeqBytes big_endian(Seq seq) {
  SeqBytes bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = static_cast<std::uint8_t>(seq.value >> (8 * (bytes.size() - 1 - i)));
  return bytes;
}

AssociatedData associated_data(const EpochId& epoch, const LogId& log, Seq seq) {
  AssociatedData data{};
  const SeqBytes seq_bytes = big_endian(seq);
  auto next = std::copy(log.bytes.begin(), log.bytes.end(), data.begin());
  next = std::copy(seq_bytes.begin(), seq_bytes.end(), next);
  std::copy(epoch.bytes.begin(), epoch.bytes.end(), next);
  return data;
}

NonceHash nonce_of(const Secret<32>& nonce_key, const LogId& log, Seq seq, ByteView plain) {
  NonceHash hash{};
  const SeqBytes seq_bytes = big_endian(seq);
  crypto_generichash_state state;
  crypto_generichash_init(&state, nonce_key.view().data(), nonce_key.kSize, hash.size());
  crypto_generichash_update(&state, log.bytes.data(), log.bytes.size());
  crypto_generichash_update(&state, seq_bytes.data(), seq_bytes.size());
  crypto_generichash_update(&state, plain.data(), plain.size());
  crypto_generichash_final(&state, hash.data(), hash.size());
  return hash;
}

Secret<32> nonce_key_of(const Secret<32>& key) {
  Secret<32> nonce_key;
  const ByteView label = as_bytes(kNonceLabel);
  crypto_generichash(nonce_key.writable().data(), nonce_key.kSize, label.data(), label.size(),
                     key.view().data(), key.kSize);
  return nonce_key;
}

EpochId epoch_of(const Secret<32>& key) {
  const Hash hash = SodiumHasher().hash({as_bytes(kEpochLabel), key.view()});
  return *EpochId::from(hash.view().first(EpochId::kSize));
}

tl::unexpected<Error> bad_seal() {
  return fail(Code::kBadSeal, "a payload that does not open under its epoch's key");
}

}  // namespace

SpaceKeys::SpaceKeys(const Identity& identity, Rng& rng) : identity_(identity), rng_(rng) {}

bool SpaceKeys::holds(const EpochId& epoch) const { return epochs_.contains(epoch); }

Result<const SpaceKeys::EpochKeys*> SpaceKeys::keys_of(const EpochId& epoch) const {
  const auto found = epochs_.find(epoch);
  if (found == epochs_.end()) return fail(Code::kMissingKey, "the epoch's key is not held here");
  return &found->second;
}

void SpaceKeys::hold(const EpochId& epoch, Secret<32> key) {
  Secret<32> nonce_key = nonce_key_of(key);
  epochs_.try_emplace(epoch, EpochKeys{std::move(key), std::move(nonce_key)});
}

Status SpaceKeys::seal(const EpochId& epoch, const LogId& log, Seq seq, ByteView plain,
                       Bytes& out) const {
  LANYARD_TRY_SET(const EpochKeys* const keys, keys_of(epoch));
  const NonceHash nonce = nonce_of(keys->nonce_key, log, seq, plain);
  const AssociatedData data = associated_data(epoch, log, seq);
  out.resize(plain.size() + kOverhead);
  std::copy_n(nonce.begin(), kNonceSize, out.begin());
  crypto_aead_xchacha20poly1305_ietf_encrypt(out.data() + kNonceSize, nullptr, plain.data(),
                                             plain.size(), data.data(), data.size(), nullptr,
                                             nonce.data(), keys->key.view().data());
  return {};
}

Status SpaceKeys::open(const EpochId& epoch, const LogId& log, Seq seq, ByteView sealed,
                       Bytes& out) const {
  Status opened = open_into(epoch, log, seq, sealed, out);
  if (!opened) out.clear();
  return opened;
}

Status SpaceKeys::open_into(const EpochId& epoch, const LogId& log, Seq seq, ByteView sealed,
                            Bytes& out) const {
  LANYARD_TRY_SET(const EpochKeys* const keys, keys_of(epoch));
  if (sealed.size() < kOverhead) return bad_seal();
  const AssociatedData data = associated_data(epoch, log, seq);
  const ByteView nonce = sealed.first(kNonceSize);
  const ByteView body = sealed.subspan(kNonceSize);
  out.resize(body.size() - kTagSize);
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(out.data(), nullptr, nullptr, body.data(),
                                                 body.size(), data.data(), data.size(),
                                                 nonce.data(), keys->key.view().data()) != 0)
    return bad_seal();
  // A member could seal under another nonce. Nobody could then seal the same bytes again from
  // plain, which is how they are kept and sent.
  const NonceHash expected = nonce_of(keys->nonce_key, log, seq, out);
  if (!std::equal(nonce.begin(), nonce.end(), expected.begin())) return bad_seal();
  return {};
}

EpochId SpaceKeys::make_epoch() {
  auto key = Secret<32>::random(rng_);
  const EpochId epoch = epoch_of(key);
  hold(epoch, std::move(key));
  return epoch;
}

Result<Bytes> SpaceKeys::grant(const EpochId& epoch, const DeviceId& to) const {
  LANYARD_TRY_SET(const EpochKeys* const keys, keys_of(epoch));
  return seal_box(to, keys->key.view());
}

Status SpaceKeys::take_grant(const EpochId& epoch, ByteView sealed) {
  Secret<32> key;
  LANYARD_TRY(identity_.open_box(sealed, key.writable()));
  if (epoch_of(key) != epoch) return fail(Code::kBadSeal, "a grant of a key of another epoch");
  hold(epoch, std::move(key));
  return {};
}

std::unique_ptr<Cipher> SpaceKeysFactory::make() const {
  return std::make_unique<SpaceKeys>(identity_, rng_);
}

}  // namespace lanyard::crypto
