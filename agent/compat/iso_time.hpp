#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lanyard::agent {

/// Milliseconds since 1970 as JavaScript's toISOString() writes them: "2026-11-22T03:01:00.000Z".
/// Times that no calendar has become those nearest to them. Pure.
[[nodiscard]] std::string iso_time(std::int64_t ms);

/// The same backwards, and of what ECMA-262's date-time string format allows beside it: a date
/// alone, no seconds, no or more digits of a fraction, an offset such as +01:00. Pure.
[[nodiscard]] std::optional<std::int64_t> read_iso_time(std::string_view text);

/// An app's time in JSON: a whole number as it is, or a text as read_iso_time() has it. Pure.
[[nodiscard]] std::optional<std::int64_t> time_in(std::string_view json);

}  // namespace lanyard::agent
