#pragma once

#include "replication/types/bytes.hpp"

namespace lanyard {

/// True if the bytes are well-formed UTF-8 (Unicode 15, table 3-7): no overlong forms, no
/// surrogates, nothing above U+10FFFF. The empty text is.
[[nodiscard]] bool is_utf8(ByteView text);

}  // namespace lanyard
