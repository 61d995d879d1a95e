#pragma once

#include <sys/types.h>

namespace lanyard::agent {

/// Whether the process is one that this one has started and that filters its system calls, as the
/// kernel says: a discovery process, which reads what strangers send. It may connect to sockets of
/// this user, and has nothing to ask for at ours. `if_unseen`: for what is not there any more or
/// cannot be seen. Such a process can bring that about; who asks in earnest waits for an answer.
[[nodiscard]] bool is_confined_child(pid_t process, bool if_unseen);

}  // namespace lanyard::agent
