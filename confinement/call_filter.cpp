#include "confinement/call_filter.hpp"

#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <initializer_list>
#include <memory>
#include <span>
#include <string_view>

#include "confinement/privacy.hpp"

namespace lanyard::confinement {
namespace {

using Names = std::span<const char* const>;

/// Nobody here calls these: whoever does is no longer us. Some are not in every architecture.
constexpr const char* kOfIntruders[] = {
    "ptrace", "process_vm_readv", "process_vm_writev", "pidfd_getfd", "kcmp", "process_madvise",
    // Of kernel and machine.
    "kexec_load", "kexec_file_load", "init_module", "finit_module", "delete_module", "reboot",
    "bpf", "perf_event_open", "userfaultfd", "io_uring_setup", "io_uring_enter",
    "io_uring_register", "iopl", "ioperm", "modify_ldt", "settimeofday", "clock_settime",
    "clock_adjtime", "adjtimex", "acct", "swapon", "swapoff", "quotactl", "syslog", "vhangup",
    "lookup_dcookie", "nfsservctl",
    // Of keys, name spaces and file systems.
    "add_key", "keyctl", "request_key", "mount", "umount2", "move_mount", "open_tree", "fsopen",
    "fsmount", "fsconfig", "fspick", "mount_setattr", "pivot_root", "chroot", "setns", "unshare",
    "open_by_handle_at", "sethostname", "setdomainname"};

/// What a program says NO to with EPERM; the rest is as if the kernel were older.
constexpr const char* kRefused[] = {"open",  "openat",  "creat",  "execve", "execveat", "fork",
                                    "vfork", "clone",   "socket", "kill",   "tkill",    "prctl",
                                    "ioctl", "connect", "listen", "accept", "accept4"};

constexpr const char* kOfEverybody[] = {
    // Memory, time, chance, and its own end.
    "brk", "munmap", "mremap", "madvise", "mincore", "futex", "futex_waitv", "set_robust_list",
    "get_robust_list", "rseq", "membarrier", "clock_gettime", "clock_getres", "gettimeofday",
    "time", "nanosleep", "clock_nanosleep", "getrandom", "restart_syscall", "exit", "exit_group",
    "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigtimedwait", "sigaltstack", "pause",
    "alarm", "getitimer", "setitimer", "sched_yield", "sched_getaffinity", "getcpu",
    // Who it is.
    "getpid", "gettid", "getppid", "getuid", "geteuid", "getgid", "getegid", "getresuid",
    "getresgid", "getgroups", "getpgrp", "getpgid", "uname", "sysinfo", "getrlimit", "getrusage",
    "times",
    // Descriptors that are open.
    "read", "readv", "write", "writev", "close", "close_range", "dup", "dup2", "dup3", "fcntl",
    "fstat", "lseek", "pipe", "pipe2", "eventfd2", "poll", "ppoll", "select", "pselect6",
    "epoll_create1", "epoll_create", "epoll_ctl", "epoll_wait", "epoll_pwait", "epoll_pwait2",
    "timerfd_create", "timerfd_settime", "timerfd_gettime",
    // Sockets that are there; which kinds may be made is said below.
    "bind", "getsockname", "getpeername", "getsockopt", "setsockopt", "sendto", "sendmsg",
    "sendmmsg", "recvfrom", "recvmsg", "recvmmsg", "shutdown"};

/// What the calls above are called where numbers have 32 bits, and what only arm has.
constexpr const char* kOf32Bits[] = {"sigreturn",
                                     "clock_gettime64",
                                     "clock_getres_time64",
                                     "clock_nanosleep_time64",
                                     "futex_time64",
                                     "ppoll_time64",
                                     "pselect6_time64",
                                     "_newselect",
                                     "rt_sigtimedwait_time64",
                                     "recvmmsg_time64",
                                     "timerfd_settime64",
                                     "timerfd_gettime64",
                                     "getuid32",
                                     "geteuid32",
                                     "getgid32",
                                     "getegid32",
                                     "getresuid32",
                                     "getresgid32",
                                     "getgroups32",
                                     "ugetrlimit",
                                     "fcntl64",
                                     "fstat64",
                                     "_llseek",
                                     "send",
                                     "recv",
                                     "arm_fadvise64_64",
                                     "cacheflush",
                                     "set_tls"};
constexpr const char* kOfTheAgentIn32Bits[] = {
    "stat64",     "lstat64",     "fstatat64",    "statfs64",         "fstatfs64",
    "truncate64", "ftruncate64", "fadvise64_64", "sync_file_range2", "utimensat_time64",
    "chown32",    "fchown32",    "lchown32",     "sendfile64"};

constexpr const char* kOfTheAgent[] = {
    "socketpair",
    // Files and folders.
    "open", "openat", "openat2", "creat", "stat", "lstat", "newfstatat", "statx", "statfs",
    "fstatfs", "access", "faccessat", "faccessat2", "readlink", "readlinkat", "getdents",
    "getdents64", "getcwd", "chdir", "fchdir", "mkdir", "mkdirat", "rmdir", "unlink", "unlinkat",
    "rename", "renameat", "renameat2", "link", "linkat", "symlink", "symlinkat", "chmod", "fchmod",
    "fchmodat", "chown", "fchown", "lchown", "fchownat", "umask", "truncate", "ftruncate",
    "fallocate", "fadvise64", "fsync", "fdatasync", "sync_file_range", "syncfs", "msync", "flock",
    "pread64", "preadv", "preadv2", "pwrite64", "pwritev", "pwritev2", "readahead", "sendfile",
    "copy_file_range", "splice", "utimensat", "utimes", "futimesat", "getxattr", "lgetxattr",
    "fgetxattr", "inotify_init1", "inotify_add_watch", "inotify_rm_watch", "memfd_create", "mlock",
    "mlock2", "munlock", "ioctl",
    // Threads, itself started again, and who that is.
    "execve", "vfork", "fork", "wait4", "waitid", "kill", "tgkill", "tkill", "prctl", "arch_prctl",
    "set_tid_address", "prlimit64", "setrlimit", "setsid", "setpgid", "getsid", "pidfd_open",
    "pidfd_send_signal", "sched_setaffinity", "sched_getparam", "sched_getscheduler",
    "sched_get_priority_max", "sched_get_priority_min", "getpriority", "setpriority", "ioprio_get",
    "ioprio_set", "capget", "rt_sigqueueinfo", "rt_sigsuspend", "signalfd4",
    // A filter and rules for files of its own, for whom it starts.
    "seccomp", "landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self",
    // Links and doors.
    "connect", "listen", "accept", "accept4"};

constexpr const char* kOfSql[] = {"pread64",   "preadv",      "pwrite64",  "pwritev",
                                  "ftruncate", "ftruncate64", "fdatasync", "fadvise64"};

/// To signal by a descriptor: of a process that was started here, as there is no other way to one.
constexpr const char* kOfLookup[] = {"getdents64", "readlink",        "readlinkat",       "waitid",
                                     "wait4",      "set_tid_address", "pidfd_send_signal"};

constexpr std::uint64_t kNameSpaces = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET |
                                      CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;

/// A filter while it is made. The first refusal is kept, and all that follows left out.
class Filter {
 public:
  Filter() : context_(seccomp_init(SCMP_ACT_ERRNO(ENOSYS)), seccomp_release) {
    if (!context_) failed_ = ENOMEM;
  }

  /// Names that this architecture does not have are left out.
  void add(std::uint32_t action, Names names) {
    for (const char* name : names) add(action, name);
  }

  template <typename... Conditions>
  void add(std::uint32_t action, const char* name, Conditions... conditions) {
    const int call = seccomp_syscall_resolve_name(name);
    if (call == __NR_SCMP_ERROR || failed_ != 0) return;
    keep(seccomp_rule_add(context_.get(), action, call, sizeof...(conditions), conditions...));
  }

  /// For every thread. 0, or why not.
  int load() {
    if (failed_ != 0) return failed_;
    keep(seccomp_attr_set(context_.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS));
    keep(seccomp_attr_set(context_.get(), SCMP_FLTATR_CTL_TSYNC, 1));
    keep(seccomp_attr_set(context_.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2));
    if (failed_ == 0) keep(seccomp_load(context_.get()));
    return failed_;
  }

 private:
  void keep(int code) {
    if (code < 0 && failed_ == 0) failed_ = -code;
  }

  std::unique_ptr<void, void (*)(scmp_filter_ctx)> context_;
  int failed_ = 0;
};

/// Of the second argument of socket(): without SOCK_CLOEXEC and SOCK_NONBLOCK.
constexpr scmp_datum_t kSocketKinds = 0xf;

scmp_arg_cmp argument_is(unsigned place, scmp_datum_t value) {
  return {place, SCMP_CMP_EQ, value, 0};
}

/// Of the bits of the mask, these are set and no others.
scmp_arg_cmp argument_has(unsigned place, scmp_datum_t mask, scmp_datum_t bits) {
  return {place, SCMP_CMP_MASKED_EQ, mask, bits};
}

void allow_sockets(Filter& filter, std::initializer_list<int> families) {
  for (const int family : families)
    filter.add(SCMP_ACT_ALLOW, "socket", argument_is(0, static_cast<scmp_datum_t>(family)));
}

void allow_agent(Filter& filter) {
  filter.add(SCMP_ACT_ALLOW, Names(kOfTheAgent));
  filter.add(SCMP_ACT_ALLOW, Names(kOfTheAgentIn32Bits));
  // Code is mapped by the loader of what it starts; nothing is code and data at once.
  for (const char* call : {"mmap", "mmap2", "mprotect"}) {
    for (const std::uint64_t other : {PROT_WRITE, PROT_EXEC, 0})
      filter.add(SCMP_ACT_ALLOW, call, argument_has(2, PROT_WRITE | PROT_EXEC, other));
  }
  filter.add(SCMP_ACT_ALLOW, "clone", argument_has(0, kNameSpaces, 0));
  allow_sockets(filter, {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK});
}

/// Memory without code; abort(), of itself.
void allow_child(Filter& filter) {
  for (const char* call : {"mmap", "mmap2", "mprotect"})
    filter.add(SCMP_ACT_ALLOW, call, argument_has(2, PROT_EXEC, 0));
  const auto self = static_cast<scmp_datum_t>(::getpid());
  filter.add(SCMP_ACT_ALLOW, "tgkill", argument_is(0, self));
}

void allow_mdns(Filter& filter, bool has_bus) {
  allow_child(filter);
  // How much has come; which interface has an address.
  filter.add(SCMP_ACT_ALLOW, "ioctl", argument_is(1, FIONREAD));
  if (has_bus) {
    allow_sockets(filter, {AF_UNIX});
    filter.add(SCMP_ACT_ALLOW, "connect");
  } else {
    // Datagrams alone: TCP connects by sendto() too (MSG_FASTOPEN), and the agent's doors are near.
    for (const int family : {AF_INET, AF_INET6})
      filter.add(SCMP_ACT_ALLOW, "socket", argument_is(0, static_cast<scmp_datum_t>(family)),
                 argument_has(1, kSocketKinds, SOCK_DGRAM));
    filter.add(SCMP_ACT_ALLOW, "socket", argument_is(0, AF_NETLINK), argument_is(2, NETLINK_ROUTE));
  }
}

/// A folder can be opened to be listed, and a process be started that is this one again.
void allow_lookup(Filter& filter) {
  allow_child(filter);
  filter.add(SCMP_ACT_ALLOW, Names(kOfLookup));
  const auto allow_only_with = [&filter](const char* call, unsigned place, scmp_datum_t value) {
    filter.add(SCMP_ACT_ALLOW, call, argument_is(place, value));
    filter.add(SCMP_ACT_ERRNO(EPERM), call, scmp_arg_cmp{place, SCMP_CMP_NE, value, 0});
  };
  allow_only_with("openat", 2, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  allow_only_with("clone", 0, CLONE_PIDFD | SIGCHLD);
  allow_only_with("prctl", 0, PR_SET_PDEATHSIG);
}

/// Those that are allowed with some arguments, or to others, are refused with all else.
void refuse(Filter& filter, CallSet set) {
  const bool is_agent = set == CallSet::kAgent;
  for (const char* name : kRefused) {
    if (is_agent) continue;
    const std::string_view call = name;
    const bool is_mdns = set == CallSet::kMdnsCore || set == CallSet::kMdnsDaemon;
    const bool is_lookup = set == CallSet::kLookup;
    const bool is_in_part = (is_mdns && (call == "socket" || call == "ioctl")) ||
                            (is_lookup && (call == "openat" || call == "clone" || call == "prctl"));
    const bool is_whole = call == "connect" && set == CallSet::kMdnsDaemon;
    if (!is_in_part && !is_whole) filter.add(SCMP_ACT_ERRNO(EPERM), name);
  }
}

}  // namespace

Status allow_only(CallSet set) {
  if (!is_confinable_build()) return {};
  Filter filter;
  filter.add(SCMP_ACT_KILL_PROCESS, Names(kOfIntruders));
  filter.add(SCMP_ACT_ALLOW, Names(kOfEverybody));
  filter.add(SCMP_ACT_ALLOW, Names(kOf32Bits));
  if (set == CallSet::kAgent) {
    allow_agent(filter);
  } else if (set == CallSet::kSql) {
    filter.add(SCMP_ACT_ALLOW, Names(kOfSql));
    allow_child(filter);
  } else if (set == CallSet::kLookup) {
    allow_lookup(filter);
  } else {
    allow_mdns(filter, set == CallSet::kMdnsDaemon);
  }
  refuse(filter, set);
  if (const int failed = filter.load(); failed != 0)
    return fail(Code::kNotAllowed,
                "system calls cannot be filtered: " + std::generic_category().message(failed));
  return {};
}

}  // namespace lanyard::confinement
