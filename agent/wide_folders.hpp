#pragma once

#include <filesystem>

namespace lanyard::agent {

/// Whether a rule for all that is beneath this folder would open what is the person's and no
/// program's: the root folder, a home of whoever runs this, or a folder with that home in it.
/// `folder`: absolute, with no link in it.
[[nodiscard]] bool is_home_or_above(const std::filesystem::path& folder);

/// Whether the one folder is the other, or is in it. Both are absolute, with no link in them.
[[nodiscard]] bool is_beneath(const std::filesystem::path& folder,
                              const std::filesystem::path& other);

/// The kind of file system of other machines that a folder lies on, as people call it (statfs(2));
/// nullptr: on none.
[[nodiscard]] const char* network_kind(const std::filesystem::path& folder);

}  // namespace lanyard::agent
