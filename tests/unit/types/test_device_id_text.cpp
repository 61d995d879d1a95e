#include <catch2/catch.hpp>
#include <utility>
#include <vector>

#include "replication/types/device_id_text.hpp"

namespace {

using namespace lanyard;

DeviceId an_id(std::string_view hex) { return *DeviceId::from(*from_hex(hex)); }

const DeviceId kCounting =
    an_id("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
const std::string kCountingText =
    "000G-40R4-0M30-EX20-9185-GR38-E1WQ-8124-GK2G-AHC5-RCR3-4D1P-70X3-RFGJ";
const std::string kAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// The id as a parser that does not know the padding rule would accept it, with `last` in place of
/// the last data character and a fitting check character.
std::string with_last_data_character(const DeviceId& id, char last) {
  for (const char check : kAlphabet) {
    std::string text = to_text(id);
    text[text.size() - 2] = last;
    text.back() = check;
    const auto parsed = device_id_from_text(text);
    if (parsed || parsed.error().detail.find("typo") == std::string::npos) return text;
  }
  return {};
}

struct BadText {
  std::string name;
  std::string text;
  std::string in_detail;
};

TEST_CASE("a device id has the text that an independent program gives") {
  // By a Python program with integers in place of bit arithmetic.
  const std::vector<std::pair<DeviceId, std::string>> rows{
      {DeviceId(), "0000-0000-0000-0000-0000-0000-0000-0000-0000-0000-0000-0000-0000-0000"},
      {an_id(std::string(64, 'f')),
       "ZZZZ-ZZZZ-ZZZZ-ZDZZ-ZZZZ-ZZZZ-ZZZD-ZZZZ-ZZZZ-ZZZZ-ZDZZ-ZZZZ-ZZZZ-ZZGB"},
      {kCounting, kCountingText},
      {an_id("4bef8fd581b088bd80e5c939b7dc430f23fa97804fcbd090edb191ebde65354f"),
       "9FQR-ZNC1-P24B-VJ07-5S4W-VFQ2-31WV-HZN5-W09Z-5X14-79DP-68YQ-QK56-N7G3"}};
  for (const auto& [id, text] : rows) {
    CHECK(to_text(id) == text);
    CHECK(device_id_from_text(text) == id);
  }
}

TEST_CASE("a list shows the first two groups of a device id") {
  CHECK(to_short_text(kCounting) == "000G-40R4");
}

TEST_CASE("every single bit of a device id survives its text") {
  for (std::size_t bit = 0; bit < 256; ++bit) {
    DeviceId id;
    id.bytes[bit / 8] = static_cast<std::uint8_t>(1U << bit % 8);
    CHECK(device_id_from_text(to_text(id)) == id);
  }
}

TEST_CASE("a device id may be typed in the ways that people type") {
  const auto text = GENERATE(values<std::string>({
      "000g-40r4-0m30-ex20-9185-gr38-e1wq-8124-gk2g-ahc5-rcr3-4d1p-70x3-rfgj",
      "000G40R40M30EX209185GR38E1WQ8124GK2GAHC5RCR34D1P70X3RFGJ",
      "  000G 40R4 0M30 EX20  9185 GR38 E1WQ 8124\x20GK2G AHC5 RCR3 4D1P 70X3 RFGJ ",
      "000G--40R4-0M30-EX20-9185-GR38-E1WQ-8124-GK2G-AHC5-RCR3-4D1P-70X3-RFGJ-",
      "OooG-4OR4-oM3O-EX2O-9I85-GR38-ElWQ-8L24-GK2G-AHC5-RCR3-4DiP-7OX3-RFGJ",
  }));
  CHECK(device_id_from_text(text) == kCounting);
}

TEST_CASE("every single wrong character of a device id is found and its groups are named") {
  std::size_t position = 0;  // without dashes
  for (std::size_t i = 0; i < kCountingText.size(); ++i) {
    if (kCountingText[i] == '-') continue;
    const std::size_t block = position++ / 14;
    const std::string groups =
        std::to_string(block * 14 / 4 + 1) + " to " + std::to_string((block * 14 + 13) / 4 + 1);
    for (const char wrong : kAlphabet) {
      if (wrong == kCountingText[i]) continue;
      std::string text = kCountingText;
      text[i] = wrong;
      const auto parsed = device_id_from_text(text);
      REQUIRE_FALSE(parsed);
      REQUIRE(parsed.error().is(Code::kMalformed));
      REQUIRE(parsed.error().detail == "there is a typo in groups " + groups + " of the device id");
    }
  }
  CHECK(position == 56);
}

TEST_CASE("two neighbouring characters in the wrong order are found") {
  const std::string plain = "9FQRZNC1P24BVJ075S4WVFQ231WVHZN5W09Z5X1479DP68YQQK56N7G3";
  REQUIRE(device_id_from_text(plain));
  for (std::size_t i = 0; i + 1 < plain.size(); ++i) {
    if (plain[i] == plain[i + 1] || i % 14 == 13) continue;
    std::string text = plain;
    std::swap(text[i], text[i + 1]);
    CHECK_FALSE(device_id_from_text(text));
  }
}

TEST_CASE("a text that is not a device id is refused with what is wrong and where") {
  const auto row = GENERATE(values<BadText>({
      {"nothing", "", "too short"},
      {"the short form", "000G-40R4", "too short"},
      {"a U, which is no Crockford digit", "000G-4UR4", "group 2 "},
      {"a letter of another alphabet", "000G-40R4-\xC3\x96M30", "group 3 "},
      {"another separator", "000G_40R4", "group 2 "},
      {"a line break", "000G\n", "group 2 "},
      {"a zero byte", std::string("000G\0", 5), "group 2 "},
      {"a lost character", kCountingText.substr(0, 22) + kCountingText.substr(23), "groups 4 to 7"},
      {"a lost last character", kCountingText.substr(0, kCountingText.size() - 1), "too short"},
      {"one character too many", kCountingText + "0", "too long"},
      {"a megabyte", std::string(1'000'000, '0'), "too long"},
  }));
  INFO(row.name);
  const auto parsed = device_id_from_text(row.text);
  REQUIRE_FALSE(parsed);
  CHECK(parsed.error().is(Code::kMalformed));
  CHECK_THAT(parsed.error().detail, Catch::Contains(row.in_detail));
  CHECK_FALSE(parsed.error().fix.empty());
}

TEST_CASE("a device id has one text only: bits beyond its end must be zero") {
  // The last data character of this id is G: one bit of the id, then four zeros.
  for (const char last : std::string("HJKMNPQRSTVWXYZ")) {
    const auto parsed = device_id_from_text(with_last_data_character(kCounting, last));
    REQUIRE_FALSE(parsed);
    CHECK_THAT(parsed.error().detail, Catch::Contains("group 14 "));
  }
}

}  // namespace
