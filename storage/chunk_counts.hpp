#pragma once

#include "storage/space_tables.hpp"

namespace lanyard::storage {

/// Whether the file has parts of values from before it was counted how often each may be used.
[[nodiscard]] Result<bool> has_uncounted_chunks(Database& database);

/// Counts them, as a store does that merges the same changes today. Inside the caller's
/// transaction. Rows of the log that cannot be read are passed over. False: some change that had an
/// effect here when it was merged would have none today, which is the work of a member who names
/// again what it sent once.
[[nodiscard]] Result<bool> count_chunks(Database& database, SpaceTables& tables,
                                        const Cipher& cipher, const Hasher& hasher);

}  // namespace lanyard::storage
