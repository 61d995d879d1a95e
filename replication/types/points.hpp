#pragma once

#include <optional>
#include <string_view>

/// The code points of a text, one by one, and those that nobody sees. Pure.
namespace lanyard {

/// A code point, and how many bytes of UTF-8 it takes.
struct Point {
  char32_t value = 0;
  std::size_t size = 1;
};

/// The code point with which the text begins; nothing if it is empty, or no UTF-8 there.
[[nodiscard]] std::optional<Point> first_point(std::string_view text);

/// Whether it is a control or format character, which a terminal obeys or hides: C0, C1 and DEL,
/// line and paragraph separators, bidirectional controls, what has no width. Unicode 15, general
/// categories Cc, Zl, Zp and those of Cf that change how their neighbours look.
[[nodiscard]] bool is_hidden(char32_t point);

/// Whether it is white space (the property White_Space of Unicode 15).
[[nodiscard]] bool is_space(char32_t point);

/// Whether it is a letter or mark by its category, and still shows nothing: Hangul fillers and
/// their like.
[[nodiscard]] bool is_blank(char32_t point);

}  // namespace lanyard
