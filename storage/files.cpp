#include "storage/files.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

namespace lanyard::storage {
namespace {

Code code_of_errno(int number) {
  switch (number) {
    case EROFS:
    case EACCES:
    case EPERM: return Code::kReadOnly;
    case ENOSPC:
    case EDQUOT: return Code::kDiskFull;
    case ENOENT: return Code::kNotFound;
    case EMFILE:
    case ENFILE: return Code::kBusy;
    default: return Code::kInputOutput;
  }
}

Status sync(const std::filesystem::path& path, int flags) {
  const int file = ::open(path.c_str(), flags | O_CLOEXEC);
  if (file < 0 && errno == ENOENT) return {};
  if (file < 0) return fail(system_error(errno, "Cannot open", path));
  const int synced = ::fsync(file);
  ::close(file);
  if (synced != 0) return fail(Code::kInputOutput, "Cannot sync " + path.filename().string());
  return {};
}

}  // namespace

Error system_error(int number, const std::string& what, const std::filesystem::path& file) {
  return Error(code_of_errno(number), what + " " + file.filename().string() + ": " +
                                          std::generic_category().message(number));
}

Status make_private_file(const std::filesystem::path& file) {
  const int made = ::open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (made < 0) return fail(system_error(errno, "Cannot make", file));
  ::close(made);
  return {};
}

Status sync_file(const std::filesystem::path& file) { return sync(file, O_RDONLY); }

Status sync_folder(const std::filesystem::path& folder) {
  return sync(folder.empty() ? std::filesystem::path(".") : folder, O_RDONLY | O_DIRECTORY);
}

Status move_file(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0)
    return fail(system_error(errno, "Cannot rename", from));
  return {};
}

Status remove_file(const std::filesystem::path& file) {
  if (::unlink(file.c_str()) != 0 && errno != ENOENT)
    return fail(system_error(errno, "Cannot remove", file));
  return {};
}

}  // namespace lanyard::storage
