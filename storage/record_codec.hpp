#pragma once

#include <optional>
#include <string>

#include "replication/merge/show_limits.hpp"
#include "storage/dots_blob.hpp"

/// A merged record and the rows that hold it, both ways, without loss. Pure.
namespace lanyard::storage {

/// A row of lanyard_conflicts or lanyard_trash.
struct SideRow {
  std::string field;
  merge::SlotKind kind = merge::SlotKind::kValue;
  merge::LocalDot dot;      ///< zeros for a counter, or a part of one
  merge::DotSet hidden_by;  ///< empty in the inbox
  std::string value;        ///< JSON
  Hlc timestamp;            ///< of values only
};

struct RecordRowSet {
  std::optional<std::string> value;  ///< JSON without a left-out id
  Dots dots;
  std::vector<SideRow> conflicts;
  std::vector<SideRow> trash;
};

/// `hash_of`: asked for where siblings with equal timestamps meet. Fields that do not fit into what
/// is shown stand among the conflicts, whole.
[[nodiscard]] RecordRowSet to_rows(const merge::Record& record, std::string_view key,
                                   const merge::HashOf& hash_of,
                                   const merge::ShowLimits& show_limits = {});
/// kCorrupt if the parts do not fit together.
[[nodiscard]] Result<merge::Record> from_rows(const RecordRowSet& rows, std::string_view key);

/// The JSON that apps see: with the id that was left out, in its place.
[[nodiscard]] std::string with_id(std::string_view value, std::string_view key);

}  // namespace lanyard::storage
