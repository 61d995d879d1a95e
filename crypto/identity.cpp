#include "crypto/identity.hpp"

#include <sodium.h>

#include "crypto/private_file.hpp"
#include "crypto/sodium.hpp"
#include "crypto/x25519.hpp"

namespace lanyard::crypto {
namespace {

constexpr std::string_view kMagic = "LNYDKEY";
constexpr std::string_view kChecksumLabel = "lanyard-identity-v1";
constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kSeedOffset = kMagic.size() + 1;
constexpr std::size_t kSeedSize = crypto_sign_SEEDBYTES;
constexpr std::size_t kChecksumOffset = kSeedOffset + kSeedSize;
constexpr std::size_t kChecksumSize = 8;
constexpr std::size_t kFileSize = kChecksumOffset + kChecksumSize;
static_assert(kFileSize == 48);

Hash checksum_of(ByteView file) {
  return SodiumHasher().hash({as_bytes(kChecksumLabel), file.first(kChecksumOffset)});
}

Secret<kFileSize> encode(const Secret<kSeedSize>& seed) {
  Secret<kFileSize> file;
  const auto out = file.writable();
  std::copy(kMagic.begin(), kMagic.end(), out.begin());
  out[kMagic.size()] = kVersion;
  std::copy(seed.view().begin(), seed.view().end(), out.begin() + kSeedOffset);
  const Hash checksum = checksum_of(file.view());
  std::copy_n(checksum.bytes.begin(), kChecksumSize, out.begin() + kChecksumOffset);
  return file;
}

tl::unexpected<Error> damaged(const std::string& how) {
  return fail(Code::kCorrupt, "the identity file is damaged: " + how,
              "Restore identity.key from a backup. Without it this device needs a new identity and "
              "must be paired again: then move the damaged file away.");
}

Result<Secret<kSeedSize>> decode(ByteView file) {
  if (file.size() <= kMagic.size() || as_text(file.first(kMagic.size())) != kMagic)
    return damaged("it does not begin like one");
  if (file[kMagic.size()] > kVersion)
    return fail(Code::kNewerVersion, "the identity file was written by a newer Lanyard",
                "Install that version again, or a later one.");
  if (file[kMagic.size()] != kVersion) return damaged("it has no such version");
  if (file.size() < kFileSize) return damaged("it is too short");
  if (file.size() > kFileSize) return damaged("it is too long");
  if (!equal_in_constant_time(file.subspan(kChecksumOffset),
                              checksum_of(file).view().first(kChecksumSize)))
    return damaged("its checksum is wrong");
  return std::move(*Secret<kSeedSize>::from(file.subspan(kSeedOffset, kSeedSize)));
}

}  // namespace

Identity::Identity(const Secret<32>& seed) {
  crypto_sign_seed_keypair(device_.bytes.data(), key_.writable().data(), seed.view().data());
}

Result<Identity> Identity::load(const std::filesystem::path& file) {
  LANYARD_TRY(init());
  Secret<kFileSize + 1> content;  // one more, to see that a file is too long
  LANYARD_TRY_SET(const std::size_t size, read_private_file(file, content.writable()));
  LANYARD_TRY_SET(const Secret<kSeedSize> seed, decode(content.view().first(size)));
  return Identity(seed);
}

Result<Identity> Identity::load_or_create(const std::filesystem::path& file, Rng& rng) {
  auto loaded = load(file);
  if (loaded || !loaded.error().is(Code::kNotFound)) return loaded;
  const auto seed = Secret<kSeedSize>::random(rng);
  const Status created = create_private_file(file, encode(seed).view());
  if (created) return Identity(seed);
  if (created.error().is(Code::kExists)) return load(file);
  return fail(created.error());
}

Identity Identity::make_ephemeral(Rng& rng) { return Identity(Secret<kSeedSize>::random(rng)); }

Signature Identity::sign(ByteView message) const {
  Signature signature;
  crypto_sign_detached(signature.bytes.data(), nullptr, message.data(), message.size(),
                       key_.view().data());
  return signature;
}

Status Identity::open_box(ByteView sealed, std::span<std::uint8_t> out) const {
  std::fill(out.begin(), out.end(), std::uint8_t{0});
  if (sealed.size() != out.size() + crypto_box_SEALBYTES)
    return fail(Code::kBadSeal, "a sealed box of the wrong size");
  Secret<crypto_box_SECRETKEYBYTES> box_key;
  crypto_sign_ed25519_sk_to_curve25519(box_key.writable().data(), key_.view().data());
  const X25519KeyPair pair = x25519_pair_of(std::move(box_key));
  if (crypto_box_seal_open(out.data(), sealed.data(), sealed.size(), pair.public_key.bytes.data(),
                           pair.secret.view().data()) != 0) {
    wipe(out);
    return fail(Code::kBadSeal, "a sealed box that is not addressed to this device");
  }
  return {};
}

Result<Bytes> seal_box(const DeviceId& to, ByteView plain) {
  X25519Public box_key;
  Bytes sealed(plain.size() + crypto_box_SEALBYTES);
  if (crypto_sign_ed25519_pk_to_curve25519(box_key.bytes.data(), to.bytes.data()) != 0 ||
      crypto_box_seal(sealed.data(), plain.data(), plain.size(), box_key.bytes.data()) != 0)
    return fail(Code::kMalformed, "a device id that is not an Ed25519 public key");
  return sealed;
}

}  // namespace lanyard::crypto
