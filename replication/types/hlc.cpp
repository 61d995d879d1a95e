#include "replication/types/hlc.hpp"

#include <algorithm>

#include "replication/types/limits.hpp"

namespace lanyard {
namespace {

/// A wall clock before 1970 or after the year 10889 is as good as any other wrong one: clamped to
/// 48 bits.
std::uint64_t clamped_ms(WallTime wall) {
  constexpr std::int64_t kMsMax = (std::int64_t{1} << 48) - 1;
  return static_cast<std::uint64_t>(std::clamp<std::int64_t>(wall.ms, 0, kMsMax));
}

}  // namespace

Hlc next_stamp(Hlc own_last, Hlc largest_sane_seen, WallTime wall) {
  // At 2^64 - 1 there is no later stamp: stay there. Causality still orders what follows; only ties
  // get more likely.
  const auto after = [](Hlc stamp) {
    return stamp.value == UINT64_MAX ? stamp.value : stamp.value + 1;
  };
  return {std::max({after(own_last), clamped_ms(wall) << 16, after(largest_sane_seen)})};
}

bool is_sane(Hlc seen, WallTime wall) {
  return seen.ms() <= clamped_ms(wall) + static_cast<std::uint64_t>(limits::kClockLeadMax.count());
}

}  // namespace lanyard
