#include "agent/file_access.hpp"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "agent/folder_hash.hpp"

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

/// Who loads this program, and the folders of all libraries that it was loaded with.
struct Loaded {
  fs::path loader;
  std::vector<fs::path> folders;
};

int look_at_loaded(dl_phdr_info* object, std::size_t /*size*/, void* out) {
  auto& loaded = *static_cast<Loaded*>(out);
  const std::string_view name = object->dlpi_name == nullptr ? "" : object->dlpi_name;
  if (name.starts_with('/')) loaded.folders.push_back(fs::path(name).parent_path());
  for (std::size_t each = 0; loaded.loader.empty() && each < object->dlpi_phnum; ++each) {
    const auto& part = object->dlpi_phdr[each];
    if (part.p_type == PT_INTERP)
      loaded.loader = reinterpret_cast<const char*>(object->dlpi_addr + part.p_vaddr);
  }
  return 0;
}

}  // namespace

TemporaryPlace::TemporaryPlace(const fs::path& data_dir) {
  const char* const wanted = std::getenv("TMPDIR");
  const std::string name =
      "lanyard-" + folder_hash(std::to_string(::geteuid()) + ":" + data_dir.string());
  for (const char* const folder : {wanted, "/var/tmp", "/tmp"}) {
    if (folder == nullptr || *folder != '/') continue;
    const fs::path fixed = fs::path(folder) / name;
    std::string random = fixed.string() + "-XXXXXX";
    static_cast<void>(::mkdir(fixed.c_str(), 0700));
    if (is_own_folder(fixed)) {
      path_ = fixed;
    } else if (::mkdtemp(random.data()) != nullptr) {
      path_ = random;
    } else {
      continue;
    }
    held_ = ::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (held_ >= 0) static_cast<void>(::flock(held_, LOCK_SH | LOCK_NB));
    ::setenv("TMPDIR", path_.c_str(), 1);
    return;
  }
}

TemporaryPlace::~TemporaryPlace() {
  if (held_ >= 0) ::close(held_);
  if (!path_.empty()) ::rmdir(path_.c_str());
}

std::vector<FileRule> files_of_agent(const Paths& paths, const fs::path& temporary) {
  std::vector<FileRule> out = {{paths.data_dir, FileUse::kOwnFolder, true},
                               {paths.state_dir, FileUse::kOwnFolder, true},
                               {"/dev/null", FileUse::kDevice, true},
                               {"/proc/self/exe", FileUse::kRun, true}};
  if (!temporary.empty()) out.push_back({temporary, FileUse::kOwnFolder});
  for (const char* const place : kReadPlaces) out.push_back({place, FileUse::kRead});
  std::error_code ignored;
  out.push_back({fs::canonical("/etc/machine-id", ignored), FileUse::kRead});
  out.push_back({fs::canonical("/etc/resolv.conf", ignored).parent_path(), FileUse::kRead});
  Loaded loaded;
  ::dl_iterate_phdr(look_at_loaded, &loaded);
  for (const fs::path& folder : loaded.folders) out.push_back({folder, FileUse::kRead});
  // The folder: an update of the C library puts another file there while the agent runs, which is
  // to load what it starts then.
  if (!loaded.loader.empty())
    out.push_back({fs::canonical(loaded.loader, ignored).parent_path(), FileUse::kRun});
  // Nothing that stands directly below it is worth all that is below it.
  std::erase_if(out, [](const FileRule& rule) { return rule.place.empty() || rule.place == "/"; });
  return out;
}

}  // namespace lanyard::agent
