#pragma once

#include <string>
#include <string_view>

#include "replication/merge/log_table.hpp"
#include "replication/merge/version.hpp"

namespace lanyard::merge {

/// A version as clients get it: opaque, exact, safe in URLs. "0" is the empty one: there was no
/// record. Otherwise base64url (RFC 4648, 5, no padding) of
///   number of logs, then for each log: first 8 bytes of its id, number of seqs, first seq,
///   differences
/// for the edits, and the same for the deletes if there are any; numbers are LEB128. Two logs of
/// one space that agree in 8 bytes do not happen.
[[nodiscard]] std::string to_text(const Version& version, const LogTable& logs);

/// kUsage for anything that to_text() did not write. Dots of logs that are not held here are
/// ignored: the text may come from another device of this space.
[[nodiscard]] Result<Version> version_from_text(std::string_view text, const LogTable& logs);

/// The same, and whether all logs that it names are held here.
struct NamedVersion {
  Version version;
  bool is_known = true;
};
[[nodiscard]] Result<NamedVersion> named_version_from_text(std::string_view text,
                                                           const LogTable& logs);

/// Whether whoever read the version `read` has seen all that a read of the version `now` names. A
/// text that no read returned has seen nothing. Pure.
[[nodiscard]] bool has_seen(std::string_view read, std::string_view now);

}  // namespace lanyard::merge
