#pragma once

#include <functional>
#include "replication/merge/record.hpp"
#include "replication/oplog/op.hpp"

/// What an agent does for its clients (docs/MERGING.md, D30 to D34): a client has seen what
/// it read, not what its agent holds. Pure.
namespace lanyard::merge {

/// What a client has seen of one record. Two sets, because one change can both delete and edit a
/// record.
struct Version {
  DotSet edits;    ///< visible heads, all visible siblings and set elements
  DotSet deletes;  ///< the deletes that hid the rest
  [[nodiscard]] bool is_empty() const { return edits.empty() && deletes.empty(); }
  friend bool operator==(const Version&, const Version&) = default;
};

/// The version that a read returns; empty if there is no record to show.
[[nodiscard]] Version read_version(const Record& record);

/// What an op has to say that its client had not seen.
struct Unseen {
  DotSet unseen;
  DotSet revives;
};

/// `op`'s unseen and revives for a client at `version`. `revives`: what the op already names (a
/// restore from the trash). `own`: the dot that the op will get; earlier ops of it are seen. For a
/// clear, ask for each record that it concerns and unite what is found.
[[nodiscard]] Unseen based_on(const oplog::Op& op, const DotSet& revives, const Record& record,
                              const Version& version, const LocalDot& own);

/// A delete is written only if its client has seen all that a read would name now; else the client
/// is told.
[[nodiscard]] bool delete_allowed(const Record& record, const Version& version);

/// Whether a change was taken in here.
using IsHeld = std::function<bool(const LocalDot&)>;

/// Whether the record is as a client at `version` knows it: a read now would name nothing that the
/// version does not, and the version names nothing that is not held. The version of a write names
/// more than a read after it, since the client knows what its write replaced. Whatever came since
/// is an edit that is not in the version, or one that hides or shows the whole record. Pure.
[[nodiscard]] bool is_as_known(const Record& record, const Version& version, const IsHeld& is_held);

/// What the client has seen after its own op `own` (`record`: after the op): as before and its own
/// op, no more.
[[nodiscard]] Version version_after(const Record& record, const oplog::Op& op, const LocalDot& own,
                                    const Version& version);

}  // namespace lanyard::merge
