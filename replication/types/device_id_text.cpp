#include "replication/types/device_id_text.hpp"

#include <array>
#include <optional>
#include <span>

namespace lanyard {
namespace {

/// Digits and letters without I, L, O and U.
constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr unsigned kBase = 32;
constexpr unsigned kBitsPerCharacter = 5;
constexpr std::size_t kDataPerBlock = 13;
constexpr std::size_t kBlockSize = kDataPerBlock + 1;
constexpr std::size_t kBlocks = 4;
constexpr std::size_t kCharacters = kBlocks * kBlockSize;
constexpr std::size_t kGroupSize = 4;
constexpr std::size_t kGroups = kCharacters / kGroupSize;
/// Bits of the last data character that belong to no byte of the id.
constexpr unsigned kPaddingMask = 0x0F;
static_assert(kGroups * kGroupSize == kCharacters);
static_assert(kBlocks * kDataPerBlock * kBitsPerCharacter == DeviceId::kSize * 8 + 4);

/// The characters of a text as numbers below 32, check characters included.
using Digits = std::array<std::uint8_t, kCharacters>;

/// What Luhn adds for one digit: doubled ones count the sum of their two digits in base 32.
constexpr unsigned luhn_addend(std::uint8_t digit, bool doubled) {
  const unsigned value = doubled ? 2U * digit : digit;
  return value / kBase + value % kBase;
}

/// The Luhn sum of digits of which the last is counted once, the one before doubled, and so on.
unsigned luhn_sum(std::span<const std::uint8_t> digits) {
  unsigned sum = 0;
  for (std::size_t i = 0; i < digits.size(); ++i)
    sum += luhn_addend(digits[digits.size() - 1 - i], i % 2 == 1);
  return sum % kBase;
}

/// Sets the last digit of a block so that the block's sum is 0.
void set_check_digit(std::span<std::uint8_t> block) {
  block.back() = 0;
  block.back() = static_cast<std::uint8_t>((kBase - luhn_sum(block)) % kBase);
}

std::size_t place_of_data(std::size_t index) {
  return index / kDataPerBlock * kBlockSize + index % kDataPerBlock;
}

Digits to_digits(const DeviceId& id) {
  Digits digits{};
  for (std::size_t bit = 0; bit < DeviceId::kSize * 8; ++bit) {
    const unsigned value = id.bytes[bit / 8] >> (7 - bit % 8) & 1U;
    std::uint8_t& digit = digits[place_of_data(bit / kBitsPerCharacter)];
    digit = static_cast<std::uint8_t>(digit | value << (4 - bit % kBitsPerCharacter));
  }
  for (std::size_t block = 0; block < kBlocks; ++block)
    set_check_digit(std::span(digits).subspan(block * kBlockSize, kBlockSize));
  return digits;
}

DeviceId from_digits(const Digits& digits) {
  DeviceId id;
  for (std::size_t bit = 0; bit < DeviceId::kSize * 8; ++bit) {
    const std::uint8_t digit = digits[place_of_data(bit / kBitsPerCharacter)];
    const unsigned value = digit >> (4 - bit % kBitsPerCharacter) & 1U;
    id.bytes[bit / 8] = static_cast<std::uint8_t>(id.bytes[bit / 8] | value << (7 - bit % 8));
  }
  return id;
}

std::optional<std::uint8_t> digit_of(char c) {
  const char upper = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  if (upper == 'O') return 0;
  if (upper == 'I' || upper == 'L') return 1;
  const auto found = kAlphabet.find(upper);
  if (found == std::string_view::npos) return std::nullopt;
  return static_cast<std::uint8_t>(found);
}

std::string group_name(std::size_t character) { return std::to_string(character / kGroupSize + 1); }

tl::unexpected<Error> typo_at(std::size_t character) {
  const std::string group = group_name(character);
  return fail(Code::kMalformed,
              "group " + group + " of the device id has a character that cannot be there",
              "Compare group " + group + " with what the other device shows.");
}

tl::unexpected<Error> typo_in_block(std::size_t block) {
  const std::string groups =
      group_name(block * kBlockSize) + " to " + group_name(block * kBlockSize + kBlockSize - 1);
  return fail(Code::kMalformed, "there is a typo in groups " + groups + " of the device id",
              "Compare groups " + groups + " with what the other device shows.");
}

tl::unexpected<Error> wrong_length(const std::string& how) {
  return fail(Code::kMalformed, "the device id is too " + how,
              "Copy the whole id: " + std::to_string(kGroups) + " groups of four characters.");
}

/// Fills `digits` from the front and returns how many there were.
Result<std::size_t> read_digits(std::string_view text, Digits& digits) {
  std::size_t count = 0;
  for (const char c : text) {
    if (c == '-' || c == ' ') continue;
    const auto digit = digit_of(c);
    if (!digit) return typo_at(count);
    if (count == kCharacters) return wrong_length("long");
    digits[count++] = *digit;
  }
  return count;
}

}  // namespace

std::string to_text(const DeviceId& id) {
  const Digits digits = to_digits(id);
  std::string text;
  text.reserve(kCharacters + kGroups - 1);
  for (std::size_t i = 0; i < kCharacters; ++i) {
    if (i > 0 && i % kGroupSize == 0) text += '-';
    text += kAlphabet[digits[i]];
  }
  return text;
}

std::string to_short_text(const DeviceId& id) { return to_text(id).substr(0, 2 * kGroupSize + 1); }

Result<DeviceId> device_id_from_text(std::string_view text) {
  Digits digits{};
  LANYARD_TRY_SET(const std::size_t count, read_digits(text, digits));
  // Before the length: a lost character shifts what follows, and so shows where it was lost.
  for (std::size_t block = 0; block < count / kBlockSize; ++block)
    if (luhn_sum(std::span(digits).subspan(block * kBlockSize, kBlockSize)) != 0)
      return typo_in_block(block);
  if (count < kCharacters) return wrong_length("short");
  const std::size_t last_data = kCharacters - 2;
  if ((digits[last_data] & kPaddingMask) != 0) return typo_at(last_data);
  return from_digits(digits);
}

}  // namespace lanyard
