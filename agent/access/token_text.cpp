#include "agent/access/token_text.hpp"

#include <algorithm>
#include <array>

#include "replication/types/base64url.hpp"

namespace lanyard::agent {
namespace {

constexpr std::size_t kRandomBytes = 32;
constexpr std::size_t kDigits = (kRandomBytes * 8 + 5) / 6;

}  // namespace

std::string make_token_text(Rng& rng) {
  std::array<std::uint8_t, kRandomBytes> random{};
  rng.fill(random);
  return std::string(kTokenPrefix) + to_base64url(random);
}

bool is_token_text(std::string_view text) {
  if (!text.starts_with(kTokenPrefix)) return false;
  const std::string_view digits = text.substr(kTokenPrefix.size());
  // Reading refuses a last digit whose spare bits are set: the same bytes would have several texts.
  return digits.size() == kDigits && from_base64url(digits).has_value();
}

Hash hash_of_token(std::string_view text, const Hasher& hasher) {
  return hasher.hash({as_bytes(text)});
}

}  // namespace lanyard::agent
