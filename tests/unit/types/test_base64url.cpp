#include "replication/types/base64url.hpp"

#include <catch2/catch.hpp>

using namespace lanyard;

TEST_CASE("base64url is that of RFC 4648, without padding") {
  // Section 10, and the two digits in which base64url differs.
  for (const auto& [plain, coded] :
       std::initializer_list<std::pair<const char*, const char*>>{{"", ""},
                                                                  {"f", "Zg"},
                                                                  {"fo", "Zm8"},
                                                                  {"foo", "Zm9v"},
                                                                  {"foob", "Zm9vYg"},
                                                                  {"fooba", "Zm9vYmE"},
                                                                  {"foobar", "Zm9vYmFy"},
                                                                  {"\xFB\xFF\xBE", "-_--"}}) {
    INFO(coded);
    CHECK(to_base64url(as_bytes(plain)) == coded);
    CHECK(from_base64url(coded) == to_bytes(as_bytes(plain)));
  }
}

TEST_CASE("bytes have one text in base64url, and other texts are nothing") {
  for (const char* const bad :
       {"Z", "Zg==", "Zh", "Zm9", "Zm 8", "Zm8\n", "+/++", "Zm9vY", "\xFF\xFF"})
    CHECK_FALSE(from_base64url(bad));
}
