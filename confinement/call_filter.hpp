#pragma once

#include "replication/types/result.hpp"

namespace lanyard::confinement {

/// Which system calls a process may make from now on, by what it is. Each is a list of what is
/// allowed.
enum class CallSet {
  /// Serves sockets and files, has threads, starts itself again.
  kAgent,
  /// Speaks over descriptors and sockets of the local network; opens no file, starts no process and
  /// maps no code.
  kMdnsCore,
  /// The same, and connects to a D-Bus by its socket's path.
  kMdnsDaemon,
  /// Reads and writes descriptors that are open, at any place of a file, and nothing else: no
  /// file, socket, process or code is new.
  kSql,
  /// Lists folders and reads where links lead; reads no file, opens nothing else, makes no socket
  /// and runs no program. Starts itself again and signals what it has started so.
  kLookup,
};

/// From now on and for all threads and whatever they start (seccomp): calls that only an intruder
/// makes (ptrace, mount, bpf and the like) end the process; others that are not in the set fail, as
/// if the kernel had no such call, or with EPERM where a program would not believe that.
/// keep_private() has to come first. kNotAllowed if the system refuses: nothing is in force then.
/// Without effect in a build that is not is_confinable_build().
[[nodiscard]] Status allow_only(CallSet set);

}  // namespace lanyard::confinement
