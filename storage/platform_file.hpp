#pragma once

#include "storage/sqlite.hpp"

namespace lanyard::storage {

/// Opens platform.sqlite, makes it where there is none, and brings an older one up to date.
/// kNewerVersion: written by a newer Lanyard, and not touched. kCorrupt: not ours, or damaged; left
/// as it is. kReadOnly, kDiskFull, kInputOutput. Each says what to do.
[[nodiscard]] Result<Database> open_platform_file(const std::filesystem::path& file,
                                                  const std::string& vfs);

}  // namespace lanyard::storage
