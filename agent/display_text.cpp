#include "agent/display_text.hpp"

#include <array>
#include <cstdint>

#include "replication/types/points.hpp"

namespace lanyard::agent {
namespace {

struct Range {
  char32_t first;
  char32_t last;
};

/// East Asian wide and fullwidth blocks, and the emoji blocks.
constexpr std::array kWide = std::to_array<Range>({{0x1100, 0x115F},
                                                   {0x2E80, 0x303E},
                                                   {0x3041, 0xA4CF},
                                                   {0xAC00, 0xD7A3},
                                                   {0xF900, 0xFAFF},
                                                   {0xFE30, 0xFE6F},
                                                   {0xFF00, 0xFF60},
                                                   {0xFFE0, 0xFFE6},
                                                   {0x1F300, 0x1F64F},
                                                   {0x1F680, 0x1F6FF},
                                                   {0x1F900, 0x1F9FF},
                                                   {0x20000, 0x3FFFD}});
constexpr std::array kCombining = std::to_array<Range>(
    {{0x300, 0x36F}, {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF}, {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}});

template <std::size_t N>
bool is_in(const std::array<Range, N>& ranges, char32_t point) {
  for (const Range& range : ranges)
    if (point >= range.first && point <= range.last) return true;
  return false;
}

void append_hex(std::uint32_t value, std::size_t digits, std::string& out) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (std::size_t i = digits; i-- > 0;) out += kDigits[value >> (4 * i) & 15];
}

void append_escaped(char32_t point, std::string& out) {
  switch (point) {
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default: break;
  }
  if (point < 0x80) {
    out += "\\x";
    append_hex(point, 2, out);
  } else {
    out += "\\u{";
    append_hex(point, point > 0xFFFF ? 5 : 4, out);
    out += '}';
  }
}

std::size_t width_of(char32_t point) {
  if (point < 0x300) return 1;
  if (is_in(kCombining, point)) return 0;
  return is_in(kWide, point) ? 2 : 1;
}

}  // namespace

std::string display_text(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto point = first_point(text);
    if (!point) {
      out += "\\x";
      append_hex(static_cast<unsigned char>(text.front()), 2, out);
    } else if (is_hidden(point->value)) {
      append_escaped(point->value, out);
    } else {
      out += text.substr(0, point->size);
    }
    text.remove_prefix(point ? point->size : 1);
  }
  return out;
}

std::size_t display_width(std::string_view shown) {
  std::size_t width = 0;
  while (!shown.empty()) {
    const auto point = first_point(shown);
    width += point ? width_of(point->value) : 1;
    shown.remove_prefix(point ? point->size : 1);
  }
  return width;
}

std::string display_cut(std::string_view text, std::size_t columns) {
  std::string shown = display_text(text);
  if (display_width(shown) <= columns) return shown;
  std::size_t at = 0;
  std::size_t width = 0;
  while (at < shown.size()) {
    const auto point = first_point(std::string_view(shown).substr(at)).value_or(Point{});
    if (width + width_of(point.value) + 1 > columns) break;
    width += width_of(point.value);
    at += point.size;
  }
  shown.resize(at);
  return shown + "…";
}

}  // namespace lanyard::agent
