#include "crypto/cpace.hpp"
#include "tests/unit/crypto/crypto_test.hpp"

namespace lanyard::crypto {
namespace {

Bytes hex_at(const nlohmann::json& object, const char* member) {
  auto text = object.at(member).get<std::string>();
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return from_hex(text).value();
}

/// What chance gives so that a scalar below the group's order comes out as it is.
ScriptedRng giving(Bytes scalar) {
  scalar.resize(64);
  return ScriptedRng(std::move(scalar));
}

struct Sides {
  Bytes code = to_bytes(as_bytes("123456789"));
  Bytes session = Bytes(32, 7);
  Bytes joiner = Bytes(32, 1);
  Bytes host = Bytes(32, 2);
  [[nodiscard]] CpaceContext context() const { return {code, session, joiner, host, {}}; }
};

/// Two sides that have each other's shares.
struct Talk {
  RepeatableRng chance_of_joiner{"one"};
  RepeatableRng chance_of_host{"two"};
  Cpace joiner;
  Cpace host;

  Talk(const Sides& one, const Sides& two)
      : joiner(Role::kInitiator, one.context(), chance_of_joiner),
        host(Role::kResponder, two.context(), chance_of_host) {
    REQUIRE(joiner.take(host.share()));
    REQUIRE(host.take(joiner.share()));
  }
};

/// Whether each is convinced of the other.
std::pair<bool, bool> convinced(const Sides& one, const Sides& two) {
  const Talk talk(one, two);
  return {talk.joiner.is_confirmed(talk.host.tag()), talk.host.is_confirmed(talk.joiner.tag())};
}

TEST_CASE("CPace gives what the draft's vectors say") {
  const auto file = vectors("cpace/testvectors.json");
  const auto& vector = file.at("G_Coffee25519");
  const Bytes code = hex_at(vector, "PRS");
  const Bytes session = hex_at(vector, "sid");
  const Bytes first = hex_at(vector, "ADa");
  const Bytes second = hex_at(vector, "ADb");
  const Bytes channel = hex_at(vector, "CI");
  const CpaceContext context{code, session, first, second, channel};
  ScriptedRng chance_a = giving(hex_at(vector, "ya"));
  ScriptedRng chance_b = giving(hex_at(vector, "yb"));
  Cpace a(Role::kInitiator, context, chance_a);
  Cpace b(Role::kResponder, context, chance_b);
  CHECK(to_bytes(a.share().view()) == hex_at(vector, "Ya"));
  CHECK(to_bytes(b.share().view()) == hex_at(vector, "Yb"));
  REQUIRE(a.take(b.share()));
  REQUIRE(b.take(a.share()));
  CHECK(to_bytes(a.key().view()) == hex_at(vector, "ISK_IR"));
  CHECK(to_bytes(b.key().view()) == hex_at(vector, "ISK_IR"));
  CHECK(a.is_confirmed(b.tag()));
  CHECK(b.is_confirmed(a.tag()));
}

TEST_CASE("a share that is no point, or the neutral one, is refused") {
  const auto file = vectors("cpace/testvectors.json");
  const auto& points = file.at("G_Coffee25519_points");
  const Sides sides;
  RepeatableRng rng;
  for (const char* const name : {"Invalid Y1", "Invalid Y2"}) {
    INFO(name);
    Cpace side(Role::kInitiator, sides.context(), rng);
    CHECK(code_of(side.take(*CpaceShare::from(hex_at(points, name)))) == Code::kUnauthenticated);
  }
}

TEST_CASE("who agrees on everything is convinced, and nobody else") {
  const Sides sides;
  CHECK(convinced(sides, sides) == std::pair(true, true));
  struct Row {
    const char* what;
    Bytes Sides::*member;
  };
  for (const Row& row : {Row{"the code", &Sides::code}, Row{"the session", &Sides::session},
                         Row{"the joiner", &Sides::joiner}, Row{"the host", &Sides::host}}) {
    INFO(row.what);
    Sides other;
    (other.*row.member).back() ^= 1;
    CHECK(convinced(sides, other) == std::pair(false, false));
  }
}

TEST_CASE("what we said ourselves convinces nobody when it comes back") {
  const Sides sides;
  RepeatableRng rng;
  Cpace side(Role::kInitiator, sides.context(), rng);
  REQUIRE(side.take(side.share()));
  CHECK_FALSE(side.is_confirmed(side.tag()));
  Sides alike;
  alike.host = alike.joiner;
  Cpace mirror(Role::kInitiator, alike.context(), rng);
  REQUIRE(mirror.take(mirror.share()));
  CHECK_FALSE(mirror.is_confirmed(mirror.tag()));
}

TEST_CASE("a tag with one bit changed convinces nobody") {
  const Sides sides;
  const Talk talk(sides, sides);
  const CpaceTag right = talk.host.tag();
  REQUIRE(talk.joiner.is_confirmed(right));
  for (std::size_t at = 0; at < right.view().size(); ++at)
    CHECK_FALSE(talk.joiner.is_confirmed(*CpaceTag::from(flipped(right.view(), at, at % 8))));
}

}  // namespace
}  // namespace lanyard::crypto
