#pragma once

#include "replication/types/bytes.hpp"

namespace lanyard {

/// base64url without padding (RFC 4648, 5).
[[nodiscard]] std::string to_base64url(ByteView bytes);
/// Nothing unless `text` is what to_base64url() makes of some bytes.
[[nodiscard]] std::optional<Bytes> from_base64url(std::string_view text);

}  // namespace lanyard
