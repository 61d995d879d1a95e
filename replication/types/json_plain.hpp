#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace lanyard {

/// How many of the first bytes stand for themselves inside a JSON string: up to a quote, a
/// backslash or a control character. Eight at a time: almost all text is nothing else. Pure.
[[nodiscard]] inline std::size_t plain_prefix(std::string_view text) {
  constexpr std::uint64_t kOnes = 0x0101010101010101U;
  constexpr std::uint64_t kHighBits = 0x80 * kOnes;
  // The high bit of each byte that is below `least`; also of some behind one that is.
  const auto below = [](std::uint64_t word, std::uint64_t least) {
    return (word - least * kOnes) & ~word & kHighBits;
  };
  std::size_t at = 0;
  for (; at + 8 <= text.size(); at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + at, 8);
    if ((below(word, 0x20) | below(word ^ '"' * kOnes, 1) | below(word ^ '\\' * kOnes, 1)) != 0)
      break;
  }
  const auto is_plain = [](char c) {
    return static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\';
  };
  while (at < text.size() && is_plain(text[at])) ++at;
  return at;
}

}  // namespace lanyard
