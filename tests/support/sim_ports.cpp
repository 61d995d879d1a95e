#include "tests/support/sim_ports.hpp"

#include <algorithm>
#include <bit>

namespace lanyard::support {
namespace {

constexpr std::size_t kNonceBytes = 24;
constexpr std::size_t kTagBytes = 16;
constexpr std::size_t kGrantBytes = 80;

std::uint64_t mix(std::uint64_t z) {
  z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9U;
  z = (z ^ z >> 27) * 0x94D049BB133111EBU;
  return z ^ z >> 31;
}

/// Four lanes that each eat every fourth word; mixed into one another at the end.
class Lanes {
 public:
  void eat(ByteView bytes) {
    size_ += bytes.size();
    while (!bytes.empty()) {
      if (filled_ == 0 && bytes.size() >= 8) {
        for (int i = 0; i < 8; ++i) word_ |= std::uint64_t{bytes[i]} << (8 * i);
        finish_word();
        bytes = bytes.subspan(8);
        continue;
      }
      word_ |= std::uint64_t{bytes.front()} << (8 * filled_);
      if (++filled_ == 8) finish_word();
      bytes = bytes.subspan(1);
    }
  }
  [[nodiscard]] Hash digest() {
    finish_word();
    Hash out;
    std::uint64_t all = size_;
    for (int round = 0; round < 2; ++round) {
      for (std::uint64_t& lane : lanes_) all = lane = mix(lane + std::rotl(all, 23));
    }
    for (std::size_t i = 0; i < out.bytes.size(); ++i)
      out.bytes[i] = static_cast<std::uint8_t>(lanes_[i / 8] >> (8 * (i % 8)));
    return out;
  }

 private:
  void finish_word() {
    std::uint64_t& lane = lanes_[next_++ % lanes_.size()];
    lane = std::rotl((lane ^ word_) * 0x9E3779B97F4A7C15U, 29) + 0xD1B54A32D192ED03U;
    word_ = 0;
    filled_ = 0;
  }

  std::array<std::uint64_t, 4> lanes_{1, 2, 3, 4};
  std::uint64_t word_ = 0;
  std::uint64_t size_ = 0;
  std::size_t next_ = 0;
  int filled_ = 0;
};

Hash hash_of(std::initializer_list<ByteView> parts) {
  Lanes lanes;
  for (const ByteView part : parts) lanes.eat(part);
  return lanes.digest();
}

Bytes big_endian(Seq seq) {
  Bytes out;
  for (int shift = 56; shift >= 0; shift -= 8)
    out.push_back(static_cast<std::uint8_t>(seq.value >> shift));
  return out;
}

EpochId name_of(const Hash& key) {
  const Hash hash = hash_of({as_bytes("epoch"), key.view()});
  EpochId out;
  std::copy_n(hash.bytes.begin(), out.bytes.size(), out.bytes.begin());
  return out;
}

void mask(std::span<std::uint8_t> bytes, const Hash& key, ByteView nonce) {
  const Hash start = hash_of({key.view(), nonce});
  std::uint64_t state = 0;
  for (int i = 0; i < 8; ++i) state |= std::uint64_t{start.bytes[i]} << (8 * i);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i % 8 == 0) state = mix(state + 0x9E3779B97F4A7C15U);
    bytes[i] ^= static_cast<std::uint8_t>(state >> (8 * (i % 8)));
  }
}

}  // namespace

Hash SimHasher::hash(std::initializer_list<ByteView> parts) const { return hash_of(parts); }

Signature SimSigner::sign(ByteView message) const {
  const Hash first = hash_of({as_bytes("sign"), device_.view(), message});
  const Hash second = hash_of({first.view()});
  Signature out;
  std::copy(first.bytes.begin(), first.bytes.end(), out.bytes.begin());
  std::copy(second.bytes.begin(), second.bytes.end(), out.bytes.begin() + Hash::kSize);
  return out;
}

bool SimVerifier::verify(const DeviceId& device, ByteView message,
                         const Signature& signature) const {
  ++asked_;
  return SimSigner(device).sign(message) == signature;
}

Status SimCipher::seal(const EpochId& epoch, const LogId& log, Seq seq, ByteView plain,
                       Bytes& out) const {
  const auto key = keys_.find(epoch);
  if (key == keys_.end()) return fail(Code::kMissingKey, "epoch");
  const Hash nonce = hash_of({key->second.view(), log.view(), big_endian(seq), plain});
  out.assign(nonce.bytes.begin(), nonce.bytes.begin() + kNonceBytes);
  append(out, plain);
  mask(std::span(out).subspan(kNonceBytes), key->second, ByteView(out).first(kNonceBytes));
  append(out, hash_of({nonce.view(), epoch.view()}).view().first(kTagBytes));
  return {};
}

Status SimCipher::open(const EpochId& epoch, const LogId& log, Seq seq, ByteView sealed,
                       Bytes& out) const {
  const auto key = keys_.find(epoch);
  if (key == keys_.end()) return fail(Code::kMissingKey, "epoch");
  if (sealed.size() < kNonceBytes + kTagBytes) return fail(Code::kBadSeal, "payload");
  const ByteView masked = sealed.subspan(kNonceBytes, sealed.size() - kNonceBytes - kTagBytes);
  Bytes plain = to_bytes(masked);
  mask(plain, key->second, sealed.first(kNonceBytes));
  Bytes again;
  static_cast<void>(seal(epoch, log, seq, plain, again));
  if (!equal(again, sealed)) return fail(Code::kBadSeal, "payload");
  out = std::move(plain);
  return {};
}

EpochId SimCipher::make_epoch() {
  Hash key;
  rng_.fill(key.bytes);
  const EpochId epoch = name_of(key);
  keys_.emplace(epoch, key);
  return epoch;
}

Result<Bytes> SimCipher::grant(const EpochId& epoch, const DeviceId& to) const {
  const auto key = keys_.find(epoch);
  if (key == keys_.end()) return fail(Code::kMissingKey, "epoch");
  Bytes out = to_bytes(key->second.view());
  mask(out, hash_of({as_bytes("box"), to.view()}), {});
  out.resize(kGrantBytes);
  return out;
}

Status SimCipher::take_grant(const EpochId& epoch, ByteView sealed) {
  if (sealed.size() != kGrantBytes) return fail(Code::kBadSeal, "grant");
  Hash key = *Hash::from(sealed.first(Hash::kSize));
  mask(key.bytes, hash_of({as_bytes("box"), self_.view()}), {});
  if (name_of(key) != epoch) return fail(Code::kBadSeal, "grant");
  keys_.emplace(epoch, key);
  return {};
}

}  // namespace lanyard::support
