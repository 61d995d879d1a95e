#pragma once

#include "replication/types/result.hpp"
#include "replication/types/vector_clock.hpp"

/// A vector clock as platform.sqlite keeps it: canonical msgpack of [[log, seq, head hash], ...] in
/// the order of the logs.
namespace lanyard::storage {

[[nodiscard]] Bytes encode_clock(const VectorClock& clock);
/// kCorrupt.
[[nodiscard]] Result<VectorClock> decode_clock(ByteView bytes);

}  // namespace lanyard::storage
