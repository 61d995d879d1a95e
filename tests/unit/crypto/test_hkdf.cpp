#include "crypto/hkdf.hpp"
#include "tests/unit/crypto/crypto_test.hpp"

namespace lanyard::crypto {
namespace {

TEST_CASE("HKDF-SHA-256 gives what Wycheproof expects and refuses too much") {
  std::size_t count = 0;
  const auto file = vectors("wycheproof/hkdf_sha256_test.json");
  for (const auto& group : file.at("testGroups")) {
    for (const auto& test : group.at("tests")) {
      INFO("tcId " << test.at("tcId"));
      Bytes out(test.at("size").get<std::size_t>());
      const Status derived =
          hkdf_sha256(bytes_at(test, "salt"), bytes_at(test, "ikm"), bytes_at(test, "info"), out);
      if (test.at("result") == "valid") {
        CHECK(derived);
        CHECK(to_hex(out) == test.at("okm").get<std::string>());
      } else {
        CHECK(code_of(derived) == Code::kTooLarge);
      }
      ++count;
    }
  }
  CHECK(count == 86);
}

TEST_CASE("HKDF of nothing asked for gives nothing") {
  CHECK(hkdf_sha256(Bytes{1}, Bytes{2}, {}, {}));
}

}  // namespace
}  // namespace lanyard::crypto
