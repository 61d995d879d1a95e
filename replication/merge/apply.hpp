#pragma once

#include "replication/merge/context.hpp"
#include "replication/merge/record.hpp"
#include "replication/oplog/op.hpp"

namespace lanyard::merge {

/// One op in its place: what it is an op of, and what its client had seen. All dots are local; dots
/// of logs that the store does not know are left out, since no context can cover them.
struct Event {
  LocalDot dot;
  Hlc timestamp;
  const Context* context = nullptr;  ///< of the change, its own log up to seq - 1 included
  DotSet unseen;
  DotSet revives;

  /// The client behind this op had seen that edit. Earlier ops of one change are always seen.
  [[nodiscard]] bool sees(const LocalDot& edit) const;
  /// The same for a delete: apart, because one change can both edit and delete a record.
  [[nodiscard]] bool accepts(const LocalDot& deleted) const;
};

/// Applies one edit, delete or clear to one record: the only switch over op kinds. For a record
/// that was never edited, pass an empty one; after a delete of nothing it is still empty and need
/// not be stored. An op of any other kind does nothing: a change with an unknown one must not get
/// here at all. A clear is judged for this record alone; the caller finds the records it concerns.
/// Chunked values must have been put together by the caller. `voids`: deletes that are found to be
/// void are added to the set; an event, not state. Pure.
void apply(Record& record, const Event& event, const oplog::Op& op, DotSet& voids);

}  // namespace lanyard::merge
