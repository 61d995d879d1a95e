#pragma once

#include <compare>
#include <cstdint>

namespace lanyard {

/// Milliseconds since 1970 by the wall clock of a device, which may be years wrong.
struct WallTime {
  std::int64_t ms = 0;
  friend auto operator<=>(const WallTime&, const WallTime&) = default;
};

/// A hybrid logical clock value: 48 bits of milliseconds, then 16 of counter, unsigned (Kulkarni et
/// al. 2014, "Logical Physical Clocks"). Strictly increasing per log. Ranks concurrent siblings;
/// never decides whether a change is valid.
struct Hlc {
  std::uint64_t value = 0;
  [[nodiscard]] std::uint64_t ms() const { return value >> 16; }
  [[nodiscard]] std::uint16_t counter() const { return static_cast<std::uint16_t>(value & 0xFFFF); }
  friend auto operator<=>(const Hlc&, const Hlc&) = default;
};

/// The timestamp for our next change: the greatest of our last one + 1, the wall clock, and 1 + the
/// largest seen that is at most limits::kClockLeadMax ahead of the wall clock. One device with a
/// wrong date so does not drag the group into the future; its changes stay valid. A full counter
/// carries into the milliseconds. Pure.
[[nodiscard]] Hlc next_stamp(Hlc own_last, Hlc largest_sane_seen, WallTime wall);

/// True if a stamp we have seen may pull our own clock along.
[[nodiscard]] bool is_sane(Hlc seen, WallTime wall);

}  // namespace lanyard
