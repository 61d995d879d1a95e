#pragma once

#include <cstdint>
#include <filesystem>

#include "replication/types/result.hpp"

/// The folder in which everything of a device lies, and what its disk has left.
namespace lanyard::storage {

/// Makes the folder, and those above it, with mode 0700, on disk before this returns; or checks the
/// one that is there. One of ours, or an empty one, that others can read is closed to them.
/// kInvalidConfig: not a folder. kUnsafePermissions: it belongs to somebody else, others can write
/// to it, or they can read it and it holds other things than ours. kReadOnly, kDiskFull,
/// kInputOutput. Each names the folder and the fix.
[[nodiscard]] Status prepare_data_folder(const std::filesystem::path& folder);

/// Makes one folder inside, mode 0700, on disk before this returns; fine if it is there.
[[nodiscard]] Status make_folder_inside(const std::filesystem::path& folder);

struct DiskSpace {
  std::uint64_t free_bytes = 0;  ///< for us, without what is kept for root
  std::uint64_t total_bytes = 0;
};
[[nodiscard]] Result<DiskSpace> disk_space_of(const std::filesystem::path& folder);

/// What stays free for sync, deletes and recovery: limits::kDiskReserveBytes and 1 % of the disk.
[[nodiscard]] std::uint64_t disk_reserve(const DiskSpace& disk);

}  // namespace lanyard::storage
