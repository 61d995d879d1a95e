#pragma once

#include "replication/merge/local_writer.hpp"
#include "replication/merge/record.hpp"

namespace lanyard::merge {

/// What a put, patch or unset of a client that writes values alone comes to where the record shows
/// counters and sets (MERGING D29): an integer for a counter is an add of the difference, an array
/// for a set adds and removes what differs, null takes a set's elements away, and what is shown
/// already is left alone. The first is the rest of the op; ops without such fields come back as
/// they are. The difference is to what the record shows now: `is_current` says that this is what
/// the client had read.
/// kConflict if a difference is asked for and it is not; kUsage for a value that is neither.
/// `record` is shown. Pure.
[[nodiscard]] Result<std::vector<LocalOp>> by_kind(const LocalOp& wish, const Record& record,
                                                   bool is_current, const HashOf& hash_of);
/// Whether a client that read this version has read all that the record shows, its own change
/// `own` apart.
[[nodiscard]] bool is_as_read(const Record& record, const Version& read, const LocalDot& own);
/// Whether the record shows a counter or a set in a field that the op names.
[[nodiscard]] bool meets_kinds(const LocalOp& wish, const Record& record);

}  // namespace lanyard::merge
