#include "storage/sqlite_unaided.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <string>
#include <string_view>
#include <utility>

namespace lanyard::storage {
namespace {

/// One temporary file: SQLite has it, or it waits empty.
struct Spare {
  int descriptor = -1;
  bool is_used = false;
  std::uint64_t size = 0;
};
std::array<Spare, kTemporaryFilesMax> spares;

/// How SQLite begins the names of its temporary files.
bool is_temporary(std::string_view path) { return path.find("etilqs_") != std::string_view::npos; }

Spare* spare_of(int descriptor) {
  const auto found = std::find_if(spares.begin(), spares.end(), [&](const Spare& each) {
    return each.descriptor == descriptor && each.descriptor >= 0;
  });
  return found == spares.end() ? nullptr : &*found;
}

int open_file(const char* path, int /*flags*/, int /*mode*/) {
  const auto found = std::find_if(spares.begin(), spares.end(), [](const Spare& each) {
    return !each.is_used && each.descriptor >= 0;
  });
  if (!is_temporary(path) || found == spares.end()) {
    errno = is_temporary(path) ? ENOSPC : EACCES;
    return -1;
  }
  found->is_used = true;
  return found->descriptor;
}

int close_file(int descriptor) {
  Spare* const spare = spare_of(descriptor);
  if (spare == nullptr) return ::close(descriptor);
  spare->is_used = false;
  spare->size = 0;
  return ::ftruncate(descriptor, 0);
}

ssize_t write_file(int descriptor, const void* data, std::size_t size, off_t place) {
  if (Spare* const spare = spare_of(descriptor)) {
    const std::uint64_t wanted = std::max(spare->size, static_cast<std::uint64_t>(place) + size);
    std::uint64_t all = wanted - spare->size;
    for (const Spare& each : spares) all += each.size;
    if (all > kTemporaryBytesMax) {
      errno = ENOSPC;
      return -1;
    }
    spare->size = wanted;
  }
  return ::pwrite(descriptor, data, size, place);
}

/// A temporary file is not there before it is made; its folder is.
int may_access(const char* path, int /*mode*/) {
  if (!is_temporary(path)) return 0;
  errno = ENOENT;
  return -1;
}
int look_at(const char* path, struct stat* found) {
  *found = {};
  found->st_mode = S_IFDIR | S_IRWXU;
  return may_access(path, 0);
}
int unlink_file(const char* /*path*/) { return 0; }

/// The C library's fstat() may be a call that takes a path too.
int look_at_open(int descriptor, struct stat* found) {
#if defined(SYS_fstat) && __SIZEOF_POINTER__ == 8
  return static_cast<int>(::syscall(SYS_fstat, descriptor, found));
#else
  return ::fstat(descriptor, found);
#endif
}

int make_nameless(const std::string& folder) {
  const int made = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (made >= 0) return made;
  std::string name = folder + "/lanyard-sql-XXXXXX";
  const int named = ::mkostemp(name.data(), O_CLOEXEC);
  if (named >= 0) ::unlink(name.c_str());
  return named;
}

void make_spares() {
  const char* const wanted = std::getenv("TMPDIR");
  for (Spare& each : spares)
    for (const char* folder : {wanted, "/var/tmp", "/tmp"})
      if (folder != nullptr && each.descriptor < 0) each.descriptor = make_nameless(folder);
}

template <class Function>
void take_over(sqlite3_vfs* vfs, const char* call, Function function) {
  vfs->xSetSystemCall(vfs, call, reinterpret_cast<sqlite3_syscall_ptr>(function));
}

}  // namespace

void stand_alone() {
  make_spares();
  ::tzset();
  std::uint64_t chance = 0;
  sqlite3_randomness(sizeof chance, &chance);
  sqlite3_vfs* const vfs = sqlite3_vfs_find("unix");
  take_over(vfs, "open", open_file);
  take_over(vfs, "close", close_file);
  take_over(vfs, "access", may_access);
  take_over(vfs, "stat", look_at);
  take_over(vfs, "fstat", look_at_open);
  take_over(vfs, "unlink", unlink_file);
  for (const char* call : {"pwrite", "pwrite64"}) take_over(vfs, call, write_file);
}

}  // namespace lanyard::storage
