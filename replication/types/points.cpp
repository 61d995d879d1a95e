#include "replication/types/points.hpp"

#include <array>

#include "replication/types/utf8.hpp"

namespace lanyard {
namespace {

struct Range {
  char32_t first;
  char32_t last;
};

constexpr std::array kHidden = std::to_array<Range>({{0x00, 0x1F},
                                                     {0x7F, 0x9F},
                                                     {0xAD, 0xAD},
                                                     {0x61C, 0x61C},
                                                     {0x180E, 0x180E},
                                                     {0x200B, 0x200F},
                                                     {0x2028, 0x202E},
                                                     {0x2060, 0x206F},
                                                     {0xFEFF, 0xFEFF},
                                                     {0xFFF9, 0xFFFB},
                                                     {0xE0000, 0xE007F}});
constexpr std::array kSpaces = std::to_array<Range>({{0x09, 0x0D},
                                                     {0x20, 0x20},
                                                     {0x85, 0x85},
                                                     {0xA0, 0xA0},
                                                     {0x1680, 0x1680},
                                                     {0x2000, 0x200A},
                                                     {0x2028, 0x2029},
                                                     {0x202F, 0x202F},
                                                     {0x205F, 0x205F},
                                                     {0x3000, 0x3000}});
constexpr std::array kBlanks = std::to_array<Range>({{0x34F, 0x34F},
                                                     {0x115F, 0x1160},
                                                     {0x17B4, 0x17B5},
                                                     {0x2800, 0x2800},
                                                     {0x3164, 0x3164},
                                                     {0xFFA0, 0xFFA0}});

template <std::size_t N>
bool is_in(const std::array<Range, N>& ranges, char32_t point) {
  for (const Range& range : ranges)
    if (point >= range.first && point <= range.last) return true;
  return false;
}

}  // namespace

std::optional<Point> first_point(std::string_view text) {
  if (text.empty()) return std::nullopt;
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t size = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (text.size() < size || !is_utf8(as_bytes(text.substr(0, size)))) return std::nullopt;
  char32_t value = size == 1 ? lead : lead & (0xFFU >> (size + 1));
  for (std::size_t i = 1; i < size; ++i)
    value = value << 6 | (static_cast<unsigned char>(text[i]) & 0x3FU);
  return Point{value, size};
}

bool is_hidden(char32_t point) { return is_in(kHidden, point); }
bool is_space(char32_t point) { return is_in(kSpaces, point); }
bool is_blank(char32_t point) { return is_in(kBlanks, point); }

}  // namespace lanyard
