#include "storage/data_folder.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>

#include "replication/types/limits.hpp"
#include "storage/files.hpp"

namespace lanyard::storage {
namespace {

namespace fs = std::filesystem;

constexpr mode_t kOwnerOnly = 0700;

/// To be made before anything can change errno.
tl::unexpected<Error> folder_error(const std::string& what, const fs::path& folder) {
  const int number = errno;
  const std::string detail =
      what + " " + folder.string() + ": " + std::generic_category().message(number);
  switch (number) {
    case ENOSPC:
    case EDQUOT: return fail(Code::kDiskFull, detail, "Free some space on this disk.");
    case EEXIST:
    case ENOTDIR:
    case ENAMETOOLONG:
    case ELOOP: return fail(Code::kInvalidConfig, detail, "Set data_dir to a folder.");
    case EIO: return fail(Code::kInputOutput, detail, "Check the disk, or set data_dir.");
    default:
      return fail(Code::kReadOnly, detail,
                  "Make the folder writable for this user, or set data_dir.");
  }
}

fs::path parent_of(const fs::path& folder) {
  return folder.has_parent_path() ? folder.parent_path() : fs::path(".");
}

Status make_with_parents(const fs::path& folder) {
  if (::mkdir(folder.c_str(), kOwnerOnly) == 0) return sync_folder(parent_of(folder));
  if (errno == EEXIST) return {};
  if (errno != ENOENT || !folder.has_parent_path() || folder.parent_path() == folder)
    return folder_error("cannot make the folder", folder);
  LANYARD_TRY(make_with_parents(folder.parent_path()));
  if (::mkdir(folder.c_str(), kOwnerOnly) != 0 && errno != EEXIST)
    return folder_error("cannot make the folder", folder);
  return sync_folder(parent_of(folder));
}

/// Nothing of somebody else's would be closed to others with it.
bool is_ours_or_empty(const fs::path& folder) {
  std::error_code error;
  for (const char* name : {"platform.sqlite", "identity.key", "agent.lock"})
    if (fs::exists(folder / name, error)) return true;
  return fs::is_empty(folder, error);
}

Status check_rights(const fs::path& folder, const struct stat& found) {
  const std::string fix = "Run `chmod 700 " + folder.string() + "`, or set data_dir.";
  if (found.st_uid != ::geteuid())
    return fail(Code::kUnsafePermissions, folder.string() + " belongs to another user",
                "Set data_dir to a folder of your own.");
  if ((found.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return fail(Code::kUnsafePermissions, "others can write to " + folder.string(), fix);
  if ((found.st_mode & (S_IRWXG | S_IRWXO)) == 0) return {};
  if (!is_ours_or_empty(folder))
    return fail(Code::kUnsafePermissions,
                "others can read " + folder.string() + ", which holds other things as well", fix);
  if (::chmod(folder.c_str(), kOwnerOnly) != 0)
    return folder_error("cannot close to others", folder);
  return {};
}

}  // namespace

Status prepare_data_folder(const fs::path& folder) {
  if (folder.empty())
    return fail(Code::kInvalidConfig, "data_dir is empty", "Set data_dir to a folder.");
  // A slash at the end names the same folder, and would hide its parent.
  const fs::path plain = folder.has_filename() ? folder : folder.parent_path();
  LANYARD_TRY(make_with_parents(plain));
  struct stat found {};
  if (::stat(plain.c_str(), &found) != 0) return folder_error("cannot look at", plain);
  if (!S_ISDIR(found.st_mode))
    return fail(Code::kInvalidConfig, plain.string() + " is not a folder",
                "Set data_dir to a folder.");
  LANYARD_TRY(check_rights(plain, found));
  if (::faccessat(AT_FDCWD, plain.c_str(), R_OK | W_OK | X_OK, AT_EACCESS) != 0)
    return folder_error("cannot write to", plain);
  return {};
}

Status make_folder_inside(const fs::path& folder) {
  if (::mkdir(folder.c_str(), kOwnerOnly) == 0) return sync_folder(parent_of(folder));
  if (errno != EEXIST) return folder_error("cannot make the folder", folder);
  return {};
}

Result<DiskSpace> disk_space_of(const fs::path& folder) {
  struct statvfs found {};
  if (::statvfs(folder.c_str(), &found) != 0) return folder_error("cannot look at", folder);
  return DiskSpace{std::uint64_t{found.f_bavail} * found.f_frsize,
                   std::uint64_t{found.f_blocks} * found.f_frsize};
}

std::uint64_t disk_reserve(const DiskSpace& disk) {
  return limits::kDiskReserveBytes + disk.total_bytes / 100;
}

}  // namespace lanyard::storage
