#include "crypto/private_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>

namespace lanyard::crypto {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] bool is_open() const { return number_ >= 0; }
  [[nodiscard]] int number() const { return number_; }

 private:
  int number_;
};

/// A file beside `target` with a name that nobody else uses and mode 0600 (mkostemp: O_CREAT and
/// O_EXCL, so no link is followed). The name is gone when this is.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::filesystem::path& target)
      : name_(target.string() + ".new-XXXXXX"), descriptor_(::mkostemp(name_.data(), O_CLOEXEC)) {}
  ~TemporaryFile() {
    if (descriptor_.is_open()) ::unlink(name_.c_str());
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const Descriptor& descriptor() const { return descriptor_; }

 private:
  std::string name_;
  Descriptor descriptor_;
};

Code code_of(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR: return Code::kNotFound;
    case EEXIST: return Code::kExists;
    case ENOSPC:
    case EDQUOT: return Code::kDiskFull;
    case EROFS: return Code::kReadOnly;
    case EACCES:
    case EPERM: return Code::kNotAllowed;
    default: return Code::kInputOutput;
  }
}

/// To be called before anything can change errno.
tl::unexpected<Error> system_failure(const std::string& what, const std::filesystem::path& file) {
  const int error = errno;
  return fail(code_of(error),
              what + " " + file.string() + ": " + std::generic_category().message(error));
}

/// The path as one word of a shell command that a person can paste.
std::string shell_word(const std::filesystem::path& file) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+@%,:";
  const std::string text = file.string();
  if (!text.empty() && text.find_first_not_of(kPlain) == std::string::npos) return text;
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

std::string octal(mode_t mode) {
  std::array<char, 8> text{};
  std::snprintf(text.data(), text.size(), "%04o", static_cast<unsigned>(mode & 07777));
  return text.data();
}

Status check_private(const Descriptor& opened, const std::filesystem::path& file) {
  struct stat status {};
  if (::fstat(opened.number(), &status) != 0) return system_failure("cannot examine", file);
  if (!S_ISREG(status.st_mode))
    return fail(Code::kCorrupt, file.string() + " is not a regular file",
                "Move what is at this path out of the way.");
  if (status.st_uid != ::geteuid())
    return fail(Code::kUnsafePermissions, file.string() + " belongs to another user",
                "Run as the user that owns it, or: chown " + std::to_string(::geteuid()) + " " +
                    shell_word(file));
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    return fail(Code::kUnsafePermissions,
                "others than its owner have rights on " + file.string() + " (mode " +
                    octal(status.st_mode) + ", should be 0600)",
                "chmod 600 " + shell_word(file));
  return {};
}

tl::unexpected<Error> cannot_open(const std::filesystem::path& file) {
  if (errno == ELOOP)
    return fail(Code::kUnsafePermissions, file.string() + " is a symbolic link",
                "Put the file itself there.");
  if (errno == EACCES)
    return fail(Code::kNotAllowed, "this user may not read " + file.string(),
                "chmod 600 " + shell_word(file));
  return system_failure("cannot open", file);
}

Result<std::size_t> read_all(const Descriptor& from, const std::filesystem::path& file,
                             std::span<std::uint8_t> into) {
  std::size_t count = 0;
  while (count < into.size()) {
    const ssize_t got = ::read(from.number(), into.data() + count, into.size() - count);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_failure("cannot read", file);
    if (got == 0) break;
    count += static_cast<std::size_t>(got);
  }
  return count;
}

Status write_all(const Descriptor& to, const std::filesystem::path& file, ByteView content) {
  while (!content.empty()) {
    const ssize_t put = ::write(to.number(), content.data(), content.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return system_failure("cannot write", file);
    content = content.subspan(static_cast<std::size_t>(put));
  }
  return {};
}

Status sync_folder_of(const std::filesystem::path& file) {
  const std::filesystem::path folder = file.has_parent_path() ? file.parent_path() : ".";
  const Descriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!opened.is_open()) return system_failure("cannot open", folder);
  if (::fsync(opened.number()) != 0) return system_failure("cannot sync", folder);
  return {};
}

Status write_and_link(const std::filesystem::path& file, ByteView content) {
  const TemporaryFile temporary(file);
  if (!temporary.descriptor().is_open()) return system_failure("cannot create", file);
  LANYARD_TRY(write_all(temporary.descriptor(), file, content));
  if (::fsync(temporary.descriptor().number()) != 0) return system_failure("cannot sync", file);
  // Not rename(): it would replace a key that another process has just made and begun to use.
  if (::link(temporary.name().c_str(), file.c_str()) != 0)
    return system_failure("cannot create", file);
  return {};
}

}  // namespace

Result<std::size_t> read_private_file(const std::filesystem::path& file,
                                      std::span<std::uint8_t> into) {
  // Without O_NONBLOCK a named pipe at this path would wait for a writer.
  const Descriptor opened(::open(file.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!opened.is_open()) return cannot_open(file);
  LANYARD_TRY(check_private(opened, file));
  return read_all(opened, file, into);
}

Status create_private_file(const std::filesystem::path& file, ByteView content) {
  LANYARD_TRY(write_and_link(file, content));
  return sync_folder_of(file);
}

}  // namespace lanyard::crypto
