#pragma once

#include <filesystem>

#include "replication/types/ids.hpp"
#include "replication/types/result.hpp"

namespace lanyard::storage {

/// Raw copies of one space that are kept; older ones go.
inline constexpr std::size_t kSnapshotsKept = 12;

/// Copies a space's file as it is now into `folder` (made 0700 if need be), under a name of the
/// space and the time, through SQLite's backup, beside its writer; durable when it returns. Answers
/// where it is. Where the last copies of a space are as many as are kept, the oldest goes.
[[nodiscard]] Result<std::filesystem::path> take_snapshot(const std::filesystem::path& file,
                                                          const SpaceId& space,
                                                          const std::filesystem::path& folder,
                                                          std::int64_t now_ms);

}  // namespace lanyard::storage
