#pragma once

#include <pthread.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>

#include "confinement/privacy.hpp"

namespace lanyard::agent::testing {

/// Whether `is_so` says so in a process of its own, to which the system gives no thread from the
/// call on that `is_so` makes of its argument. True where that cannot be tried: a sanitizer has
/// mapped all the memory that there is.
inline bool is_so_without_threads(
    const std::function<bool(const std::function<void()>& from_now_on)>& is_so) {
  if (!confinement::is_confinable_build()) return true;
  const pid_t process = ::fork();
  if (process == 0) {
    const bool out = is_so([] {
      // Larger than what the C library keeps of threads that were: it has to be asked for.
      pthread_attr_t large;
      ::pthread_attr_init(&large);
      ::pthread_attr_setstacksize(&large, 64U << 20U);
      ::pthread_setattr_default_np(&large);
      const rlimit most{1U << 20U, 1U << 20U};
      if (::setrlimit(RLIMIT_AS, &most) != 0) ::_exit(2);
    });
    ::_exit(out ? 0 : 1);
  }
  int status = -1;
  ::waitpid(process, &status, 0);
  return status == 0;
}

}  // namespace lanyard::agent::testing
