#include <set>

#include "crypto/pairing_code.hpp"
#include "crypto/pairing_words.hpp"
#include "tests/unit/crypto/crypto_test.hpp"

namespace lanyard::crypto {
namespace {

PairingCode parsed(const std::string& typed) { return PairingCode::parse(typed).value(); }

std::string slip_of(const std::string& typed) {
  const auto code = PairingCode::parse(typed);
  REQUIRE_FALSE(code);
  CHECK(code.error().is(Code::kUsage));
  return code.error().detail + " | " + code.error().fix;
}

TEST_CASE("the two spellings of a code are the same code") {
  RepeatableRng rng;
  for (int each = 0; each < 1000; ++each) {
    const PairingCode code = PairingCode::random(rng);
    CHECK(code.digits().size() == 9);
    CHECK(parsed(code.digits()) == code);
    CHECK(parsed(code.words()) == code);
  }
}

TEST_CASE("the first and the last code have words, and what lies behind them is no code") {
  CHECK(parsed("000000000").words() == "abacus-abacus-abacus");
  const std::string last = parsed("999999999").words();
  CHECK(parsed(last).digits() == "999999999");
  const std::string behind(pairing_words().back());
  CHECK(slip_of(behind + "-" + behind + "-" + behind) ==
        "no pairing code has these three words | Nothing was tried with it.");
}

TEST_CASE("three letters of each word are enough, in any case and with anything between") {
  RepeatableRng rng;
  for (int each = 0; each < 200; ++each) {
    const PairingCode code = PairingCode::random(rng);
    std::string typed;
    for (const std::size_t digit : {0U, 1U, 2U}) {
      std::string words = code.words();
      for (std::size_t skip = 0; skip < digit; ++skip) words = words.substr(words.find('-') + 1);
      typed += (typed.empty() ? "" : each % 2 == 0 ? " " : ". ") + words.substr(0, 3);
    }
    if (each % 3 == 0) typed[0] = static_cast<char>(typed[0] - 'a' + 'A');
    CHECK(parsed(typed) == code);
  }
  CHECK(parsed("482 913 057") == parsed("482913057"));
  CHECK(parsed(" 482-913-057\n") == parsed("482913057"));
}

TEST_CASE("a slip in a word is found here, and says which word may have been meant") {
  CHECK(slip_of("coper-abacus-abacus") ==
        "\"coper\" is not a pairing word | Did you mean \"copper\"? Nothing was tried with it.");
  CHECK(slip_of("abacus-qqqq-abacus") ==
        "\"qqqq\" is not a pairing word | Nothing was tried with it.");
  CHECK(
      slip_of("a-abacus-abacus") ==
      "\"a\" begins more than one pairing word | Type one letter more. Nothing was tried with it.");
}

TEST_CASE("what is neither three words nor nine digits is no code") {
  const std::string wrong = GENERATE(
      "", " ", "-", "48291305", "4829130570", "abacus-abacus", "abacus-abacus-abacus-abacus",
      "482 913 05x", "482913057abacus", "482_913_057", "\xC3\xA9-abacus-abacus",
      std::string(9, '\0'), "abacus/abacus/abacus", "1e8", "-82913057", "0x1234567");
  CHECK(slip_of(wrong).starts_with("a pairing code is three words or nine digits"));
  CHECK(slip_of(std::string(1'000'000, '1')).starts_with("a pairing code is"));
  for (const std::size_t typed : {std::size_t{256}, std::size_t{257}, std::size_t{2560}})
    CHECK(crypto::PairingCode::parse("482913057" + std::string(typed - 9, ' ')).has_value() ==
          (typed == 256));
}

TEST_CASE("no two pairing words begin alike") {
  std::set<std::string_view> beginnings;
  for (const std::string_view word : pairing_words()) beginnings.insert(word.substr(0, 3));
  CHECK(beginnings.size() == 1024);
}

TEST_CASE("codes are spread over all of their range") {
  RepeatableRng rng;
  std::array<int, 10> tenths{};
  for (int each = 0; each < 10'000; ++each) {
    const std::string digits = PairingCode::random(rng).digits();
    ++tenths.at(static_cast<std::size_t>(digits.front() - '0'));
  }
  // 1,000 expected; 30 is one standard deviation, and the chance here is always the same.
  for (const int count : tenths) CHECK((count > 850 && count < 1150));
}

}  // namespace
}  // namespace lanyard::crypto
