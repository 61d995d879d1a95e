#include "crypto/x25519.hpp"
#include "tests/unit/crypto/crypto_test.hpp"

namespace lanyard::crypto {
namespace {

bool has_flag(const nlohmann::json& test, const char* flag) {
  const auto& flags = test.at("flags");
  return std::find(flags.begin(), flags.end(), flag) != flags.end();
}

Result<Secret<32>> computed(const nlohmann::json& test) {
  return x25519(*X25519Secret::from(bytes_at(test, "private")),
                *X25519Public::from(bytes_at(test, "public")));
}

TEST_CASE("X25519 gives what Wycheproof expects, and refuses each all-zero result") {
  std::size_t computed_count = 0;
  std::size_t refused_count = 0;
  const auto file = vectors("wycheproof/x25519_test.json");
  for (const auto& group : file.at("testGroups")) {
    for (const auto& test : group.at("tests")) {
      INFO("tcId " << test.at("tcId"));
      const auto shared = computed(test);
      if (has_flag(test, "ZeroSharedSecret")) {
        CHECK(code_of(shared) == Code::kUnauthenticated);
        ++refused_count;
      } else {
        // "acceptable" ones too: RFC 7748 defines their result, and we refuse none without need.
        REQUIRE(shared);
        CHECK(to_hex(shared->view()) == test.at("shared").get<std::string>());
        ++computed_count;
      }
    }
  }
  CHECK(computed_count == 487);
  CHECK(refused_count == 31);
}

TEST_CASE("two sides of X25519 share one secret") {
  RepeatableRng rng;
  const auto alice = x25519_pair_of(X25519Secret::random(rng));
  const auto bob = x25519_pair_of(X25519Secret::random(rng));
  CHECK(*x25519(alice.secret, bob.public_key) == *x25519(bob.secret, alice.public_key));
}

}  // namespace
}  // namespace lanyard::crypto
