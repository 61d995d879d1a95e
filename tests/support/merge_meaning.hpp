#pragma once

#include "tests/support/merge_world.hpp"

/// The merge rules once more, as declarations: the state as a pure function of a set of changes,
/// with no order anywhere. Written after the reference model (section 3 of merge_model.py) and
/// sharing nothing with replication/merge but the shape of a Record, so that each checks the other.
namespace lanyard::testing {

/// One op in its place in its change.
struct Placed {
  const MergeChange* change = nullptr;
  std::size_t index = 0;
  const MergeOp* op = nullptr;
};

/// The client behind `one` knew of `other`, an edit or a delete of the same record.
[[nodiscard]] bool has_seen(const Placed& one, const Placed& other);

/// Whether `op`, if it has seen it, replaces what `written` wrote into a field: a value or a set
/// element of the same record.
[[nodiscard]] bool replaces(const MergeOp& op, const MergeOp& written, const std::string& field);

/// Every record that was ever edited by a change with effect.
[[nodiscard]] MergeStore::Records meaning(const Changes& changes);

/// What a person who reads the record has been shown: dots of visible heads, values and set
/// elements, and of the adds in a visible sum, which no version names.
[[nodiscard]] merge::DotSet displayed(const Changes& changes, const RecordName& name);

/// Deletes without effect on a record that exists. A store reports those that it notices.
[[nodiscard]] std::set<VoidDelete> void_deletes(const Changes& changes);

}  // namespace lanyard::testing
