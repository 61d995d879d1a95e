#include "agent/linked_folders.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include "agent/wide_folders.hpp"

namespace lanyard::agent {
namespace {

namespace fs = std::filesystem;

bool is_link(const fs::directory_entry& entry) {
  std::error_code ignored;
  return entry.is_symlink(ignored);
}

/// "ab", as those of spaces are called, or that of backups.
bool is_folder_of_ours(const std::string& name) {
  return name == "backups" ||
         (name.size() == 2 && name.find_first_not_of("0123456789abcdef") == std::string::npos);
}

tl::unexpected<Error> refused(Code code, const fs::path& link, const std::string& why,
                              const std::string& fix) {
  std::error_code ignored;
  return fail(code,
              link.string() + " is a symbolic link to " + fs::read_symlink(link, ignored).string() +
                  ", " + why,
              fix);
}

bool is_own(const struct stat& found, bool may_be_roots) {
  return found.st_uid == ::geteuid() || ::geteuid() == 0 || (may_be_roots && found.st_uid == 0);
}

/// SQLite follows such a link, and keeps its log beside the file that it leads to; whatever else
/// looks at a space's file looks beside the link.
Status check_files(const fs::path& folder) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    const fs::path& file = entry.path();
    if ((file.extension() == ".db" || file.extension() == ".sqlite") && is_link(entry))
      return refused(Code::kUnsafePermissions, file, "and a file of the data folder may be none",
                     "Put the file itself there. To have it on another disk, move its folder, or "
                     "the data folder, and leave a link for that.");
  }
  return {};
}

Result<fs::path> target_of(const fs::path& link, const Paths& paths) {
  const std::string back = "Move the folder back, or have the link lead to a folder of your own.";
  std::error_code failed;
  fs::path target = fs::canonical(link, failed);
  struct stat itself {};
  struct stat found {};
  if (failed || ::lstat(link.c_str(), &itself) != 0 || ::stat(target.c_str(), &found) != 0)
    return refused(Code::kInvalidConfig, link, "which cannot be found",
                   "Mount the disk that has it, and start the agent again. " + back);
  if (!S_ISDIR(found.st_mode))
    return refused(Code::kInvalidConfig, link, "which is not a folder", back);
  if (!is_own(itself, true) || !is_own(found, false))
    return refused(Code::kUnsafePermissions, link, "and one of both belongs to another user", back);
  if ((found.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return refused(Code::kUnsafePermissions, link, "where others may write",
                   "Run  chmod 700 " + target.string());
  const auto holds = [&](const fs::path& own) {
    return is_beneath(fs::weakly_canonical(own, failed), target);
  };
  if (is_home_or_above(target) || holds(paths.data_dir) || holds(paths.state_dir))
    return refused(Code::kInvalidConfig, link,
                   "which holds far more than this folder of the agent's: all of that would be "
                   "the agent's to read and write",
                   "Make a folder for it there, and have the link lead to that.");
  if (const char* const kind = network_kind(target))
    return refused(Code::kInvalidConfig, link,
                   std::string("on a network file system (") + kind +
                       "), where the database's locks do not hold",
                   "Move the folder to a disk of this machine.");
  return target;
}

/// Whoever can put a link there has the agent's marks and logs written elsewhere.
Status check_state_folder(const Paths& paths) {
  std::error_code ignored;
  std::vector<fs::directory_entry> looked_at = {fs::directory_entry(paths.marks(), ignored)};
  for (const auto& entry : fs::directory_iterator(paths.marks(), ignored))
    looked_at.push_back(entry);
  for (const fs::directory_entry& entry : looked_at)
    if (is_link(entry))
      return refused(Code::kUnsafePermissions, entry.path(), "and the state folder may have none",
                     "Put the folder itself there, or name a state folder on another disk with "
                     "--state-dir.");
  return {};
}

}  // namespace

Result<std::vector<fs::path>> linked_folders(const Paths& paths) {
  LANYARD_TRY(check_state_folder(paths));
  LANYARD_TRY(check_files(paths.data_dir));
  std::vector<fs::path> out;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(paths.data_dir, ignored)) {
    if (!is_folder_of_ours(entry.path().filename().string())) continue;
    if (is_link(entry)) {
      LANYARD_TRY_SET(fs::path target, target_of(entry.path(), paths));
      out.push_back(std::move(target));
    }
    LANYARD_TRY(check_files(entry.path()));
  }
  return out;
}

}  // namespace lanyard::agent
