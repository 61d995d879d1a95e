#pragma once

#include "replication/merge/record.hpp"

namespace lanyard::merge {

enum class SlotKind : std::uint8_t { kValue = 0, kCounter = 1, kSet = 2 };

/// Something visible that a field shows, or could show. Equal values are one choice with all their
/// dots.
struct Choice {
  SlotKind kind = SlotKind::kValue;
  Bytes value;                 ///< canonical msgpack: the value, the sum, or the array of elements
  Hlc timestamp;               ///< of the greatest sibling; zero for counters and sets
  std::vector<LocalDot> dots;  ///< of values: greatest first; empty for counters and sets
};

/// Best first: the counter if it has a visible add, else the set if it has a visible element, else
/// the sibling with the greatest (timestamp, change hash). Whatever is not first waits in the
/// conflict inbox. Empty: the field is not shown.
[[nodiscard]] std::vector<Choice> choices(const Field& field, const HashOf& hash_of);

/// The value of the field for somebody whose change `own` has written to it already: what that
/// wrote, whatever else is shown; else the value that is shown. Nothing if the field shows none, or
/// a counter or a set.
[[nodiscard]] std::optional<Bytes> shown_to_author(const Field& field, const LocalDot& own,
                                                   const HashOf& hash_of);

/// Canonical msgpack of the record as people see it: a map of the first choice of every field. Only
/// for a record that is_shown().
[[nodiscard]] Bytes shown_value(const Record& record, const HashOf& hash_of);

}  // namespace lanyard::merge
