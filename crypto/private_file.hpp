#pragma once

#include <filesystem>
#include <span>

#include "replication/types/bytes.hpp"
#include "replication/types/result.hpp"

/// Small files that nobody but their owner may read. Errors name the file and never its content.
namespace lanyard::crypto {

/// Reads the file from its start until its end or until `into` is full, and returns how much that
/// was. kNotFound if there is none. kUnsafePermissions if it is a symbolic link, belongs to another
/// user, or gives its group or others any right: then its content may be known to them, or theirs.
/// kCorrupt if it is not a regular file. kNotAllowed and kInputOutput as the system says.
[[nodiscard]] Result<std::size_t> read_private_file(const std::filesystem::path& file,
                                                    std::span<std::uint8_t> into);

/// Makes the file with mode 0600, whole or not at all, and on disk before this returns: written
/// under another name, synced, linked to its own name, the folder synced. kExists if there is one:
/// it is never replaced. kNotFound if there is no such folder. kDiskFull, kReadOnly and
/// kInputOutput as the system says.
[[nodiscard]] Status create_private_file(const std::filesystem::path& file, ByteView content);

}  // namespace lanyard::crypto
