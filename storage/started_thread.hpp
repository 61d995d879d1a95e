#pragma once

#include <pthread.h>

#include <system_error>
#include <thread>
#include <utility>

namespace lanyard::storage {

/// Starts a thread that is needed from now on. False: the system has none to give (`ulimit -u`, or
/// the like of it for a service), and what it was for has to be refused. `name`: 15 letters at the
/// most, that outlive it.
template <class Work>
[[nodiscard]] bool start_thread(std::thread& into, const char* name, Work work) {
  try {
    into = std::thread([name, work = std::move(work)] {
      pthread_setname_np(pthread_self(), name);
      work();
    });
    return true;
  } catch (const std::system_error&) {
    return false;
  }
}

}  // namespace lanyard::storage
