#pragma once

#include <map>

#include "replication/types/ids.hpp"

namespace lanyard {

/// What a replica holds: for each log its head, contiguous from 1. Ordered by log id, so that
/// walking it is the same on every machine. A head's hash belongs to it: equal seq with another
/// hash is a fork, never "up to date".
using VectorClock = std::map<LogId, Head>;

/// The seq held of a log; 0 where nothing of it is held.
[[nodiscard]] inline Seq seq_in(const VectorClock& clock, const LogId& log) {
  const auto found = clock.find(log);
  return found == clock.end() ? Seq{} : found->second.seq;
}

/// True if `left` holds all that `right` holds, by seq.
[[nodiscard]] bool covers(const VectorClock& left, const VectorClock& right);

/// Raises `clock` to `heads` where they are further.
void raise(VectorClock& clock, const VectorClock& heads);

/// How many changes of `left` are not in `right`.
[[nodiscard]] std::uint64_t missing_count(const VectorClock& left, const VectorClock& right);

}  // namespace lanyard
