#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace lanyard::agent {

/// The file that a process runs. By its inode two processes know whether theirs is the same, also
/// when its name has been given to another since.
struct ProgramFile {
  std::string path;  ///< where it was started from
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  bool is_gone = false;  ///< it was replaced or removed since
};

/// Of this process, from /proc; nothing where there is none.
[[nodiscard]] std::optional<ProgramFile> own_program_file();
/// Of another one, which must not keep private (confinement/privacy.hpp), or be this one.
[[nodiscard]] std::optional<ProgramFile> program_file_at(const std::string& proc_folder);

}  // namespace lanyard::agent
