#pragma once

#include "replication/ports.hpp"
#include "storage/sqlite.hpp"

namespace lanyard::storage {

/// BLAKE2b-256 over all that the file's tables hold of records, in key order, as docs/STORAGE.md
/// and scripts/state_hash.py have it: read back from the rows, with dots by their full log ids, so
/// that it is the same on every device with the same changes. Reads everything: 100,000 records
/// take about half a second.
[[nodiscard]] Result<Hash> state_hash(Database& database, const Hasher& hasher);

}  // namespace lanyard::storage
