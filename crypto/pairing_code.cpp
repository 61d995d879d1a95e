#include "crypto/pairing_code.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "crypto/pairing_words.hpp"
#include "replication/types/nearest_name.hpp"

namespace lanyard::crypto {
namespace {

constexpr std::uint32_t kCodes = 1'000'000'000;
constexpr std::uint32_t kBase = 1024;
static_assert(kBase * kBase * kBase >= kCodes);
constexpr std::size_t kDigits = 9;
constexpr std::size_t kWordsInCode = 3;
/// More was not typed by a person.
constexpr std::size_t kTypedBytesMax = 256;

constexpr const char* kNothingTried = "Nothing was tried with it.";

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return c >= 'a' && c <= 'z'; }

/// Its parts in lower case, without what stands between them; nothing if there is something else.
std::optional<std::vector<std::string>> parts_of(std::string_view typed) {
  constexpr std::string_view kBetween = " -.,\t\r\n";
  std::vector<std::string> parts;
  bool is_new = true;
  for (char c : typed) {
    if (kBetween.find(c) != std::string_view::npos) {
      is_new = true;
      continue;
    }
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (!is_digit(c) && !is_letter(c)) return std::nullopt;
    if (std::exchange(is_new, false)) parts.emplace_back();
    parts.back() += c;
  }
  return parts;
}

tl::unexpected<Error> not_a_word(const std::string& typed) {
  const auto& words = pairing_words();
  const auto nearest = nearest_name(typed, {words.begin(), words.end()});
  return fail(Code::kUsage, "\"" + typed + "\" is not a pairing word",
              nearest ? "Did you mean \"" + *nearest + "\"? " + kNothingTried : kNothingTried);
}

Result<std::uint32_t> number_of(const std::string& typed) {
  const auto& words = pairing_words();
  const auto first = std::lower_bound(words.begin(), words.end(), typed);
  if (first == words.end() || !first->starts_with(typed)) return not_a_word(typed);
  const auto next = first + 1;
  if (*first != typed && next != words.end() && next->starts_with(typed)) {
    return fail(Code::kUsage, "\"" + typed + "\" begins more than one pairing word",
                "Type one letter more. " + std::string(kNothingTried));
  }
  return static_cast<std::uint32_t>(first - words.begin());
}

Result<std::uint32_t> from_words(const std::vector<std::string>& parts) {
  std::uint32_t number = 0;
  for (const std::string& part : parts) {
    LANYARD_TRY_SET(const std::uint32_t place, number_of(part));
    number = number * kBase + place;
  }
  if (number >= kCodes)
    return fail(Code::kUsage, "no pairing code has these three words", kNothingTried);
  return number;
}

}  // namespace

PairingCode PairingCode::random(Rng& rng) {
  // The largest multiple of the codes that fits: what lies above would favour the small ones.
  constexpr std::uint32_t kBelow = (0xFFFFFFFFU / kCodes) * kCodes;
  while (true) {
    std::array<std::uint8_t, 4> chance{};
    rng.fill(chance);
    std::uint32_t number = 0;
    for (const std::uint8_t byte : chance) number = number << 8U | byte;
    if (number < kBelow) return PairingCode(number % kCodes);
  }
}

Result<PairingCode> PairingCode::parse(std::string_view typed) {
  const auto parts = typed.size() > kTypedBytesMax ? std::nullopt : parts_of(typed);
  if (parts && parts->size() == kWordsInCode && is_letter(parts->front().front())) {
    LANYARD_TRY_SET(const std::uint32_t number, from_words(*parts));
    return PairingCode(number);
  }
  std::string digits;
  if (parts)
    for (const std::string& part : *parts) digits += part;
  if (digits.size() != kDigits || !std::all_of(digits.begin(), digits.end(), is_digit)) {
    return fail(Code::kUsage, "a pairing code is three words or nine digits",
                "Type it as the other device shows it. " + std::string(kNothingTried));
  }
  std::uint32_t number = 0;
  for (const char c : digits) number = number * 10 + static_cast<std::uint32_t>(c - '0');
  return PairingCode(number);
}

std::string PairingCode::digits() const {
  std::string digits = std::to_string(number_);
  return std::string(kDigits - digits.size(), '0') + digits;
}

std::string PairingCode::words() const {
  const auto& words = pairing_words();
  std::string out;
  for (const std::uint32_t place :
       {number_ / (kBase * kBase), number_ / kBase % kBase, number_ % kBase}) {
    if (!out.empty()) out += '-';
    out += words[place];
  }
  return out;
}

}  // namespace lanyard::crypto
