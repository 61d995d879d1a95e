#include "agent/program_file.hpp"

#include <sys/stat.h>

#include <filesystem>

namespace lanyard::agent {

std::optional<ProgramFile> own_program_file() { return program_file_at("/proc/self"); }

std::optional<ProgramFile> program_file_at(const std::string& proc_folder) {
  const std::string link = proc_folder + "/exe";
  struct stat found {};
  // The link leads to the file that is run, also when its name has been given to another.
  if (stat(link.c_str(), &found) != 0) return std::nullopt;
  ProgramFile out{{}, found.st_dev, found.st_ino, found.st_nlink == 0};
  std::error_code ignored;
  out.path = std::filesystem::read_symlink(link, ignored).string();
  constexpr std::string_view kDeleted = " (deleted)";
  if (out.path.ends_with(kDeleted)) out.path.resize(out.path.size() - kDeleted.size());
  return out;
}

}  // namespace lanyard::agent
