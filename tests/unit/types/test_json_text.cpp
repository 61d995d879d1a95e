#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "replication/types/canonical.hpp"
#include "replication/types/json_text.hpp"
#include "replication/types/limits.hpp"
#include "tests/support/chance.hpp"

namespace {

using namespace lanyard;

/// The text that a JSON text becomes when it is stored and shown, or why it is refused.
std::string there_and_back(std::string_view text) {
  const auto bytes = from_json(text);
  return bytes ? to_json(*bytes) : "refused: " + bytes.error().detail;
}

TEST_CASE("a record's text is kept as what it means, in one spelling") {
  const std::vector<std::pair<std::string, std::string>> rows{
      {"null", "null"},
      {" [ true , false ] ", "[true,false]"},
      {"\t\r\n{}\n", "{}"},
      {R"({"b":1,"a":2})", R"({"a":2,"b":1})"},
      {R"({"aa":1,"b":2,"a":3})", R"({"a":3,"aa":1,"b":2})"},
      {"{\"\\uffff\":1,\"\\ud83d\\ude00\":2}", "{\"\uFFFF\":1,\"\U0001F600\":2}"},
      {"0", "0"},
      {"-0", "0"},
      {"1", "1"},
      {"1.0", "1.0"},
      {"-0.0", "0.0"},
      {"1e0", "1.0"},
      {"1E+2", "100.0"},
      {"0.1", "0.1"},
      {"1e21", "1e+21"},
      {"5e-324", "5e-324"},
      {"1.7976931348623157e308", "1.7976931348623157e+308"},
      {"9223372036854775807", "9223372036854775807"},
      {"-9223372036854775808", "-9223372036854775808"},
      // As JavaScript writes 2^63, 2^64, -2^64 and its largest number without an exponent.
      {"9223372036854775808", "9223372036854775808.0"},
      {"18446744073709552000", "18446744073709551616.0"},
      {"-18446744073709552000", "-18446744073709551616.0"},
      {"999999999999999900000", "999999999999999868928.0"},
      {"1000000000000000000000", "1e+21"},
      {R"("\u0041\/\b\f\n\r\t\"\\")", R"("A/\b\f\n\r\t\"\\")"},
      {R"("\u0000\u001f\u007f")", "\"\\u0000\\u001f\x7F\""},
      {R"("\ud800\udc00\uDBFF\uDFFF")", "\"\U00010000\U0010FFFF\""},
      {R"("\u00e9\u0800")", "\"é\u0800\""},
  };
  for (const auto& [text, shown] : rows) CHECK(there_and_back(text) == shown);
}

TEST_CASE("a number too small for a double is zero, however it is written") {
  const std::string zeros(400, '0');
  for (const std::string& text :
       {std::string("1e-400"), std::string("-1e-400"), "0." + zeros + "1", "0." + zeros + "1e5",
        std::string("1e-99999999999999999999"), "0." + zeros + "e99999999999999999999"}) {
    INFO(text);
    CHECK(there_and_back(text) == "0.0");
  }
}

TEST_CASE("a number too large for a double or an integer is refused, however it is written") {
  const std::string zeros(400, '0');
  for (const std::string& text :
       {std::string("1e400"), std::string("-1e400"), "1" + zeros + ".0", "1" + zeros + "e-10",
        std::string("1.8e308"), std::string("1e99999999999999999999"),
        std::string("1000000000000000200000"), std::string("-2000000000000000000000"),
        "1" + zeros}) {
    INFO(text);
    const auto result = from_json(text);
    REQUIRE_FALSE(result.has_value());
    CHECK(result.error().is(Code::kTooLarge));
  }
}

TEST_CASE("a text that cannot be kept exactly, or is no JSON, is refused with what and where") {
  using namespace std::string_literals;
  const std::vector<std::pair<std::string, std::string>> rows{
      {"", "not a JSON value at byte 0"},
      {" ", "not a JSON value at byte 1"},
      {R"({"a":1,"a":2})", "a member name occurs twice at byte 13"},
      {R"({"a":1,"\u0061":2})", "a member name occurs twice at byte 18"},
      {R"("\ud800")", "half of a surrogate pair at byte 7"},
      {R"("\udc00")", "half of a surrogate pair at byte 7"},
      {R"("\ud800\u0041")", "half of a surrogate pair at byte 13"},
      {R"("\ud800x")", "half of a surrogate pair at byte 7"},
      {"1 2", "text after the value at byte 2"},
      {"nullx", "text after the value at byte 4"},
      {"nul", "not a JSON value at byte 0"},
      {"\"\x01\"", "a control character in a string at byte 1"},
      {"\"\n\"", "a control character in a string at byte 1"},
      {"\"\0\""s, "a control character in a string at byte 1"},
      {"\0"s, "not a JSON value at byte 0"},
      {"\"\xC3\"", "a string is not UTF-8 at byte 3"},
      {"\"\xED\xA0\x80\"", "a string is not UTF-8 at byte 5"},
      {"\"a", "the string is not closed at byte 2"},
      {R"("\x")", "an unknown escape at byte 2"},
      {"\"\\", "an unknown escape at byte 2"},
      {R"("\u12")", "four hexadecimal digits were expected at byte 3"},
      {R"("\u-123")", "four hexadecimal digits were expected at byte 3"},
      {R"("\u 123")", "four hexadecimal digits were expected at byte 3"},
      {"[1,]", "not a JSON value at byte 3"},
      {"[1 2]", "a comma or ] was expected at byte 3"},
      {"[1", "a comma or ] was expected at byte 2"},
      {"{\"a\"}", "a colon was expected at byte 4"},
      {"{\"a\":1,}", "a member name was expected at byte 7"},
      {"{a:1}", "a member name was expected at byte 1"},
      {"{\"a\":1", "a comma or } was expected at byte 6"},
      {"01", "a number begins with 0 at byte 2"},
      {"-01", "a number begins with 0 at byte 3"},
      {"+1", "not a JSON value at byte 0"},
      {".5", "not a JSON value at byte 0"},
      {"5.", "not a JSON value at byte 2"},
      {"1e", "not a JSON value at byte 2"},
      {"-", "not a JSON value at byte 1"},
      {"NaN", "not a JSON value at byte 0"},
      {"Infinity", "not a JSON value at byte 0"},
      {"0x10", "text after the value at byte 1"},
      {"'a'", "not a JSON value at byte 0"},
      {"\xEF\xBB\xBF{}", "not a JSON value at byte 0"},
      {"[1]//", "text after the value at byte 3"},
  };
  for (const auto& [text, why] : rows) {
    INFO(text);
    CHECK(there_and_back(text) == "refused: " + why);
  }
}

TEST_CASE("64 levels of arrays and objects are kept, 65 and 100,000 are too many") {
  const auto arrays = [](std::size_t levels) {
    return std::string(levels, '[') + std::string(levels, ']');
  };
  CHECK(there_and_back(arrays(limits::kValueDepthMax)) == arrays(limits::kValueDepthMax));
  for (const std::size_t levels : {limits::kValueDepthMax + 1, std::size_t{100'000}})
    CHECK(from_json(arrays(levels)).error().is(Code::kTooLarge));
  std::string objects = "1";
  for (std::size_t i = 0; i < limits::kValueDepthMax; ++i) objects = "{\"a\":" + objects + "}";
  CHECK(there_and_back(objects) == objects);
  CHECK(from_json("{\"a\":" + objects + "}").error().is(Code::kTooLarge));
}

TEST_CASE("a value survives the way to text and back") {
  support::Chance chance(3);
  for (int round = 0; round < 5000; ++round) {
    const Bytes value = support::some_value(chance);
    const std::string text = to_json(value);
    const auto again = from_json(text);
    if (!again || *again != value) FAIL(to_hex(value) << " became " << text);
  }
}

TEST_CASE("another JSON library reads the same values from our texts") {
  support::Chance chance(4);
  for (int round = 0; round < 2000; ++round) {
    const std::string text = to_json(support::some_value(chance));
    const auto parsed = nlohmann::json::parse(text, nullptr, false);
    REQUIRE_FALSE(parsed.is_discarded());
    const auto again = from_json(parsed.dump());
    REQUIRE(again.has_value());
    if (to_json(*again) != text) FAIL(text);
  }
}

TEST_CASE("a text with a byte changed is refused or is the text of what was read") {
  support::Chance chance(5);
  for (int round = 0; round < 20'000; ++round) {
    std::string text = to_json(support::some_value(chance, 3));
    text[chance.below(text.size())] = static_cast<char>(chance.next());
    const auto value = from_json(text);
    if (value && from_json(to_json(*value)) != *value) FAIL(text);
  }
}

}  // namespace
