#pragma once

#include <deque>
#include <set>

#include "agent/api/live_cursor.hpp"
#include "storage/store.hpp"

namespace lanyard::agent {

/// Which records a client of the live channel is still to be told of, and what it has been told:
/// the cursor that goes with a record is true once that record is told, so that whoever comes again
/// with it misses nothing. Pure.
class LiveBacklog {
 public:
  /// This was told, and nothing else is known to be missing.
  void begin(LiveCursor told);
  /// A part of what is beyond told(). What several of its changes are about is told once, with the
  /// first of them: as it is, it has them all.
  void add(storage::Missed missed);
  /// Everything beyond told() that is applied: a batch that has just been committed.
  void add(const storage::Touched& touched, const std::string& collection);

  [[nodiscard]] bool is_empty() const { return steps_.empty(); }
  /// Cursors that were given out say so much; a change that is begun is in neither.
  [[nodiscard]] const VectorClock& told() const { return told_; }

  struct Record {
    merge::RecordName name;
    std::string cursor;  ///< true once this record is told
  };
  /// The next record to be told of; nothing: all were.
  [[nodiscard]] std::optional<Record> next();

  /// A cursor for a client that is told of nothing because nothing that it wants changes, once it
  /// has fallen far enough behind: else it would be told everything again when it comes back.
  [[nodiscard]] std::optional<std::string> overdue_cursor();

 private:
  /// Records whose being told makes a change, or a whole batch of them, told.
  struct Step {
    std::optional<Dot> change;  ///< nothing: a batch, whose records are in no order
    std::vector<merge::RecordName> records;
    std::size_t done = 0;
  };
  void pass_over_done();

  VectorClock told_;
  std::optional<LiveCursor::Begun> begun_;  ///< as the client brought it
  std::deque<Step> steps_;
  std::set<merge::RecordName> names_told_;  ///< since the part was added
  VectorClock after_;                       ///< what is told with the last of them
  VectorClock said_;                        ///< of the last cursor that the client got
};

}  // namespace lanyard::agent
