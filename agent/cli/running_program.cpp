#include "agent/cli/running_program.hpp"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>

namespace lanyard::agent {

std::optional<RunningProgram> program_of(pid_t process) {
  const std::string folder = "/proc/" + std::to_string(process);
  struct stat theirs {};
  struct stat ours {};
  // The link leads to the file that is run, also when its name has been given to another.
  if (stat((folder + "/exe").c_str(), &theirs) != 0 || stat("/proc/self/exe", &ours) != 0)
    return std::nullopt;
  RunningProgram out;
  out.is_this_file = theirs.st_dev == ours.st_dev && theirs.st_ino == ours.st_ino;
  std::error_code ignored;
  out.path = std::filesystem::read_symlink(folder + "/exe", ignored).string();
  constexpr std::string_view kDeleted = " (deleted)";
  out.is_gone = theirs.st_nlink == 0;
  if (out.path.ends_with(kDeleted)) out.path.resize(out.path.size() - kDeleted.size());
  std::ifstream in(folder + "/cmdline", std::ios::binary);
  std::string word;
  std::getline(in, word, '\0');  // the program's name
  while (std::getline(in, word, '\0')) out.arguments.push_back(word);
  return out;
}

}  // namespace lanyard::agent
