#pragma once

#include "replication/merge/record.hpp"
#include "replication/merge/show.hpp"
#include "replication/types/result.hpp"

/// The `dots` column of lanyard_records: all that merging needs to know of a record and that its
/// JSON does not say. docs/STORAGE.md gives each byte.
namespace lanyard::storage {

struct Stamped {
  merge::LocalDot dot;
  Hlc timestamp;
  friend auto operator<=>(const Stamped&, const Stamped&) = default;
};

/// How one shown member differs from a value that the base dot alone wrote.
struct DotsEntry {
  std::size_t member = 0;  ///< its place among the members, a left-out id counted
  merge::SlotKind kind = merge::SlotKind::kValue;
  std::vector<Stamped> values;                         ///< of a value: all that wrote this value
  std::vector<std::vector<merge::LocalDot>> elements;  ///< of a set: the adds of each element
  friend bool operator==(const DotsEntry&, const DotsEntry&) = default;
};

struct Dots {
  bool is_shown = true;        ///< there is a value
  bool id_left_out = false;    ///< its member `id` is the key
  bool has_conflicts = false;  ///< rows in lanyard_conflicts
  bool has_trash = false;      ///< rows in lanyard_trash
  std::vector<merge::RecordHead> heads;
  Stamped base;                    ///< what wrote the members that no entry names
  std::vector<DotsEntry> entries;  ///< by member
  friend bool operator==(const Dots&, const Dots&) = default;
};

void encode(const Dots& dots, Bytes& out);
/// A record that one put or patch wrote, and nothing since: most records, for ever.
void encode_simple(const Stamped& base, bool id_left_out, Bytes& out);
/// kCorrupt for anything that encode() would not have written.
[[nodiscard]] Result<Dots> decode_dots(ByteView blob);

}  // namespace lanyard::storage
