#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "replication/types/result.hpp"

namespace lanyard::confinement {

/// What may be done with a file, or with all that lies beneath a folder.
enum class FileUse : std::uint8_t {
  kRead,       ///< files are read, folders listed
  kRun,        ///< the same, and files are run as programs
  kDevice,     ///< a file is read and written; none is made
  kOwnFolder,  ///< whatever keeps data: all but to run, and to make links and devices
};

struct FileRule {
  std::filesystem::path place;  ///< a link is followed: the rule is of what it leads to
  FileUse use = FileUse::kRead;
  bool is_needed = false;  ///< a place that is missing is else left out
};

/// From now on the calling thread, and whatever it starts, opens only what the rules allow, and
/// where the kernel knows how signals no process but those that it has started since (Landlock). A
/// rule is of the file or folder itself, under whichever name it has later; what takes its name is
/// another one. What is open stays open. A descriptor of a folder opens nothing beneath it that the
/// rules do not allow, one of a file can be used by whoever gets it. Nobody under rules looks into
/// the folder of another process in /proc, but for those that it has started.
///
/// To be called before there are other threads, behind keep_private(). kNotAllowed where the kernel
/// has no Landlock of version 2 (5.19), with which files can be moved between folders, where it
/// refuses, or where a needed place cannot be had: nothing is in force then. Without effect in a
/// build that is not is_confinable_build().
[[nodiscard]] Status allow_files(const std::vector<FileRule>& rules);

/// From now on this process, and whatever it starts, opens no file or folder, connects to nothing
/// by TCP and, where the kernel knows how, signals no process but its own (Landlock). What is open
/// stays open. keep_private() has to come first. kNotAllowed where the kernel has no Landlock or
/// refuses: nothing is in force then. Without effect in a build that is not is_confinable_build().
[[nodiscard]] Status forbid_files();

/// Whether this system has Landlock at all.
[[nodiscard]] bool has_file_rules();
/// Whether the calling thread is under rules for files, as the kernel says when it is asked for the
/// root folder, which no rule of ours allows and every user may list.
[[nodiscard]] bool is_under_file_rules();

}  // namespace lanyard::confinement
