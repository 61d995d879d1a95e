#include "replication/types/utf8.hpp"

namespace lanyard {
namespace {

struct Lead {
  int followers;           // continuation bytes
  std::uint8_t low, high;  // range of the first of them: where overlong forms, surrogates and >
                           // U+10FFFF are cut off
};

/// Nothing for a byte that begins no character.
std::optional<Lead> lead_of(std::uint8_t byte) {
  if (byte >= 0xC2 && byte <= 0xDF) return Lead{1, 0x80, 0xBF};
  if (byte == 0xE0) return Lead{2, 0xA0, 0xBF};
  if (byte == 0xED) return Lead{2, 0x80, 0x9F};
  if (byte >= 0xE1 && byte <= 0xEF) return Lead{2, 0x80, 0xBF};
  if (byte == 0xF0) return Lead{3, 0x90, 0xBF};
  if (byte >= 0xF1 && byte <= 0xF3) return Lead{3, 0x80, 0xBF};
  if (byte == 0xF4) return Lead{3, 0x80, 0x8F};
  return std::nullopt;
}

/// How many of the first bytes are ASCII, eight at a time: almost all text is.
std::size_t ascii_prefix(ByteView text) {
  std::size_t at = 0;
  for (; at + 8 <= text.size(); at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + at, 8);
    if ((word & 0x8080808080808080U) != 0) break;
  }
  while (at < text.size() && text[at] < 0x80) ++at;
  return at;
}

}  // namespace

bool is_utf8(ByteView text) {
  for (std::size_t at = ascii_prefix(text); at < text.size();
       at += ascii_prefix(text.subspan(at))) {
    const auto lead = lead_of(text[at]);
    if (!lead || text.size() - at <= static_cast<std::size_t>(lead->followers)) return false;
    if (text[at + 1] < lead->low || text[at + 1] > lead->high) return false;
    for (int i = 2; i <= lead->followers; ++i) {
      if ((text[at + i] & 0xC0) != 0x80) return false;
    }
    at += static_cast<std::size_t>(lead->followers) + 1;
  }
  return true;
}

}  // namespace lanyard
