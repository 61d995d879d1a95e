#include "confinement/privacy.hpp"

#include <linux/seccomp.h>
#include <sys/prctl.h>

#include <cerrno>

#include "confinement/file_rules.hpp"

namespace lanyard::confinement {

bool is_confinable_build() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return false;
#else
  return true;
#endif
}

Status keep_private() {
  // The leak check of a sanitizer attaches to its own process.
  if (is_confinable_build() && ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
    return fail(Code::kNotAllowed, "its memory cannot be closed to other processes: " +
                                       std::generic_category().message(errno));
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0) return {};
  return fail(Code::kNotAllowed,
              "new privileges cannot be given up: " + std::generic_category().message(errno));
}

std::string gaps() {
  std::string out;
  if (!is_confinable_build()) return out;
  const auto add = [&out](bool is_gap, const char* what) {
    if (is_gap) out += (out.empty() ? "" : "; ") + std::string(what);
  };
  add(::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0,
      "other processes of this user can read its memory");
  add(::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1, "what it starts may gain rights");
  add(::prctl(PR_GET_SECCOMP, 0, 0, 0, 0) != SECCOMP_MODE_FILTER,
      "system calls are not filtered: the system does not allow it");
  if (!has_file_rules()) {
    add(true,
        "it and the processes that it starts may open every file of this user: the kernel has no "
        "Landlock");
  } else {
    add(!is_under_file_rules(),
        "it may open every file of this user: the kernel has no Landlock of "
        "version 2, or refuses it");
  }
  return out;
}

}  // namespace lanyard::confinement
