#include "crypto/space_keys.hpp"

#include "tests/unit/crypto/crypto_test.hpp"

namespace lanyard::crypto {
namespace {

LogId a_log(std::uint8_t byte) { return *LogId::from(Bytes(32, byte)); }

/// A device with the keys of one space.
struct Device {
  explicit Device(std::string_view name)
      : rng(name), identity(Identity::make_ephemeral(rng)), keys(identity, rng) {}
  RepeatableRng rng;
  Identity identity;
  SpaceKeys keys;
};

Bytes sealed_by(const Cipher& keys, const EpochId& epoch, const LogId& log, Seq seq,
                ByteView plain) {
  Bytes out;
  REQUIRE(keys.seal(epoch, log, seq, plain, out));
  return out;
}

TEST_CASE("sealed payloads have the bytes that an independent program gives") {
  // Python: hashlib.blake2b, HChaCha20 by hand, ChaCha20Poly1305 of `cryptography`; the epoch key
  // is 00 01 .. 1f.
  RepeatableRng chance;
  const auto identity = Identity::make_ephemeral(chance);
  ScriptedRng rng(*from_hex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"));
  SpaceKeys keys(identity, rng);
  const EpochId epoch = keys.make_epoch();
  CHECK(to_hex(epoch.view()) == "16dc533562e105c177060cca4c1ce3f9");
  const Seq seq{0x0102030405060708};
  CHECK(
      to_hex(sealed_by(keys, epoch, a_log(0x11), seq, as_bytes("hello"))) ==
      "8ef651e59ad18d3919c80349f431612afb5e9d02f7da2056e06dea5d30f054f87e033334990b59a15888beb3ef");
  CHECK(to_hex(sealed_by(keys, epoch, a_log(0x11), seq, {})) ==
        "ac2fdfb79509e62ce92eeba5076d0e4186bf6525cd115b93174a965ddd374343a3dc3643e691ce89");
}

TEST_CASE("what is sealed opens again, whatever its size and whatever was in the buffer") {
  Device alice("alice");
  const EpochId epoch = alice.keys.make_epoch();
  Bytes sealed;
  Bytes opened;
  for (const std::size_t size : {1000, 0, 1, 63, 64, 65, 100'000, 5}) {
    const Bytes plain(size, 0x42);
    REQUIRE(alice.keys.seal(epoch, a_log(1), Seq{9}, plain, sealed));
    CHECK(sealed.size() == size + 40);
    REQUIRE(alice.keys.open(epoch, a_log(1), Seq{9}, sealed, opened));
    CHECK(opened == plain);
  }
}

TEST_CASE("the same content in the same place seals to the same bytes, on every device") {
  Device alice("alice");
  Device bob("bob");
  const EpochId epoch = alice.keys.make_epoch();
  REQUIRE(bob.keys.take_grant(epoch, alice.keys.grant(epoch, bob.identity.device()).value()));
  const ByteView plain = as_bytes("the same");
  CHECK(sealed_by(alice.keys, epoch, a_log(1), Seq{1}, plain) ==
        sealed_by(bob.keys, epoch, a_log(1), Seq{1}, plain));
}

TEST_CASE("another content, log, seq or epoch gives another nonce") {
  Device alice("alice");
  const EpochId epoch = alice.keys.make_epoch();
  const EpochId other_epoch = alice.keys.make_epoch();
  const auto nonce = [&](const EpochId& e, std::uint8_t log, std::uint64_t seq, const char* text) {
    Bytes sealed = sealed_by(alice.keys, e, a_log(log), Seq{seq}, as_bytes(text));
    sealed.resize(24);
    return sealed;
  };
  const Bytes original = nonce(epoch, 1, 1, "text");
  CHECK(nonce(epoch, 1, 1, "text") == original);
  CHECK(nonce(epoch, 1, 1, "texu") != original);
  CHECK(nonce(epoch, 2, 1, "text") != original);
  CHECK(nonce(epoch, 1, 2, "text") != original);
  CHECK(nonce(other_epoch, 1, 1, "text") != original);
}

TEST_CASE("a payload does not open in another place or epoch") {
  Device alice("alice");
  const EpochId epoch = alice.keys.make_epoch();
  const EpochId other_epoch = alice.keys.make_epoch();
  const Bytes sealed = sealed_by(alice.keys, epoch, a_log(1), Seq{1}, as_bytes("text"));
  Bytes out{1, 2, 3};
  CHECK(code_of(alice.keys.open(epoch, a_log(2), Seq{1}, sealed, out)) == Code::kBadSeal);
  CHECK(out.empty());
  CHECK(code_of(alice.keys.open(epoch, a_log(1), Seq{2}, sealed, out)) == Code::kBadSeal);
  CHECK(code_of(alice.keys.open(epoch, a_log(1), Seq{1ULL << 32}, sealed, out)) == Code::kBadSeal);
  CHECK(code_of(alice.keys.open(other_epoch, a_log(1), Seq{1}, sealed, out)) == Code::kBadSeal);
}

TEST_CASE("no byte of a sealed payload can be changed or cut off") {
  Device alice("alice");
  const EpochId epoch = alice.keys.make_epoch();
  const Bytes sealed = sealed_by(alice.keys, epoch, a_log(1), Seq{1}, as_bytes("text"));
  Bytes out;
  for (std::size_t i = 0; i < sealed.size(); ++i)
    CHECK(code_of(alice.keys.open(epoch, a_log(1), Seq{1}, flipped(sealed, i), out)) ==
          Code::kBadSeal);
  for (std::size_t size = 0; size < sealed.size(); ++size)
    CHECK(code_of(alice.keys.open(epoch, a_log(1), Seq{1}, ByteView(sealed).first(size), out)) ==
          Code::kBadSeal);
}

TEST_CASE("a payload that a member sealed rightly but under a nonce of its choice does not open") {
  // By the independent program of the golden bytes: epoch key 00 01 .. 1f, log 11.., "hello", a
  // nonce of 24 times 5A. Its tag is right.
  RepeatableRng chance;
  const auto identity = Identity::make_ephemeral(chance);
  ScriptedRng rng(*from_hex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"));
  SpaceKeys keys(identity, rng);
  const EpochId epoch = keys.make_epoch();
  const Bytes sealed = *from_hex(
      "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5af9034c02000f97c38f68d0c4f5b2ef13f14e7191f6");
  Bytes out;
  CHECK(code_of(keys.open(epoch, a_log(0x11), Seq{0x0102030405060708}, sealed, out)) ==
        Code::kBadSeal);
  CHECK(out.empty());
}

TEST_CASE("nothing is sealed, opened or granted without the epoch's key") {
  Device alice("alice");
  const EpochId unknown = *EpochId::from(Bytes(16, 1));
  Bytes out{1};
  CHECK_FALSE(alice.keys.holds(unknown));
  CHECK(code_of(alice.keys.seal(unknown, a_log(1), Seq{1}, {}, out)) == Code::kMissingKey);
  CHECK(code_of(alice.keys.open(unknown, a_log(1), Seq{1}, Bytes(50), out)) == Code::kMissingKey);
  CHECK(code_of(alice.keys.grant(unknown, alice.identity.device())) == Code::kMissingKey);
}

TEST_CASE("a grant gives its device the key: what others sealed opens there") {
  Device alice("alice");
  Device bob("bob");
  const EpochId epoch = alice.keys.make_epoch();
  const auto grant = alice.keys.grant(epoch, bob.identity.device());
  REQUIRE(grant);
  CHECK(grant->size() == 80);
  CHECK_FALSE(bob.keys.holds(epoch));
  REQUIRE(bob.keys.take_grant(epoch, *grant));
  CHECK(bob.keys.holds(epoch));
  Bytes out;
  const Bytes sealed = sealed_by(alice.keys, epoch, a_log(1), Seq{1}, as_bytes("text"));
  REQUIRE(bob.keys.open(epoch, a_log(1), Seq{1}, sealed, out));
  CHECK(as_text(out) == "text");
}

TEST_CASE("a device finds its own key again from its grant to itself") {
  Device alice("alice");
  const EpochId epoch = alice.keys.make_epoch();
  const auto grant = alice.keys.grant(epoch, alice.identity.device());
  REQUIRE(grant);
  SpaceKeys after_restart(alice.identity, alice.rng);
  REQUIRE(after_restart.take_grant(epoch, *grant));
  CHECK(sealed_by(after_restart, epoch, a_log(1), Seq{1}, as_bytes("x")) ==
        sealed_by(alice.keys, epoch, a_log(1), Seq{1}, as_bytes("x")));
}

TEST_CASE("a grant to another device does not open") {
  Device alice("alice");
  Device bob("bob");
  Device carol("carol");
  const EpochId epoch = alice.keys.make_epoch();
  const auto grant = alice.keys.grant(epoch, bob.identity.device());
  CHECK(code_of(carol.keys.take_grant(epoch, grant.value())) == Code::kBadSeal);
  CHECK_FALSE(carol.keys.holds(epoch));
}

TEST_CASE("a key counts only for the epoch that it hashes to") {
  Device alice("alice");
  Device bob("bob");
  const EpochId epoch = alice.keys.make_epoch();
  const EpochId other_epoch = alice.keys.make_epoch();
  const auto grant = alice.keys.grant(epoch, bob.identity.device());
  CHECK(code_of(bob.keys.take_grant(other_epoch, grant.value())) == Code::kBadSeal);
  CHECK_FALSE(bob.keys.holds(other_epoch));
  CHECK_FALSE(bob.keys.holds(epoch));
}

TEST_CASE("a grant that is cut, longer or changed gives no key") {
  Device alice("alice");
  Device bob("bob");
  const EpochId epoch = alice.keys.make_epoch();
  Bytes grant = alice.keys.grant(epoch, bob.identity.device()).value();
  for (std::size_t i = 0; i < grant.size(); ++i)
    CHECK(code_of(bob.keys.take_grant(epoch, flipped(grant, i))) == Code::kBadSeal);
  for (const std::size_t size : {0, 1, 47, 48, 79})
    CHECK(code_of(bob.keys.take_grant(epoch, ByteView(grant).first(size))) == Code::kBadSeal);
  grant.push_back(0);
  CHECK(code_of(bob.keys.take_grant(epoch, grant)) == Code::kBadSeal);
  CHECK_FALSE(bob.keys.holds(epoch));
}

TEST_CASE("a grant taken twice changes nothing") {
  Device alice("alice");
  const EpochId epoch = alice.keys.make_epoch();
  const Bytes before = sealed_by(alice.keys, epoch, a_log(1), Seq{1}, as_bytes("x"));
  REQUIRE(alice.keys.take_grant(epoch, alice.keys.grant(epoch, alice.identity.device()).value()));
  CHECK(sealed_by(alice.keys, epoch, a_log(1), Seq{1}, as_bytes("x")) == before);
}

TEST_CASE("no two epochs have the same name") {
  Device alice("alice");
  const EpochId first = alice.keys.make_epoch();
  CHECK(first != alice.keys.make_epoch());
  CHECK_FALSE(first.is_zero());
}

TEST_CASE("nothing is granted to a device id that is no key") {
  Device alice("alice");
  const EpochId epoch = alice.keys.make_epoch();
  CHECK(code_of(alice.keys.grant(epoch, DeviceId())) == Code::kMalformed);
}

TEST_CASE("each cipher of a factory has its own keys") {
  Device alice("alice");
  const SpaceKeysFactory factory(alice.identity, alice.rng);
  const auto first = factory.make();
  const auto second = factory.make();
  const EpochId epoch = first->make_epoch();
  CHECK(first->holds(epoch));
  CHECK_FALSE(second->holds(epoch));
  REQUIRE(second->take_grant(epoch, first->grant(epoch, alice.identity.device()).value()));
  CHECK(second->holds(epoch));
}

}  // namespace
}  // namespace lanyard::crypto
