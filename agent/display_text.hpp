#pragma once

#include <string>
#include <string_view>

/// Text that came from a peer, an app or a file, made safe to show: it cannot steer the terminal.
/// Pure.
namespace lanyard::agent {

/// The text with everything escaped that could move a cursor, hide or turn text around: C0 and C1
/// controls and DEL, bidirectional controls, line and paragraph separators, invisible format
/// characters. They become \n, \t, \x1b or \u{202e}; bytes that are not UTF-8 become \xff; a
/// backslash stays one. The result is valid UTF-8 on one line.
[[nodiscard]] std::string display_text(std::string_view text);

/// Columns that a shown text takes on a terminal: wide characters count two, combining ones none.
[[nodiscard]] std::size_t display_width(std::string_view shown);

/// display_text() cut to at most `columns`, with an ellipsis where something was cut.
[[nodiscard]] std::string display_cut(std::string_view text, std::size_t columns);

}  // namespace lanyard::agent
