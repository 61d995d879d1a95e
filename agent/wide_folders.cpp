#include "agent/wide_folders.hpp"

#include <pwd.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <vector>

namespace lanyard::agent {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> homes() {
  std::vector<fs::path> out;
  const auto add = [&out](const char* home) {
    std::error_code failed;
    if (home == nullptr || *home != '/') return;
    fs::path real = fs::canonical(home, failed);
    if (!failed) out.push_back(std::move(real));
  };
  add(std::getenv("HOME"));
  std::array<char, 16 * 1024> memory{};
  passwd entry{};
  passwd* found = nullptr;
  ::getpwuid_r(::geteuid(), &entry, memory.data(), memory.size(), &found);
  if (found != nullptr) add(found->pw_dir);
  return out;
}

}  // namespace

bool is_beneath(const fs::path& folder, const fs::path& other) {
  return std::mismatch(other.begin(), other.end(), folder.begin(), folder.end()).first ==
         other.end();
}

bool is_home_or_above(const fs::path& folder) {
  if (folder == folder.root_path()) return true;
  const std::vector<fs::path> all = homes();
  return std::any_of(all.begin(), all.end(),
                     [&](const fs::path& home) { return is_beneath(home, folder); });
}

const char* network_kind(const fs::path& folder) {
  struct Kind {
    decltype(statfs::f_type) magic;
    const char* name;
  };
  static constexpr std::array kKinds = std::to_array<Kind>({{0x6969, "NFS"},
                                                            {0x517B, "SMB"},
                                                            {0xFF534D42, "CIFS"},
                                                            {0xFE534D42, "SMB2"},
                                                            {0x01021997, "9P"},
                                                            {0x5346414F, "AFS"},
                                                            {0x73757245, "Coda"}});
  struct statfs found {};
  if (statfs(folder.c_str(), &found) != 0) return nullptr;
  for (const Kind& kind : kKinds)
    if (found.f_type == kind.magic) return kind.name;
  return nullptr;
}

}  // namespace lanyard::agent
