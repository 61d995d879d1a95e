#include "confinement/file_rules.hpp"

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

constexpr std::uint32_t kAskForVersion = 1;
/// Rights that version N of the interface knows: those before it, and its own.
constexpr std::uint64_t kFilesOfVersion1 = (1U << 13) - 1;
constexpr std::uint64_t kRefer = 1U << 13;          // version 2: to move between folders
constexpr std::uint64_t kTruncate = 1U << 14;       // version 3
constexpr std::uint64_t kBindTcp = 1U << 0;         // version 4
constexpr std::uint64_t kConnectTcp = 1U << 1;      // version 4
constexpr std::uint64_t kDeviceControl = 1U << 15;  // version 5
constexpr std::uint64_t kScopeSignals = 1U << 1;    // version 6

/// 0 where there is none.
long version() {
  const long found = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, kAskForVersion);
  return found < 0 ? 0 : found;
}

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

}  // namespace

bool has_file_rules() { return version() > 0; }

Status forbid_files() {
  if (!is_confinable_build()) return {};
  const long known = version();
  if (known == 0) return fail(Code::kNotAllowed, "the kernel has no Landlock");
  // Rights that are handled, and no rule that gives any of them.
  const Ruleset rules = nothing_for(known);
  const long set = ::syscall(SYS_landlock_create_ruleset, &rules, sizeof rules, 0);
  int failed = set < 0 ? errno : 0;
  if (failed == 0 && ::syscall(SYS_landlock_restrict_self, set, 0) != 0) failed = errno;
  if (set >= 0) ::close(static_cast<int>(set));
  if (failed == 0) return {};
  return fail(Code::kNotAllowed,
              "files cannot be forbidden: " + std::generic_category().message(failed));
}

}  // namespace lanyard::confinement
