#pragma once

#include "storage/sqlite.hpp"

namespace lanyard::storage {

/// What an agent does that starts without the file, where there are spaces.
inline constexpr const char* kWithoutPlatform =
    "the agent makes a new one and takes in the spaces beside it, which are whole; devices are to "
    "be paired, and apps to be allowed, again.";

/// Opens platform.sqlite, makes it where there is none, and brings an older one up to date.
/// kNewerVersion: written by a newer Lanyard, and not touched. kCorrupt: not ours, or damaged; left
/// as it is. kReadOnly, kDiskFull, kInputOutput. Each says what to do.
[[nodiscard]] Result<Database> open_platform_file(const std::filesystem::path& file,
                                                  const std::string& vfs);

}  // namespace lanyard::storage
