#include "confinement/file_rules.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "confinement/privacy.hpp"

namespace lanyard::confinement {
namespace {

/// landlock_ruleset_attr of linux/landlock.h, as of version 6. Debian's own is of version 2;
/// an older kernel takes a prefix, and all else in it must be 0.
struct Ruleset {
  std::uint64_t files = 0;
  std::uint64_t network = 0;
  std::uint64_t scoped = 0;
};

/// landlock_path_beneath_attr.
struct [[gnu::packed]] Beneath {
  std::uint64_t allowed = 0;
  std::int32_t parent = -1;
};
constexpr int kRuleBeneath = 1;

constexpr std::uint32_t kAskForVersion = 1;
constexpr std::uint64_t kExecute = 1U << 0;
constexpr std::uint64_t kWriteFile = 1U << 1;
constexpr std::uint64_t kReadFile = 1U << 2;
constexpr std::uint64_t kReadFolder = 1U << 3;
constexpr std::uint64_t kRemoveFolder = 1U << 4;
constexpr std::uint64_t kRemoveFile = 1U << 5;
constexpr std::uint64_t kMakeFolder = 1U << 7;
constexpr std::uint64_t kMakeFile = 1U << 8;
constexpr std::uint64_t kMakeSocket = 1U << 9;
/// Rights that version N of the interface knows: those before it, and its own.
constexpr std::uint64_t kFilesOfVersion1 = (1U << 13) - 1;
constexpr std::uint64_t kRefer = 1U << 13;          // version 2: to move between folders
constexpr std::uint64_t kTruncate = 1U << 14;       // version 3
constexpr std::uint64_t kBindTcp = 1U << 0;         // version 4
constexpr std::uint64_t kConnectTcp = 1U << 1;      // version 4
constexpr std::uint64_t kDeviceControl = 1U << 15;  // version 5
constexpr std::uint64_t kScopeSignals = 1U << 1;    // version 6

/// Version 1 forbids every move from a folder to another one.
constexpr long kVersionForRules = 2;
/// Of the rights, those that a rule of a file and not of a folder may name.
constexpr std::uint64_t kOfOneFile = kExecute | kWriteFile | kReadFile | kTruncate | kDeviceControl;

/// 0 where there is none.
long version() {
  const long found = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, kAskForVersion);
  return found < 0 ? 0 : found;
}

/// Rights that are handled: without a rule that gives them, nobody has them.
Ruleset nothing_for(long version) {
  Ruleset out;
  out.files = kFilesOfVersion1;
  if (version >= 2) out.files |= kRefer;
  if (version >= 3) out.files |= kTruncate;
  if (version >= 4) out.network = kBindTcp | kConnectTcp;
  if (version >= 5) out.files |= kDeviceControl;
  if (version >= 6) out.scoped = kScopeSignals;
  return out;
}

std::uint64_t rights_of(FileUse use) {
  switch (use) {
    case FileUse::kRead: return kReadFile | kReadFolder;
    case FileUse::kRun: return kReadFile | kReadFolder | kExecute;
    case FileUse::kDevice: return kReadFile | kWriteFile;
    case FileUse::kOwnFolder:
      return kReadFile | kReadFolder | kWriteFile | kTruncate | kRemoveFolder | kRemoveFile |
             kMakeFolder | kMakeFile | kMakeSocket | kRefer;
  }
  return 0;
}

tl::unexpected<Error> refused(const std::string& what, int failed) {
  return fail(Code::kNotAllowed, what + ": " + std::generic_category().message(failed));
}

/// A ruleset while it is made.
class Rules {
 public:
  explicit Rules(const Ruleset& handled)
      : handled_(handled.files),
        set_(static_cast<int>(::syscall(SYS_landlock_create_ruleset, &handled, sizeof handled, 0))),
        failed_(set_ < 0 ? errno : 0) {}
  ~Rules() {
    if (set_ >= 0) ::close(set_);
  }
  Rules(const Rules&) = delete;
  Rules& operator=(const Rules&) = delete;

  /// 0, or why not.
  [[nodiscard]] int add(const FileRule& rule) {
    if (failed_ != 0) return failed_;
    const int place = ::open(rule.place.c_str(), O_PATH | O_CLOEXEC);
    if (place < 0) return rule.is_needed ? errno : 0;
    struct stat found {};
    const bool is_folder = ::fstat(place, &found) == 0 && S_ISDIR(found.st_mode);
    const std::uint64_t most = is_folder ? handled_ : handled_ & kOfOneFile;
    const Beneath beneath{rights_of(rule.use) & most, place};
    const bool is_added = ::syscall(SYS_landlock_add_rule, set_, kRuleBeneath, &beneath, 0) == 0;
    const int failed = is_added ? 0 : errno;
    ::close(place);
    return failed;
  }

  /// 0, or why not.
  [[nodiscard]] int enforce() const {
    if (failed_ != 0) return failed_;
    return ::syscall(SYS_landlock_restrict_self, set_, 0) == 0 ? 0 : errno;
  }

 private:
  std::uint64_t handled_;
  int set_;
  int failed_;
};

}  // namespace

bool has_file_rules() { return version() > 0; }

bool is_under_file_rules() {
  const int root = ::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (root >= 0) ::close(root);
  return root < 0 && errno == EACCES;
}

Status allow_files(const std::vector<FileRule>& rules) {
  if (!is_confinable_build()) return {};
  const long known = version();
  if (known < kVersionForRules)
    return fail(Code::kNotAllowed, "the kernel has no Landlock of version 2");
  Ruleset handled = nothing_for(known);
  handled.network = 0;  // links are made to whoever is near
  Rules made(handled);
  for (const FileRule& rule : rules)
    if (const int failed = made.add(rule); failed != 0)
      return refused("no rule can be made for " + rule.place.string(), failed);
  if (const int failed = made.enforce(); failed != 0)
    return refused("files cannot be forbidden", failed);
  return {};
}

Status forbid_files() {
  if (!is_confinable_build()) return {};
  const long known = version();
  if (known == 0) return fail(Code::kNotAllowed, "the kernel has no Landlock");
  const Rules none(nothing_for(known));
  if (const int failed = none.enforce(); failed != 0)
    return refused("files cannot be forbidden", failed);
  return {};
}

}  // namespace lanyard::confinement
