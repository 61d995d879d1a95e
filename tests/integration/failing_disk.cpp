#include <dlfcn.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

/// A disk that fails when it is told to. Loaded before a program (LD_PRELOAD), it stands in front
/// of the C library's calls. While the file that FAILING_DISK names holds a line such as "sync 5",
/// every call of that kind fails with that errno: `sync` is fsync and fdatasync, `write` is pwrite,
/// which is how SQLite writes, `lock` is flock. "sync 5 1": only the first one does, in the life of
/// the process.
namespace {

bool fails(const char* kind) {
  const char* file = std::getenv("FAILING_DISK");
  const int told = file == nullptr ? -1 : ::open(file, O_RDONLY | O_CLOEXEC);
  if (told < 0) return false;
  char line[32] = {};
  const bool is_told = ::read(told, line, sizeof line - 1) > 0;
  ::close(told);
  char what[16] = {};
  int number = 0;
  int most = 0;
  const int words = is_told ? std::sscanf(line, "%15s %d %d", what, &number, &most) : 0;
  if (words < 2 || std::strcmp(what, kind) != 0) return false;
  static std::atomic<int> failed{0};
  if (words == 3 && failed++ >= most) return false;
  errno = number;
  return true;
}

template <class Call>
Call* real(const char* name) {
  return reinterpret_cast<Call*>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

// The C library's headers give parameters names that only it may use.
// NOLINTBEGIN(readability-inconsistent-declaration-parameter-name)
extern "C" {

int fsync(int file) {
  static auto* const call = real<int(int)>("fsync");
  return fails("sync") ? -1 : call(file);
}

int fdatasync(int file) {
  static auto* const call = real<int(int)>("fdatasync");
  return fails("sync") ? -1 : call(file);
}

int flock(int file, int kind) {
  static auto* const call = real<int(int, int)>("flock");
  return fails("lock") ? -1 : call(file, kind);
}

ssize_t pwrite(int file, const void* bytes, size_t size, off_t at) {
  static auto* const call = real<ssize_t(int, const void*, size_t, off_t)>("pwrite");
  return fails("write") ? -1 : call(file, bytes, size, at);
}

ssize_t pwrite64(int file, const void* bytes, size_t size, off64_t at) {
  static auto* const call = real<ssize_t(int, const void*, size_t, off64_t)>("pwrite64");
  return fails("write") ? -1 : call(file, bytes, size, at);
}

}  // extern "C"
// NOLINTEND(readability-inconsistent-declaration-parameter-name)
