#include <catch2/catch.hpp>
#include <limits>

#include "replication/types/json_text.hpp"
#include "replication/types/value_order.hpp"
#include "tests/support/chance.hpp"

namespace lanyard {
namespace {

/// Less, equal or greater, as -1, 0 or 1.
int order(const std::string& left, const std::string& right) {
  const auto is = compare_values(from_json(left).value(), from_json(right).value());
  return is < 0 ? -1 : is > 0 ? 1 : 0;
}

}  // namespace

TEST_CASE("values stand in one order, each before all that follow") {
  const char* const kInOrder[] = {"null",
                                  "false",
                                  "true",
                                  "-1e308",
                                  "-9223372036854775808",
                                  "-9007199254740993",
                                  "-9007199254740992.0",
                                  "-1.5",
                                  "-1",
                                  "-5e-324",
                                  "0",
                                  "5e-324",
                                  "0.5",
                                  "1",
                                  "1.5",
                                  "9007199254740992",
                                  "9007199254740993",
                                  "9007199254740994.0",
                                  "9223372036854775807",
                                  "9223372036854775808.0",
                                  "1e300",
                                  "\"\"",
                                  "\"\\u0000\"",
                                  "\"\\u0000a\"",
                                  "\"a\"",
                                  "\"a\\u0000\"",
                                  "\"a\\u0000b\"",
                                  "\"ab\"",
                                  "\"b\"",
                                  "\"\xC3\xA4\"",
                                  "\"\xEF\xBF\xBD\"",
                                  "\"\xF0\x9F\x98\x80\"",
                                  "[]",
                                  "[null]",
                                  "[1]",
                                  "[1,0]",
                                  "[1.5]",
                                  "[[]]",
                                  "{}",
                                  "{\"a\":1}",
                                  "{\"a\":1,\"b\":0}",
                                  "{\"a\":2}",
                                  "{\"b\":null}"};
  for (std::size_t i = 0; i < std::size(kInOrder); ++i) {
    for (std::size_t j = 0; j < std::size(kInOrder); ++j) {
      INFO(kInOrder[i] << " and " << kInOrder[j]);
      CHECK(order(kInOrder[i], kInOrder[j]) == (i < j ? -1 : i > j ? 1 : 0));
    }
  }
}

TEST_CASE("numbers are equal by what they stand for, at any depth") {
  CHECK(order("1", "1.0") == 0);
  CHECK(order("-0.0", "0") == 0);
  CHECK(order("9007199254740992", "9007199254740992.0") == 0);
  CHECK(order("-9223372036854775808", "-9223372036854775808.0") == 0);
  CHECK(order("9223372036854775807", "9223372036854775808.0") == -1);
  CHECK(order("[1,{\"a\":[2.0]}]", "[1.0,{\"a\":[2]}]") == 0);
  CHECK(order("1", "true") == 1);
  CHECK(order("1", "\"1\"") == -1);
}

TEST_CASE("integers and doubles compare as in arithmetic without end") {
  support::Chance chance(1);
  for (int i = 0; i < 20'000; ++i) {
    const auto integer = static_cast<std::int64_t>(chance.next()) >> chance.below(64);
    const double near = static_cast<double>(integer);
    const double real =
        chance.below(2) == 0 ? near : std::nextafter(near, chance.below(2) == 0 ? 1e300 : -1e300);
    // A long double of 64 bits of mantissa, or more, holds both exactly.
    static_assert(std::numeric_limits<long double>::digits >= 64);
    const auto exact_integer = static_cast<long double>(integer);
    const auto exact_real = static_cast<long double>(real);
    const auto found = compare_numbers(integer, real);
    INFO(integer << " and " << real);
    CHECK((found < 0) == (exact_integer < exact_real));
    CHECK((found > 0) == (exact_integer > exact_real));
  }
}

}  // namespace lanyard
