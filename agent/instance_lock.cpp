#include "agent/instance_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

namespace lanyard::agent {
namespace {

constexpr int kMode = 0600;

std::filesystem::path lock_file(const std::filesystem::path& data_dir) {
  return data_dir / "agent.lock";
}

Error lock_error(const std::string& what) {
  const std::error_code code(errno, std::system_category());
  if (code == std::errc::read_only_file_system || code == std::errc::permission_denied) {
    return Error(Code::kReadOnly, what + ": " + code.message(),
                 "make the data folder writable, or choose another with --data-dir");
  }
  if (code == std::errc::no_space_on_device)
    return Error(Code::kDiskFull, what, "free some space on that disk");
  const bool has_no_locks = code == std::errc::no_lock_available ||
                            code == std::errc::operation_not_supported ||
                            code == std::errc::function_not_supported;
  if (has_no_locks)
    return Error(code, what,
                 "choose a data folder on a disk whose file system keeps locks, with --data-dir");
  return Error(code, what);
}

/// False: it was taken here. An error is the system's, and says nothing of another agent.
Result<bool> is_held(int descriptor, int kind, const std::string& file) {
  while (::flock(descriptor, kind | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return true;
    if (errno != EINTR) return fail(lock_error("cannot lock " + file));
  }
  return false;
}

long pid_in(int descriptor) {
  char text[24] = {};
  return ::pread(descriptor, text, sizeof text - 1, 0) > 0 ? std::strtol(text, nullptr, 10) : 0;
}

}  // namespace

Result<InstanceLock> InstanceLock::take(const std::filesystem::path& data_dir) {
  const std::string file = lock_file(data_dir).string();
  const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kMode);
  if (descriptor < 0) return fail(lock_error("cannot open " + file));
  InstanceLock lock(descriptor);
  LANYARD_TRY_SET(const bool is_taken, is_held(descriptor, LOCK_EX, file));
  if (is_taken) {
    const std::string pid = std::to_string(pid_in(descriptor));
    return fail(
        Code::kLocked, "another agent (pid " + pid + ") uses the data folder " + data_dir.string(),
        "stop it with `lanyard down`, or give this one a folder of its own with --data-dir");
  }
  const std::string pid = std::to_string(::getpid()) + "\n";
  const bool written =
      ::ftruncate(descriptor, 0) == 0 &&
      ::pwrite(descriptor, pid.data(), pid.size(), 0) == static_cast<ssize_t>(pid.size());
  if (!written) return fail(lock_error("cannot write " + file));
  return lock;
}

InstanceLock::~InstanceLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::optional<long> lock_holder(const std::filesystem::path& data_dir) {
  const int descriptor = ::open(lock_file(data_dir).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (descriptor < 0) return std::nullopt;
  std::optional<long> holder;
  const auto held = is_held(descriptor, LOCK_SH, lock_file(data_dir).string());
  if (held && *held) holder = pid_in(descriptor);
  ::close(descriptor);
  return holder;
}

}  // namespace lanyard::agent
