#include "agent/file_access.hpp"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <utility>

#include "agent/folder_hash.hpp"
#include "agent/wide_folders.hpp"

namespace lanyard::agent {
namespace {

namespace fs = std::filesystem;
using confinement::FileRule;
using confinement::FileUse;

/// That nobody else has put it there.
bool is_own_folder(const fs::path& folder) {
  struct stat found {};
  return ::lstat(folder.c_str(), &found) == 0 && S_ISDIR(found.st_mode) &&
         found.st_uid == ::geteuid() && (found.st_mode & (S_IRWXG | S_IRWXO)) == 0;
}

constexpr const char* kPlaceName = "lanyard-";
constexpr int kTriesMax = 10;

/// Where temporary files may be, the best first.
std::vector<fs::path> temporary_folders() {
  std::vector<fs::path> out;
  const char* const wanted = std::getenv("TMPDIR");
  if (wanted != nullptr && *wanted == '/') out.emplace_back(wanted);
  for (const char* const folder : {"/var/tmp", "/tmp"}) out.emplace_back(folder);
  return out;
}

/// lanyard-0123456789abcdef, and what mkdtemp(3) puts behind that: no other folder of a test or a
/// script.
bool is_name_of_place(const std::string& name) {
  constexpr std::size_t kLength = 8 + 16;
  const std::size_t digits =
      name.find_first_not_of("0123456789abcdef", std::min(name.size(), std::size_t{8}));
  const bool is_plain = digits == std::string::npos && name.size() == kLength;
  const bool is_random = digits == kLength && name.size() == kLength + 7 && name[kLength] == '-';
  return name.starts_with(kPlaceName) && (is_plain || is_random);
}

/// A descriptor of a folder that is locked so; -1: it cannot be had. A file system may know no
/// locks: then whoever shares it goes without.
int locked(const fs::path& folder, int kind) {
  const int out = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (out < 0 || ::flock(out, kind | LOCK_NB) == 0) return out;
  if (kind == LOCK_SH && errno != EWOULDBLOCK) return out;
  ::close(out);
  return -1;
}

bool is_still(int held, const fs::path& folder) {
  struct stat ours {};
  struct stat found {};
  return ::fstat(held, &ours) == 0 && ::lstat(folder.c_str(), &found) == 0 &&
         ours.st_ino == found.st_ino && ours.st_dev == found.st_dev;
}

/// Read by whatever is linked, resolves a name, tells the time or asks how much memory there is.
/// Folders, where files in them are put in the place of others: a rule is of the file that was
/// there when it was made. What is not there is left out.
constexpr const char* kReadPlaces[] = {
    "/etc", "/proc", "/sys/fs/cgroup", "/sys/devices/system/cpu", "/usr/lib", "/usr/lib32",
    "/usr/lib64", "/usr/libx32", "/usr/local/lib", "/lib", "/lib32", "/lib64", "/libx32",
    "/usr/share/zoneinfo", "/usr/share/locale", "/nix/store", "/gnu/store",
    // Where /etc/resolv.conf and /etc/machine-id lead.
    "/run/systemd/resolve", "/run/resolvconf", "/run/NetworkManager", "/run/connman",
    "/run/machine-id", "/var/lib/dbus", "/dev/urandom", "/dev/random"};

/// Who loads this program, and all libraries that it was loaded with.
struct Loaded {
  fs::path loader;
  std::vector<fs::path> files;
};

int look_at_loaded(dl_phdr_info* object, std::size_t /*size*/, void* out) {
  auto& loaded = *static_cast<Loaded*>(out);
  const std::string_view name = object->dlpi_name == nullptr ? "" : object->dlpi_name;
  if (name.starts_with('/')) loaded.files.emplace_back(name);
  for (std::size_t each = 0; loaded.loader.empty() && each < object->dlpi_phnum; ++each) {
    const auto& part = object->dlpi_phdr[each];
    if (part.p_type == PT_INTERP)
      loaded.loader = reinterpret_cast<const char*>(object->dlpi_addr + part.p_vaddr);
  }
  return 0;
}

}  // namespace

TemporaryPlace::TemporaryPlace(const fs::path& data_dir) {
  const std::string name =
      kPlaceName + folder_hash(std::to_string(::geteuid()) + ":" + data_dir.string());
  for (const fs::path& folder : temporary_folders())
    if (take(folder / name)) break;
  if (!path_.empty()) ::setenv("TMPDIR", path_.c_str(), 1);
}

bool TemporaryPlace::take(const fs::path& fixed) {
  // Another agent's start may take it away before it is locked here.
  for (int tried = 0; tried < kTriesMax; ++tried) {
    std::string random = fixed.string() + "-XXXXXX";
    static_cast<void>(::mkdir(fixed.c_str(), 0700));
    if (is_own_folder(fixed)) {
      path_ = fixed;
    } else if (::mkdtemp(random.data()) != nullptr) {
      path_ = random;
    } else {
      return false;
    }
    held_ = locked(path_, LOCK_SH);
    if (held_ >= 0 && is_still(held_, path_)) return true;
    if (held_ >= 0) ::close(std::exchange(held_, -1));
  }
  path_.clear();
  return false;
}

TemporaryPlace::~TemporaryPlace() {
  if (!path_.empty()) ::rmdir(path_.c_str());
  if (held_ >= 0) ::close(held_);
}

void remove_left_places() {
  std::error_code ignored;
  for (const fs::path& folder : temporary_folders())
    for (const auto& entry : fs::directory_iterator(folder, ignored)) {
      const fs::path& place = entry.path();
      if (!is_name_of_place(place.filename().string()) || !is_own_folder(place)) continue;
      const int held = locked(place, LOCK_EX);
      if (held < 0) continue;
      ::rmdir(place.c_str());  // what is not empty stays: it may be of another program
      ::close(held);
    }
}

std::vector<FileRule> files_of_agent(const Paths& paths, const std::vector<fs::path>& linked,
                                     const fs::path& temporary) {
  std::vector<FileRule> out = {{paths.data_dir, FileUse::kOwnFolder, true},
                               {paths.state_dir, FileUse::kOwnFolder, true},
                               {"/dev/null", FileUse::kDevice, true},
                               {"/proc/self/exe", FileUse::kRun, true}};
  for (const fs::path& folder : linked) out.push_back({folder, FileUse::kOwnFolder, true});
  if (!temporary.empty()) out.push_back({temporary, FileUse::kOwnFolder});
  for (const char* const place : kReadPlaces) out.push_back({place, FileUse::kRead});
  std::error_code ignored;
  out.push_back({fs::canonical("/etc/machine-id", ignored), FileUse::kRead});
  out.push_back({fs::canonical("/etc/resolv.conf", ignored).parent_path(), FileUse::kRead});
  Loaded loaded;
  ::dl_iterate_phdr(look_at_loaded, &loaded);
  for (const fs::path& file : loaded.files) {
    const fs::path folder = fs::canonical(file.parent_path(), ignored);
    // A person who keeps a library in the home folder has not given all of that away.
    out.push_back({is_home_or_above(folder) ? file : folder, FileUse::kRead});
  }
  // The folder: an update of the C library puts another file there while the agent runs, which is
  // to load what it starts then.
  if (!loaded.loader.empty())
    out.push_back({fs::canonical(loaded.loader, ignored).parent_path(), FileUse::kRun});
  // Nothing that stands directly below it is worth all that is below it.
  std::erase_if(out, [](const FileRule& rule) { return rule.place.empty() || rule.place == "/"; });
  return out;
}

}  // namespace lanyard::agent
