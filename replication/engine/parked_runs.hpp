#pragma once

#include <cstddef>
#include <deque>
#include <utility>

#include "replication/engine/effect.hpp"
#include "replication/wire/message.hpp"

namespace lanyard::engine {

/// What live changes that wait for their context take, in all spaces together.
struct ParkedTotal {
  std::size_t runs = 0;
  std::uint64_t bytes = 0;
};

/// Live changes of one space that wait for their context. What comes beyond the bounds, those of
/// the space (limits::kParkedChangesMax, kParkedBytesMax) or of all spaces, is dropped: a pull
/// brings it again.
class ParkedRuns {
 public:
  /// As much as sixteen spaces may keep: honest changes wait for a moment, in a space or two.
  static constexpr std::size_t kAllParkedMax = 16 * limits::kParkedChangesMax;
  static constexpr std::uint64_t kAllParkedBytesMax = 16 * limits::kParkedBytesMax;

  /// `all` outlives this.
  explicit ParkedRuns(ParkedTotal& all) : all_(all) {}
  ~ParkedRuns() { clear(); }
  ParkedRuns(const ParkedRuns&) = delete;
  ParkedRuns& operator=(const ParkedRuns&) = delete;

  using Run = std::pair<LinkId, wire::LiveRun>;
  [[nodiscard]] bool empty() const { return runs_.empty(); }
  void add(LinkId link, wire::LiveRun run);
  /// All of them, which wait no longer.
  [[nodiscard]] std::deque<Run> take();
  /// What came over this link.
  void drop(LinkId link);
  void clear() { static_cast<void>(take()); }

 private:
  ParkedTotal& all_;
  std::deque<Run> runs_;
  std::uint64_t bytes_ = 0;
};

}  // namespace lanyard::engine
