#include "crypto/identity.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/crypto/crypto_test.hpp"

namespace lanyard::crypto {
namespace {

/// As an independent program gives it for the seed 00 01 .. 1f.
const std::string kFileHex =
    "4c4e59444b455901000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
    "7524d90ea4d0a6bc";
const std::string kDeviceHex = "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8";

Bytes counting_seed() {
  Bytes seed(32);
  for (std::size_t i = 0; i < seed.size(); ++i) seed[i] = static_cast<std::uint8_t>(i);
  return seed;
}

void write(const std::filesystem::path& file, ByteView content, mode_t mode = 0600) {
  std::ofstream(file, std::ios::binary) << as_text(content);
  REQUIRE(::chmod(file.c_str(), mode) == 0);
}

Bytes content_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return Bytes(std::istreambuf_iterator<char>(in), {});
}

mode_t mode_of(const std::filesystem::path& file) {
  struct stat status {};
  REQUIRE(::stat(file.c_str(), &status) == 0);
  return status.st_mode & 07777;
}

std::size_t files_in(const std::filesystem::path& folder) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

TEST_CASE("the first start makes identity.key, for its owner only and with nothing beside it") {
  const TemporaryFolder folder;
  ScriptedRng rng(counting_seed());
  const auto identity = Identity::load_or_create(folder / "identity.key", rng);
  REQUIRE(identity);
  CHECK(to_hex(identity->device().view()) == kDeviceHex);
  CHECK(to_hex(content_of(folder / "identity.key")) == kFileHex);
  CHECK(mode_of(folder / "identity.key") == 0600);
  CHECK(files_in(folder.path()) == 1);
}

TEST_CASE("a later start finds the same identity") {
  const TemporaryFolder folder;
  RepeatableRng rng;
  const auto first = Identity::load_or_create(folder / "identity.key", rng);
  const auto again = Identity::load_or_create(folder / "identity.key", rng);
  const auto loaded = Identity::load(folder / "identity.key");
  REQUIRE((first && again && loaded));
  CHECK(again->device() == first->device());
  CHECK(loaded->device() == first->device());
  CHECK(SodiumVerifier().verify(first->device(), as_bytes("x"), loaded->sign(as_bytes("x"))));
}

TEST_CASE("loading does not make an identity") {
  const TemporaryFolder folder;
  CHECK(code_of(Identity::load(folder / "identity.key")) == Code::kNotFound);
  CHECK(files_in(folder.path()) == 0);
}

TEST_CASE("an identity cannot be made where there is no folder") {
  const TemporaryFolder folder;
  RepeatableRng rng;
  const auto made = Identity::load_or_create(folder / "missing/identity.key", rng);
  CHECK(code_of(made) == Code::kNotFound);
}

TEST_CASE("an identity file that others may use is refused, and left as it is") {
  const TemporaryFolder folder;
  const auto file = folder / "identity.key";
  const auto mode = GENERATE(as<mode_t>(), 0604, 0602, 0601, 0640, 0620, 0610, 0644, 0660, 0666,
                             0777, 0400 | 0004);
  write(file, *from_hex(kFileHex), mode);
  RepeatableRng rng;
  const auto loaded = Identity::load_or_create(file, rng);
  REQUIRE(code_of(loaded) == Code::kUnsafePermissions);
  CHECK_THAT(loaded.error().detail, Catch::Contains("others"));
  CHECK(loaded.error().fix == "chmod 600 " + file.string());
  CHECK(mode_of(file) == mode);
}

TEST_CASE("an identity file that only its owner may use is accepted") {
  const TemporaryFolder folder;
  const auto mode = GENERATE(as<mode_t>(), 0600, 0400, 0700);
  write(folder / "identity.key", *from_hex(kFileHex), mode);
  const auto loaded = Identity::load(folder / "identity.key");
  REQUIRE(loaded);
  CHECK(to_hex(loaded->device().view()) == kDeviceHex);
}

TEST_CASE("the command that makes an identity file safe can be pasted for any path") {
  const TemporaryFolder folder;
  const auto file = folder / "it's my key; really";
  write(file, *from_hex(kFileHex), 0644);
  const auto loaded = Identity::load(file);
  REQUIRE(code_of(loaded) == Code::kUnsafePermissions);
  CHECK(loaded.error().fix == "chmod 600 '" + folder.path().string() + "/it'\\''s my key; really'");
}

TEST_CASE("an identity file of another user is refused") {
  if (::geteuid() != 0) return;  // only root can give a file away
  const TemporaryFolder folder;
  const auto file = folder / "identity.key";
  write(file, *from_hex(kFileHex));
  REQUIRE(::chown(file.c_str(), 12345, 12345) == 0);
  const auto loaded = Identity::load(file);
  REQUIRE(code_of(loaded) == Code::kUnsafePermissions);
  CHECK_THAT(loaded.error().detail, Catch::Contains("another user"));
}

TEST_CASE("a symbolic link is not followed, whether it leads to a key or nowhere") {
  const TemporaryFolder folder;
  RepeatableRng rng;
  write(folder / "elsewhere", *from_hex(kFileHex));
  const auto target = GENERATE(values<std::string>({"elsewhere", "nowhere"}));
  std::filesystem::create_symlink(folder / target, folder / "identity.key");
  const auto loaded = Identity::load_or_create(folder / "identity.key", rng);
  REQUIRE(code_of(loaded) == Code::kUnsafePermissions);
  CHECK_THAT(loaded.error().detail, Catch::Contains("symbolic link"));
  CHECK_FALSE(std::filesystem::exists(folder / "nowhere"));
}

TEST_CASE("what is not a file is not an identity, and nobody waits for it") {
  const TemporaryFolder folder;
  RepeatableRng rng;
  std::filesystem::create_directory(folder / "directory");
  REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
  const auto name = GENERATE(values<std::string>({"directory", "pipe"}));
  const auto loaded = Identity::load_or_create(folder / name, rng);
  CHECK(code_of(loaded) == Code::kCorrupt);
}

struct DamagedFile {
  std::string name;
  std::string hex;
  Code code;
};

TEST_CASE("an identity file that we did not write is refused and never replaced") {
  const auto row = GENERATE(values<DamagedFile>({
      {"empty", "", Code::kCorrupt},
      {"only the magic", kFileHex.substr(0, 14), Code::kCorrupt},
      {"cut after the version", kFileHex.substr(0, 16), Code::kCorrupt},
      {"cut by one byte", kFileHex.substr(0, 94), Code::kCorrupt},
      {"longer by one byte", kFileHex + "00", Code::kCorrupt},
      {"much longer", kFileHex + std::string(20'000, '0'), Code::kCorrupt},
      {"48 zeros", std::string(96, '0'), Code::kCorrupt},
      {"32 bare bytes", kFileHex.substr(16, 64), Code::kCorrupt},
      {"version 0", kFileHex.substr(0, 14) + "00" + kFileHex.substr(16), Code::kCorrupt},
      {"version 2", kFileHex.substr(0, 14) + "02" + kFileHex.substr(16), Code::kNewerVersion},
      {"version 2 and longer", kFileHex.substr(0, 14) + "02" + kFileHex, Code::kNewerVersion},
  }));
  INFO(row.name);
  const TemporaryFolder folder;
  RepeatableRng rng;
  write(folder / "identity.key", *from_hex(row.hex));
  const auto loaded = Identity::load_or_create(folder / "identity.key", rng);
  REQUIRE(code_of(loaded) == row.code);
  CHECK_FALSE(loaded.error().detail.empty());
  CHECK_FALSE(loaded.error().fix.empty());
  CHECK(to_hex(content_of(folder / "identity.key")) == row.hex);
}

TEST_CASE("no flipped bit of an identity file goes unnoticed") {
  const TemporaryFolder folder;
  const Bytes good = *from_hex(kFileHex);
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      write(folder / "identity.key", flipped(good, i, bit));
      CHECK_FALSE(Identity::load(folder / "identity.key"));
    }
  }
}

TEST_CASE("what is sealed to a device opens there and nowhere else") {
  RepeatableRng rng;
  const auto alice = Identity::make_ephemeral(rng);
  const auto bob = Identity::make_ephemeral(rng);
  const Bytes plain{1, 2, 3, 4, 5};
  const auto sealed = seal_box(alice.device(), plain);
  REQUIRE(sealed);
  CHECK(sealed->size() == plain.size() + 48);
  Bytes out(plain.size());
  CHECK(alice.open_box(*sealed, out));
  CHECK(out == plain);
  CHECK(code_of(bob.open_box(*sealed, out)) == Code::kBadSeal);
  CHECK(out == Bytes(plain.size()));
}

TEST_CASE("a sealed box does not open cut, changed or into a place of another size") {
  RepeatableRng rng;
  const auto alice = Identity::make_ephemeral(rng);
  const auto sealed = seal_box(alice.device(), Bytes(32));
  REQUIRE(sealed);
  Bytes out(32);
  for (std::size_t i = 0; i < sealed->size(); ++i)
    CHECK(code_of(alice.open_box(flipped(*sealed, i), out)) == Code::kBadSeal);
  CHECK(code_of(alice.open_box(ByteView(*sealed).first(79), out)) == Code::kBadSeal);
  CHECK(code_of(alice.open_box({}, out)) == Code::kBadSeal);
  Bytes other_size(31);
  CHECK(code_of(alice.open_box(*sealed, other_size)) == Code::kBadSeal);
}

TEST_CASE("nothing is sealed to a device id that is no key") {
  DeviceId small_order;
  small_order.bytes[0] = 1;
  DeviceId not_on_the_curve;
  not_on_the_curve.bytes[0] = 2;
  for (const DeviceId& to : {small_order, not_on_the_curve, DeviceId()})
    CHECK(code_of(seal_box(to, Bytes(32))) == Code::kMalformed);
}

}  // namespace
}  // namespace lanyard::crypto
