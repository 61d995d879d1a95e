#pragma once

#include <chrono>

#include "replication/engine/input.hpp"

namespace lanyard::agent {

using engine::Instant;

/// Whether this time has gone by since then. What lives in memory goes by the steady clock: a wall
/// clock that is set, in either direction, neither ends anything early nor keeps it. Pure.
[[nodiscard]] inline bool has_passed(Instant since, Instant now, std::chrono::milliseconds time) {
  return now.since_origin - since.since_origin >= time;
}

}  // namespace lanyard::agent
