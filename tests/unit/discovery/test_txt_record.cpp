#include <catch2/catch.hpp>

#include "discovery/txt_record.hpp"

namespace {

using namespace lanyard;
using namespace lanyard::discovery;

Result<ServiceText> read(const std::vector<std::string>& strings) {
  std::vector<ByteView> views;
  views.reserve(strings.size());
  for (const std::string& each : strings) views.push_back(as_bytes(each));
  return read_txt(views);
}

TEST_CASE("a TXT record holds the wire versions, and pair=1 only while a window is open") {
  CHECK(txt_strings({1, 1, false}) == std::vector<std::string>{"v=1-1"});
  CHECK(txt_strings({1, 3, true}) == std::vector<std::string>{"v=1-3", "pair=1"});
  for (const ServiceText& text : {ServiceText{1, 1, false}, {1, 3, true}, {65535, 65535, true}})
    CHECK(read(txt_strings(text)) == text);
}

TEST_CASE("a TXT record is read as RFC 6763 has it") {
  CHECK(read({"v=2"}) == ServiceText{2, 2, false});
  CHECK(read({"V=1-2", "PAIR=1"}) == ServiceText{1, 2, true});
  CHECK(read({"", "=x", "other", "v=1-1", "name=\xFF\xFE"}) == ServiceText{1, 1, false});
  // Of a key that stands there twice the first counts.
  CHECK(read({"v=1-1", "v=7-9", "pair=0", "pair=1"}) == ServiceText{1, 1, false});
  for (const char* not_open : {"pair", "pair=", "pair=0", "pair=11", "pair=true", "pairs=1"})
    CHECK(read({"v=1-1", not_open}) == ServiceText{1, 1, false});
}

TEST_CASE("a TXT record that says no wire versions, or too much, is refused") {
  using namespace std::string_literals;
  for (const std::string& bad :
       {"v"s, "v="s, "v=-"s, "v=0-1"s, "v=2-1"s, "v=1-"s, "v=-1"s, "v=1-1-1"s, "v=1-65536"s,
        "v= 1-1"s, "v=1-1\0"s, "v=\xFF"s, "vv=1-1"s, "x"s, ""s}) {
    CAPTURE(bad);
    const auto refused = read({bad});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().is(Code::kMalformed));
  }
  CHECK_FALSE(read({}));
  std::vector<std::string> many(64, "a");
  many[63] = "v=1-1";
  CHECK(read(many));
  many.emplace_back("a");
  REQUIRE_FALSE(read(many));
  CHECK(read(many).error().is(Code::kTooLarge));
  CHECK(read({"v=1-1", std::string(1293, 'x')}));
  CHECK(read({"v=1-1", std::string(1294, 'x')}).error().is(Code::kTooLarge));
}

}  // namespace
