#pragma once

#include "crypto/secret.hpp"
#include "replication/types/result.hpp"

namespace lanyard::crypto {

/// HKDF-SHA-256 (RFC 5869), extract and expand; fills `out`. An empty salt counts as 32 zeros.
/// kTooLarge for more than 255 * 32 bytes. With an empty `info` this is the HKDF of the Noise
/// framework (rev 34, section 4.3): its outputs of 32 bytes follow each other.
[[nodiscard]] Status hkdf_sha256(ByteView salt, ByteView input, ByteView info,
                                 std::span<std::uint8_t> out);

}  // namespace lanyard::crypto
