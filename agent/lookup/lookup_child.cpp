#include "agent/lookup/lookup_child.hpp"

#include <linux/sched.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>

#include "agent/lookup/proc_folder.hpp"
#include "confinement/call_filter.hpp"
#include "confinement/own_process.hpp"
#include "confinement/privacy.hpp"

namespace lanyard::agent {
namespace {

/// One that looks for longer hangs in a file system, and another takes its place.
constexpr unsigned kLookSecondsMost = 10;
/// Between the end of one that answers and the next one: what ends each at once costs little.
constexpr int kRestMs = 100;
/// Behind what else this machine does.
constexpr int kLookupNiceness = 10;
constexpr rlim_t kDescriptorsMax = 16;
/// What the kernel sends to one that answers when the one that keeps it has ended.
constexpr int kKeeperEnded = SIGUSR1;

void limit_to(__rlimit_resource resource, rlim_t most) {
  const rlimit both{most, most};
  static_cast<void>(::setrlimit(resource, &both));
}

/// By its own call, with a descriptor of what was started: there is no other way to signal it, and
/// none to signal anything else.
pid_t fork_with(int& descriptor) {
  if (confinement::is_confinable_build())
    return static_cast<pid_t>(
        ::syscall(SYS_clone, long{CLONE_PIDFD | SIGCHLD}, 0L, &descriptor, 0L, 0L));
  const pid_t process = ::fork();  // a sanitizer wants to know
  if (process > 0) descriptor = static_cast<int>(::syscall(SYS_pidfd_open, process, 0));
  return process;
}

bool is_pipe_over() {
  char byte = 0;
  return ::recv(confinement::kOwnProcessPipe, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

void answer_next() {
  Bytes bytes(kLookupBytesMax);
  const ssize_t size =
      ::recv(confinement::kOwnProcessPipe, bytes.data(), bytes.size(), MSG_DONTWAIT);
  if (size <= 0) return;
  const auto question =
      decode_lookup_question(ByteView(bytes).first(static_cast<std::size_t>(size)));
  if (!question) return;
  ::alarm(kLookSecondsMost);
  std::vector<LookupAnswer> answers = processes_with_sockets(question->sockets);
  ::alarm(0);
  for (LookupAnswer& answer : answers) {
    answer.number = question->number;
    bytes = encode(answer);
    // An agent that has no room for it does not wait for it any more.
    static_cast<void>(::send(confinement::kOwnProcessPipe, bytes.data(), bytes.size(),
                             MSG_NOSIGNAL | MSG_DONTWAIT));
  }
}

/// False when the pipe has ended, true when `keeper` has.
bool answer_all(pid_t keeper) {
  ::prctl(PR_SET_PDEATHSIG, kKeeperEnded);
  sigset_t none_blocked;
  sigemptyset(&none_blocked);
  while (::getppid() == keeper) {
    pollfd wait{confinement::kOwnProcessPipe, POLLIN, 0};
    // The signal comes while it waits, and never between the look above and this.
    if (::ppoll(&wait, 1, nullptr, &none_blocked) < 0) continue;
    if (is_pipe_over()) return false;
    answer_next();
  }
  return true;
}

/// Until it has ended. One that was stopped answers nobody: it is ended.
void await_end(pid_t process, int descriptor) {
  const auto await = [process](int what) {
    siginfo_t found{};
    while (::waitid(P_PID, static_cast<id_t>(process), &found, what) != 0)
      if (errno != EINTR) return false;
    return found.si_code == CLD_STOPPED;
  };
  if (await(WEXITED | WSTOPPED)) {
    ::syscall(SYS_pidfd_send_signal, descriptor, SIGKILL, nullptr, 0);
    static_cast<void>(await(WEXITED));
  }
  ::close(descriptor);
}

/// Keeps one that answers, and is one after that when whoever kept it has ended.
void keep_and_answer() {
  while (!is_pipe_over()) {
    const pid_t keeper = ::getpid();
    int descriptor = -1;
    const pid_t process = fork_with(descriptor);
    if (process == 0 && !answer_all(keeper)) return;
    if (process > 0) await_end(process, descriptor);
    // Without events: wakes at once when the agent has ended, and for nothing else.
    pollfd over{confinement::kOwnProcessPipe, 0, 0};
    ::poll(&over, 1, kRestMs);
  }
}

}  // namespace

bool is_lookup_child(int argc, char** argv) {
  return argc == 2 && std::string_view(argv[1]) == kLookupChildVerb;
}

int run_lookup_child() {
  if (!confinement::has_own_process_pipe()) return EXIT_FAILURE;
  // The end of the agent is the end of the pipe too, which the kernel lets nobody forbid.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  static_cast<void>(confinement::keep_private());
  // Ctrl-C in a terminal is meant for the agent.
  for (const int number : {SIGINT, SIGTERM, SIGPIPE}) std::signal(number, SIG_IGN);
  struct sigaction waking {};
  waking.sa_handler = [](int) {};
  ::sigaction(kKeeperEnded, &waking, nullptr);
  sigset_t later;
  sigemptyset(&later);
  sigaddset(&later, kKeeperEnded);
  ::sigprocmask(SIG_BLOCK, &later, nullptr);
  static_cast<void>(::setpriority(PRIO_PROCESS, 0, kLookupNiceness));
  limit_to(RLIMIT_CORE, 0);
  limit_to(RLIMIT_FSIZE, 0);
  limit_to(RLIMIT_NOFILE, kDescriptorsMax);
  static_cast<void>(confinement::allow_only(confinement::CallSet::kLookup));
  keep_and_answer();
  return EXIT_SUCCESS;
}

}  // namespace lanyard::agent
