#pragma once

#include <cstdint>
#include <string>

namespace lanyard::agent {

/// Milliseconds since 1970 as JavaScript's toISOString() writes them: "2026-11-22T03:01:00.000Z".
/// Times that no calendar has become those nearest to them. Pure.
[[nodiscard]] std::string iso_time(std::int64_t ms);

}  // namespace lanyard::agent
