#pragma once

#include <set>

#include "replication/merge/show.hpp"
#include "replication/merge/version.hpp"
#include "replication/oplog/op.hpp"
#include "replication/types/limits.hpp"

namespace lanyard::merge {

/// How much of a record is shown.
struct ShowLimits {
  std::size_t bytes = limits::kRecordShownBytesMax;  ///< of its JSON
  std::size_t fields = limits::kRecordFieldsMax;
};

using FieldNames = std::set<std::string, std::less<>>;

/// Fields that are visible and do not fit into what the record may show: the largest ones, by the
/// JSON that each would take there, and of equal ones the last by name. They wait in the inbox, and
/// are shown as soon as the record has room. None of nearly every record, which costs little to
/// find out. The same on all devices that hold the same changes, whatever the order in which they
/// came: it is found from what the record is, and not from how it became so. Pure.
[[nodiscard]] FieldNames fields_left_out(const Record& record, const HashOf& hash_of,
                                         const ShowLimits& show_limits = {});

/// What a client has seen that read this version. Fields that the record has no room to show it has
/// not seen, though the version names them: a put leaves those where they are, and with them what
/// was written in the same change. Pure.
[[nodiscard]] Version seen_of(const oplog::Op& op, const Version& version, const Record& record,
                              const HashOf& hash_of);

/// Of a local write: kTooLarge if one of its own fields would be left out. `shown`: not below what
/// the record shows now, in bytes; it grows with what the op adds at most.
[[nodiscard]] Status check_room(const Record& record, const oplog::Op& op, const HashOf& hash_of,
                                std::size_t& shown, const ShowLimits& show_limits = {});

/// Not below what a value takes as JSON.
[[nodiscard]] inline std::size_t json_bytes_at_most(ByteView canonical) {
  return 6 * canonical.size();  // a control character, with its length before it: \u0001
}

}  // namespace lanyard::merge
