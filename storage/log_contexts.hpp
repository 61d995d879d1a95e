#pragma once

#include <set>

#include "replication/merge/merger.hpp"
#include "storage/sqlite.hpp"

/// What the authors of a space's logs held with the last changes in them: lanyard_contexts.
namespace lanyard::storage {

/// Fills in the contexts of all logs, which are numbered as they stand in `logs`. Of a file that is
/// older than the table, which is only read, from where they stood before. kCorrupt if one names a
/// log that is not here.
[[nodiscard]] Status read_contexts(Database& database, std::vector<merge::MergedLog>& logs);

/// Writes what the log's changes named since its context was written last.
[[nodiscard]] Status write_context(Database& database, merge::LogNumber log,
                                   const merge::Context& context,
                                   const std::set<merge::LogNumber>& named);

}  // namespace lanyard::storage
