#pragma once

#include <filesystem>

#include "replication/types/result.hpp"

/// What SQLite does not do for us: syncs, swaps, permissions.
namespace lanyard::storage {

/// The error of a system call that failed, with the name of the file.
[[nodiscard]] Error system_error(int number, const std::string& what,
                                 const std::filesystem::path& file);

/// An empty file that only its owner can read; nothing if there is one.
[[nodiscard]] Status make_private_file(const std::filesystem::path& file);
/// Returns once the file's bytes are on disk. A missing file is fine.
[[nodiscard]] Status sync_file(const std::filesystem::path& file);
/// Returns once the names in the folder are on disk.
[[nodiscard]] Status sync_folder(const std::filesystem::path& folder);
[[nodiscard]] Status move_file(const std::filesystem::path& from, const std::filesystem::path& to);
/// A missing file is fine.
[[nodiscard]] Status remove_file(const std::filesystem::path& file);

/// `file` with something behind its name.
[[nodiscard]] inline std::filesystem::path beside(const std::filesystem::path& file,
                                                  const char* ending) {
  std::filesystem::path out = file;
  out += ending;
  return out;
}

}  // namespace lanyard::storage
