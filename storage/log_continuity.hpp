#pragma once

#include "storage/high_water_mark.hpp"

namespace lanyard::storage {

/// What this device wrote in a space, as its mark says, and the store does not hold any more.
struct LostWrites {
  Dot last;  ///< the last change that was written
  Seq held;  ///< of that log here; 0: nothing of it
  [[nodiscard]] std::uint64_t count() const { return last.seq.value - held.value; }
};

/// Decides for one open store whether its own log may go on, and keeps the mark by which that is
/// decided the next time. In doubt the answer is a new incarnation: it costs a log, and a log that
/// two stores go on with costs data.
class LogContinuity {
 public:
  /// For people: what happened to the space's log, or could not be kept.
  using Report = std::function<void(const Error&)>;

  /// Looks at the mark of a store that was opened just now. `file`: the space's. All outlive this.
  LogContinuity(MarkFolder& folder, const SpaceId& space, SpaceStore& store,
                const std::filesystem::path& file, Report report);

  /// Before a change of ours is numbered: opens a new incarnation if it is not proven that this
  /// store is the one that wrote last. Its error: nothing may be written.
  [[nodiscard]] Status before_own_write(WallTime wall);
  /// The present log is left now. If that fails, then before the next change of ours, or there is
  /// none.
  [[nodiscard]] Status leave_log();
  /// Somebody says that the log went on elsewhere: a change that comes before that is settled does
  /// not go into it.
  void doubt(bool is_in_doubt) { is_in_doubt_ = is_in_doubt; }
  /// After a commit that may have moved our own log: writes the mark if it did. Cannot fail: a mark
  /// that cannot be written is taken away, and if that fails too, the log that it names ends here.
  void after_commit();

  /// Syncs the mark, if it was not synced in the last minute. True if it did.
  [[nodiscard]] bool sync_if_due(WallTime now);
  /// At a clean end.
  void sync();
  [[nodiscard]] bool is_proven() const { return is_proven_; }
  /// Found when the store was opened: what was acknowledged here is not here.
  [[nodiscard]] const std::optional<LostWrites>& lost() const { return lost_; }

 private:
  [[nodiscard]] Status leave_if_ahead(WallTime wall);
  [[nodiscard]] bool fits(const HighWaterMark& mark) const;
  [[nodiscard]] std::optional<HighWaterMark> last_mark();
  void write_mark(const OwnLog& own);
  void cannot_mark(const Error& why);

  MarkFolder& folder_;
  SpaceId space_;
  SpaceStore& store_;
  Report report_;
  std::unique_ptr<MarkFile> mark_file_;
  HighWaterMark mark_;      ///< as it should stand in the file
  bool may_stand_ = false;  ///< the file may name the present log, at whatever place in it
  bool is_proven_ = false;  ///< the store may go on with its own log
  bool is_in_doubt_ = false;
  bool has_reported_ = false;  ///< that marks cannot be kept: said once
  std::optional<WallTime> synced_;
  std::optional<LostWrites> lost_;
};

}  // namespace lanyard::storage
