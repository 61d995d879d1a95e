#include "agent/cli/running_program.hpp"

#include <sys/types.h>

#include <fstream>

#include "agent/program_file.hpp"

namespace lanyard::agent {
namespace {

std::optional<ProgramFile> file_of(const Json& agent, const std::string& proc_folder) {
  const auto told = agent.find("program");
  if (told == agent.end() || !told->is_object()) return program_file_at(proc_folder);
  return ProgramFile{told->value("path", std::string()), told->value("device", std::uint64_t{0}),
                     told->value("inode", std::uint64_t{0}), told->value("gone", false)};
}

}  // namespace

std::optional<RunningProgram> program_of(const Json& agent) {
  const std::string folder = "/proc/" + std::to_string(agent.value("pid", pid_t{0}));
  const auto theirs = file_of(agent, folder);
  const auto ours = own_program_file();
  if (!theirs || !ours) return std::nullopt;
  RunningProgram out;
  out.is_this_file = theirs->device == ours->device && theirs->inode == ours->inode;
  out.path = theirs->path;
  out.is_gone = theirs->is_gone;
  // Everybody may read this.
  std::ifstream in(folder + "/cmdline", std::ios::binary);
  std::string word;
  std::getline(in, word, '\0');  // the program's name
  while (std::getline(in, word, '\0')) out.arguments.push_back(word);
  return out;
}

}  // namespace lanyard::agent
