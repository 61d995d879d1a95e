#pragma once

#include <array>
#include <string_view>

namespace lanyard::crypto {

/// 1,024 English words of four to eight letters, sorted, chosen for Lanyard. No two begin with the
/// same three letters: three are enough to type, and a slip in one rarely makes another. Their
/// order is part of the protocol: a code's words are its number in base 1024.
[[nodiscard]] const std::array<std::string_view, 1024>& pairing_words();

}  // namespace lanyard::crypto
