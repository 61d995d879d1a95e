#include "agent/socket_program.hpp"

#include <fstream>

namespace lanyard::agent {
namespace {

namespace fs = std::filesystem;

/// More are not looked at: whoever asks waits for it.
constexpr std::size_t kDescriptorsSeenMax = 50'000;

/// Whether the process has the socket open. `seen`: descriptors that were looked at so far.
bool has_socket(const fs::path& process, const std::string& name, std::size_t& seen) {
  std::error_code error;
  for (fs::directory_iterator each(process / "fd", error), end; !error && each != end;
       each.increment(error)) {
    std::error_code ignored;
    if (++seen > kDescriptorsSeenMax) return false;
    if (fs::read_symlink(each->path(), ignored) == name) return true;
  }
  return false;
}

std::string name_of(const fs::path& process) {
  std::error_code error;
  std::string file = fs::read_symlink(process / "exe", error).string();
  constexpr std::string_view kDeleted = " (deleted)";
  if (file.ends_with(kDeleted)) file.resize(file.size() - kDeleted.size());
  if (!error && !file.empty()) return file;
  std::ifstream in(process / "comm");
  std::getline(in, file);
  return file;
}

bool is_process(const std::string& name) {
  return name.find_first_not_of("0123456789") == std::string::npos;
}

}  // namespace

std::optional<fs::path> process_with_socket(std::uint64_t inode) {
  const std::string name = "socket:[" + std::to_string(inode) + "]";
  std::size_t seen = 0;
  std::error_code error;
  for (fs::directory_iterator each("/proc", error), end; !error && each != end;
       each.increment(error))
    if (is_process(each->path().filename().string()) && has_socket(each->path(), name, seen))
      return each->path();
  return std::nullopt;
}

SocketProgram program_of(const SocketOwner& owner) {
  SocketProgram out;
  if (owner.kind != SocketOwner::Kind::kUser) return out;
  out.user = user_text(owner.uid);
  if (const auto process = process_with_socket(owner.inode)) out.program = name_of(*process);
  return out;
}

}  // namespace lanyard::agent
