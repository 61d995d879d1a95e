#pragma once

#include <filesystem>
#include <vector>

#include "agent/paths.hpp"

namespace lanyard::agent {

/// What a person moved to another disk, and left a symbolic link for: folders of the data folder
/// (those of spaces, `backups`), one's own and closed to others' writing. Where the links lead: an
/// agent under rules for files has to be told, or it could not open them (docs/adr/0047).
///
/// kInvalidConfig for one that leads nowhere (a disk that is not there), to what is no folder, to
/// the person's home, around the data folder, or to another machine; kUnsafePermissions where
/// somebody else could have a hand in it, for a link in the place of a file, and for one in the
/// state folder, where none is followed. Each says what to do. The folders are there.
[[nodiscard]] Result<std::vector<std::filesystem::path>> linked_folders(const Paths& paths);

}  // namespace lanyard::agent
