#include "crypto/noise.hpp"

#include <limits>

#include "tests/unit/crypto/crypto_test.hpp"

namespace lanyard::crypto {
namespace {

X25519KeyPair pair_at(const nlohmann::json& object, const char* member) {
  return x25519_pair_of(std::move(*X25519Secret::from(bytes_at(object, member))));
}

X25519KeyPair a_pair(Rng& rng) { return x25519_pair_of(X25519Secret::random(rng)); }

/// Two sides that have not said anything yet.
struct Pair {
  RepeatableRng rng;
  X25519KeyPair dialer_static = a_pair(rng);
  X25519KeyPair listener_static = a_pair(rng);
  NoiseHandshake dialer{Role::kInitiator, dialer_static, as_bytes("prologue"), rng};
  NoiseHandshake listener{Role::kResponder, listener_static, as_bytes("prologue"), rng};

  /// Has the first `count` messages said and read.
  void exchange(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      auto& from = i % 2 == 0 ? dialer : listener;
      auto& to = i % 2 == 0 ? listener : dialer;
      const auto message = from.write_message(as_bytes("payload"));
      REQUIRE(message);
      REQUIRE(to.read_message(*message) == to_bytes(as_bytes("payload")));
    }
  }
};

void replay_transport(const nlohmann::json& messages, NoiseTransport dialer,
                      NoiseTransport listener) {
  for (std::size_t i = 3; i < messages.size(); ++i) {
    auto& from = i % 2 == 0 ? dialer : listener;
    auto& to = i % 2 == 0 ? listener : dialer;
    Bytes sealed;
    Bytes plain;
    REQUIRE(from.send.encrypt({}, bytes_at(messages[i], "payload"), sealed));
    CHECK(to_hex(sealed) == messages[i].at("ciphertext").get<std::string>());
    REQUIRE(to.receive.decrypt({}, sealed, plain));
    CHECK(plain == bytes_at(messages[i], "payload"));
  }
}

void replay(const nlohmann::json& vector) {
  const auto dialer_static = pair_at(vector, "init_static");
  const auto listener_static = pair_at(vector, "resp_static");
  ScriptedRng dialer_rng(bytes_at(vector, "init_ephemeral"));
  ScriptedRng listener_rng(bytes_at(vector, "resp_ephemeral"));
  NoiseHandshake dialer(Role::kInitiator, dialer_static, bytes_at(vector, "init_prologue"),
                        dialer_rng);
  NoiseHandshake listener(Role::kResponder, listener_static, bytes_at(vector, "resp_prologue"),
                          listener_rng);
  const auto& messages = vector.at("messages");
  for (std::size_t i = 0; i < 3; ++i) {
    auto& from = i % 2 == 0 ? dialer : listener;
    auto& to = i % 2 == 0 ? listener : dialer;
    const auto message = from.write_message(bytes_at(messages[i], "payload"));
    REQUIRE(message);
    CHECK(to_hex(*message) == messages[i].at("ciphertext").get<std::string>());
    CHECK(to.read_message(*message) == bytes_at(messages[i], "payload"));
  }
  CHECK(dialer.remote_static() == listener_static.public_key);
  CHECK(listener.remote_static() == dialer_static.public_key);
  auto at_dialer = dialer.split();
  auto at_listener = listener.split();
  REQUIRE((at_dialer && at_listener));
  CHECK(at_dialer->handshake_hash.view().size() == 32);
  CHECK(to_hex(at_dialer->handshake_hash.view()) == vector.at("handshake_hash"));
  CHECK(to_hex(at_listener->handshake_hash.view()) == vector.at("handshake_hash"));
  replay_transport(messages, std::move(*at_dialer), std::move(*at_listener));
}

TEST_CASE("Noise XX says byte for byte what cacophony says") {
  std::size_t count = 0;
  const auto file = vectors("noise/cacophony_xx_ik_sha256.json");
  for (const auto& vector : file.at("vectors")) {
    if (vector.at("protocol_name") != "Noise_XX_25519_ChaChaPoly_SHA256") continue;
    replay(vector);
    ++count;
  }
  CHECK(count > 0);
}

TEST_CASE("a handshake shows the other side's static key as soon as it is proven, not before") {
  Pair pair;
  pair.exchange(1);
  CHECK_FALSE(pair.listener.remote_static());
  CHECK_FALSE(pair.dialer.remote_static());
  Pair later;
  later.exchange(2);
  CHECK(later.dialer.remote_static() == later.listener_static.public_key);
  CHECK_FALSE(later.listener.remote_static());
}

TEST_CASE("a handshake out of turn is over for good") {
  Pair pair;
  pair.exchange(1);
  SECTION("the dialer writes twice") {
    CHECK(code_of(pair.dialer.write_message({})) == Code::kProtocol);
    const auto second = pair.listener.write_message({});
    REQUIRE(second);
    CHECK(code_of(pair.dialer.read_message(*second)) == Code::kProtocol);
  }
  SECTION("the listener reads twice") {
    CHECK(code_of(pair.listener.read_message(Bytes(32, 9))) == Code::kProtocol);
    CHECK(code_of(pair.listener.write_message({})) == Code::kProtocol);
  }
  SECTION("a side splits too early") {
    CHECK(code_of(pair.dialer.split()) == Code::kProtocol);
    CHECK_FALSE(pair.dialer.is_complete());
  }
}

TEST_CASE("a finished handshake says nothing more and splits once") {
  Pair pair;
  pair.exchange(3);
  CHECK(pair.dialer.is_complete());
  CHECK(pair.dialer.split());
  CHECK(code_of(pair.dialer.split()) == Code::kProtocol);
  CHECK(code_of(pair.listener.write_message({})) == Code::kProtocol);
  CHECK(code_of(pair.listener.split()) == Code::kProtocol);
}

TEST_CASE("sides with different prologues do not meet") {
  Pair pair;
  NoiseHandshake other(Role::kResponder, pair.listener_static, as_bytes("prologuf"), pair.rng);
  const auto first = pair.dialer.write_message({});
  REQUIRE(other.read_message(*first));
  const auto second = other.write_message({});
  CHECK(code_of(pair.dialer.read_message(*second)) == Code::kUnauthenticated);
}

TEST_CASE("a handshake message cut anywhere is refused, and so is all that follows") {
  const auto already = GENERATE(as<std::size_t>(), 0, 1, 2);
  std::size_t size = 0;
  {
    Pair pair;
    pair.exchange(already);
    size = (already % 2 == 0 ? pair.dialer : pair.listener).write_message({})->size();
  }
  for (std::size_t kept = 0; kept < size; ++kept) {
    Pair pair;
    pair.exchange(already);
    auto& from = already % 2 == 0 ? pair.dialer : pair.listener;
    auto& to = already % 2 == 0 ? pair.listener : pair.dialer;
    const auto message = from.write_message({});
    const auto read = to.read_message(ByteView(*message).first(kept));
    REQUIRE((code_of(read) == Code::kMalformed || code_of(read) == Code::kUnauthenticated));
    REQUIRE(code_of(to.read_message(*message)) == Code::kProtocol);
  }
}

TEST_CASE("an ephemeral key of small order is refused before anything is sent under it") {
  // Each is a point whose multiples by a clamped secret are zero (RFC 7748, 6.1; Wycheproof).
  const auto hex = GENERATE(values<std::string>({
      "0000000000000000000000000000000000000000000000000000000000000000",
      "0100000000000000000000000000000000000000000000000000000000000000",
      "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
      "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
      "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "0000000000000000000000000000000000000000000000000000000000000080",
  }));
  SECTION("in message one") {
    Pair pair;
    REQUIRE(pair.listener.read_message(*from_hex(hex)));
    CHECK(code_of(pair.listener.write_message({})) == Code::kUnauthenticated);
    CHECK(code_of(pair.listener.write_message({})) == Code::kProtocol);
  }
  SECTION("in message two") {
    Pair pair;
    pair.exchange(1);
    auto second = pair.listener.write_message({});
    const Bytes point = *from_hex(hex);
    std::copy(point.begin(), point.end(), second->begin());
    CHECK(code_of(pair.dialer.read_message(*second)) == Code::kUnauthenticated);
  }
}

TEST_CASE("a static key of small order is refused even where it is sealed rightly") {
  RepeatableRng rng;
  X25519KeyPair weak = a_pair(rng);
  weak.public_key = X25519Public();  // claims the zero point
  SECTION("the listener's") {
    const X25519KeyPair honest = a_pair(rng);
    NoiseHandshake dialer(Role::kInitiator, honest, {}, rng);
    NoiseHandshake listener(Role::kResponder, weak, {}, rng);
    REQUIRE(listener.read_message(*dialer.write_message({})));
    CHECK(code_of(dialer.read_message(*listener.write_message({}))) == Code::kUnauthenticated);
  }
  SECTION("the dialer's") {
    const X25519KeyPair honest = a_pair(rng);
    NoiseHandshake dialer(Role::kInitiator, weak, {}, rng);
    NoiseHandshake listener(Role::kResponder, honest, {}, rng);
    REQUIRE(listener.read_message(*dialer.write_message({})));
    REQUIRE(dialer.read_message(*listener.write_message({})));
    CHECK(code_of(listener.read_message(*dialer.write_message({}))) == Code::kUnauthenticated);
  }
}

TEST_CASE("a handshake message has at most 65,535 bytes") {
  constexpr std::size_t kPayloadMax = NoiseHandshake::kMessageBytesMax - 32;
  SECTION("at the limit") {
    Pair pair;
    const auto message = pair.dialer.write_message(Bytes(kPayloadMax));
    REQUIRE(message);
    CHECK(pair.listener.read_message(*message) == Bytes(kPayloadMax));
  }
  SECTION("one above and ten times above") {
    const auto size = GENERATE(as<std::size_t>(), kPayloadMax + 1, 10 * kPayloadMax);
    Pair pair;
    CHECK(code_of(pair.dialer.write_message(Bytes(size))) == Code::kTooLarge);
    CHECK(code_of(pair.listener.read_message(Bytes(size + 32))) == Code::kTooLarge);
  }
}

CipherState a_cipher(std::uint64_t nonce = 0) { return CipherState(Secret<32>(), nonce); }

TEST_CASE("a cipher state appends to what it is given") {
  auto sender = a_cipher();
  auto receiver = a_cipher();
  Bytes sealed{0xAA};
  REQUIRE(sender.encrypt({}, as_bytes("plain"), sealed));
  CHECK(sealed.size() == 1 + 5 + CipherState::kTagSize);
  CHECK(sealed[0] == 0xAA);
  Bytes plain = to_bytes(as_bytes("very "));
  REQUIRE(receiver.decrypt({}, ByteView(sealed).subspan(1), plain));
  CHECK(as_text(plain) == "very plain");
}

TEST_CASE("a cipher state opens only the next bytes of the other side, unchanged") {
  auto sender = a_cipher();
  Bytes first;
  Bytes second;
  REQUIRE(sender.encrypt({}, as_bytes("first"), first));
  REQUIRE(sender.encrypt({}, as_bytes("second"), second));
  auto receiver = a_cipher();
  Bytes plain;
  SECTION("left out") {
    CHECK(code_of(receiver.decrypt({}, second, plain)) == Code::kUnauthenticated);
  }
  SECTION("repeated") {
    REQUIRE(receiver.decrypt({}, first, plain));
    CHECK(code_of(receiver.decrypt({}, first, plain)) == Code::kUnauthenticated);
    CHECK(as_text(plain) == "first");
  }
  SECTION("with other associated data") {
    CHECK(code_of(receiver.decrypt(Bytes{1}, first, plain)) == Code::kUnauthenticated);
  }
  SECTION("shorter than a tag") {
    CHECK(code_of(receiver.decrypt({}, ByteView(first).first(15), plain)) ==
          Code::kUnauthenticated);
  }
  // Whatever it was: nothing opens any more, not even what would have been right.
  CHECK(code_of(receiver.decrypt({}, second, plain)) == Code::kProtocol);
}

TEST_CASE("a cipher state uses its last nonce and refuses to begin again") {
  auto sender = a_cipher(std::numeric_limits<std::uint64_t>::max() - 1);
  auto receiver = a_cipher(std::numeric_limits<std::uint64_t>::max() - 1);
  Bytes sealed;
  Bytes plain;
  REQUIRE(sender.encrypt({}, as_bytes("last"), sealed));
  REQUIRE(receiver.decrypt({}, sealed, plain));
  CHECK(as_text(plain) == "last");
  Bytes more;
  CHECK(code_of(sender.encrypt({}, {}, more)) == Code::kProtocol);
  CHECK(code_of(sender.encrypt({}, {}, more)) == Code::kProtocol);
  CHECK(code_of(receiver.decrypt({}, sealed, plain)) == Code::kProtocol);
  CHECK(more.empty());
}

TEST_CASE("a cipher state that was moved from seals nothing under its wiped key") {
  auto first = a_cipher();
  auto second = std::move(first);
  Bytes out;
  CHECK(code_of(first.encrypt({}, {}, out)) == Code::kProtocol);
  CHECK(second.encrypt({}, {}, out));
  first = std::move(second);
  CHECK(code_of(second.encrypt({}, {}, out)) == Code::kProtocol);
  CHECK(first.encrypt({}, {}, out));
}

}  // namespace
}  // namespace lanyard::crypto
