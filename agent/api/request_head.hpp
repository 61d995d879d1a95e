#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace lanyard::agent {

/// Why a request is not read any further.
struct HeadRefusal {
  int status = 400;
  std::string why;
};

inline constexpr std::size_t kHeadBytesMax = 16 * 1024;
inline constexpr std::size_t kHeadFieldsMax = 100;
/// Empty lines before a request that are passed over (RFC 9112 2.2): old clients end a body with
/// one that its length does not count.
inline constexpr std::size_t kEmptyLinesMax = 4;

/// What the bytes that came so far are.
struct HeadLook {
  std::size_t start = 0;               ///< bytes of empty lines before it
  std::size_t size = 0;                ///< of the whole head with its empty line; 0: more must come
  std::optional<HeadRefusal> refusal;  ///< more need not come
};
/// Finds a head's beginning and end. Refuses early what will not become one: a line that ends
/// without CR, and what is larger than kHeadBytesMax. Pure.
[[nodiscard]] HeadLook look_for_head(std::string_view bytes);

/// Looks at the head of a request before anybody else reads it, and refuses whatever two readers
/// could understand differently (RFC 9112): line ends other than CRLF, folded lines, space around a
/// field's name, control characters, a length that is said twice or beside a transfer coding, more
/// than one Host, a target that is not a path. What passes may still be wrong. `head` ends with the
/// empty line. Pure.
[[nodiscard]] std::optional<HeadRefusal> refuse_head(std::string_view head);

}  // namespace lanyard::agent
