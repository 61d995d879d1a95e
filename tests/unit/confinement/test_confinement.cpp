#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <csignal>
#include <fstream>
#include <thread>

#include "confinement/call_filter.hpp"
#include "confinement/file_rules.hpp"
#include "confinement/privacy.hpp"

namespace {

using namespace lanyard::confinement;
using lanyard::Status;

/// Tried in a process of its own, which is confined for good. How it ended: the exit code, or
/// 1000 and the signal that ended it.
template <typename Rules, typename Attempt>
int in_a_process(Rules rules, Attempt attempt) {
  const pid_t process = ::fork();
  if (process == 0) {
    if (!keep_private() || !rules()) ::_exit(99);
    ::_exit(attempt());
  }
  int status = 0;
  ::waitpid(process, &status, 0);
  return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
}

constexpr int kKilled = 1000 + SIGSYS;
constexpr CallSet kAllSets[] = {CallSet::kAgent, CallSet::kMdnsCore, CallSet::kMdnsDaemon,
                                CallSet::kSql, CallSet::kLookup};
constexpr CallSet kChildSets[] = {CallSet::kMdnsCore, CallSet::kMdnsDaemon, CallSet::kSql,
                                  CallSet::kLookup};

template <typename Attempt>
int with(CallSet set, Attempt attempt) {
  return in_a_process([set] { return allow_only(set); }, attempt);
}

/// 0 if it is as it should be: a call that fails with this error.
int fails_with(long result, int error) { return result < 0 && errno == error ? 0 : 1; }

std::string own_status_line(const std::string& name) {
  std::ifstream in("/proc/self/status");
  std::string line;
  while (std::getline(in, line))
    if (line.starts_with(name + ":")) return line.substr(line.find_last_of("\t ") + 1);
  return {};
}

#define REQUIRE_CONFINABLE() \
  if (!is_confinable_build()) return

TEST_CASE("a private process gains no rights and cannot be looked into") {
  CHECK(in_a_process([] { return Status(); },
                     [] {
                       const bool is_private =
                           ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 &&
                           (::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0 || !is_confinable_build());
                       return is_private ? 0 : 1;
                     }) == 0);
}

TEST_CASE("what only an intruder calls ends the process") {
  REQUIRE_CONFINABLE();
  for (const CallSet set : kAllSets) {
    CHECK(with(set, [] { return static_cast<int>(::ptrace(PTRACE_TRACEME, 0, 0, 0)); }) == kKilled);
    for (const long call : {SYS_process_vm_readv, SYS_bpf, SYS_keyctl, SYS_mount, SYS_kexec_load,
                            SYS_unshare, SYS_setns, SYS_io_uring_setup, SYS_userfaultfd,
                            SYS_perf_event_open, SYS_init_module, SYS_chroot}) {
      CAPTURE(call);
      CHECK(with(set, [call] { return static_cast<int>(::syscall(call, 0, 0, 0, 0, 0, 0)); }) ==
            kKilled);
    }
  }
}

TEST_CASE("a filter is in force for threads that were there before") {
  REQUIRE_CONFINABLE();
  CHECK(in_a_process([] { return Status(); },
                     [] {
                       std::atomic<bool> is_filtered = false;
                       std::thread other([&] {
                         while (!is_filtered) std::this_thread::yield();
                         ::syscall(SYS_keyctl, 0);
                       });
                       if (!allow_only(CallSet::kAgent)) return 2;
                       is_filtered = true;
                       other.join();
                       return 1;
                     }) == kKilled);
}

TEST_CASE("a child of the agent opens, starts and maps nothing by its calls") {
  REQUIRE_CONFINABLE();
  for (const CallSet set : kChildSets) {
    CHECK(with(set, [] { return fails_with(::open("/dev/null", O_RDONLY), EPERM); }) == 0);
    CHECK(with(set, [] { return fails_with(::execl("/bin/true", "true", nullptr), EPERM); }) == 0);
    CHECK(with(set, [] { return fails_with(::syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0), EPERM); }) ==
          0);
    CHECK(with(set, [] { return fails_with(::kill(::getppid(), 0), EPERM); }) == 0);
    CHECK(with(set, [] { return fails_with(::unlink("/nonexistent"), ENOSYS); }) == 0);
    CHECK(with(set, [] {
            void* const page =
                ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            if (page == MAP_FAILED) return 2;
            return fails_with(::mprotect(page, 4096, PROT_READ | PROT_EXEC), ENOSYS);
          }) == 0);
  }
}

TEST_CASE("an mDNS process makes the sockets that it needs and no others") {
  REQUIRE_CONFINABLE();
  const auto makes = [](CallSet set, int family) {
    return with(set, [family] { return ::socket(family, SOCK_DGRAM, 0) < 0 ? 1 : 0; }) == 0;
  };
  CHECK(makes(CallSet::kMdnsCore, AF_INET));
  CHECK(makes(CallSet::kMdnsCore, AF_INET6));
  for (const int family : {AF_INET, AF_INET6})
    CHECK(with(CallSet::kMdnsCore, [family] {
            return fails_with(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0), ENOSYS);
          }) == 0);
  CHECK(with(CallSet::kMdnsCore, [] {
          return fails_with(::socket(AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG), ENOSYS);
        }) == 0);
  CHECK(with(CallSet::kMdnsCore, [] {
          return ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE) < 0 ? 1 : 0;
        }) == 0);
  CHECK_FALSE(makes(CallSet::kMdnsCore, AF_UNIX));
  CHECK_FALSE(makes(CallSet::kMdnsCore, AF_PACKET));
  CHECK(makes(CallSet::kMdnsDaemon, AF_UNIX));
  CHECK_FALSE(makes(CallSet::kMdnsDaemon, AF_INET));
  CHECK(with(CallSet::kMdnsCore, [] {
          const int one = ::socket(AF_INET, SOCK_DGRAM, 0);
          const sockaddr_in to{};
          return fails_with(::connect(one, reinterpret_cast<const sockaddr*>(&to), sizeof to),
                            EPERM);
        }) == 0);
}

TEST_CASE("a process that answers SQL makes no socket, and reads files that are open") {
  REQUIRE_CONFINABLE();
  for (const int family : {AF_INET, AF_INET6, AF_UNIX, AF_NETLINK}) {
    CAPTURE(family);
    CHECK(with(CallSet::kSql,
               [family] { return fails_with(::socket(family, SOCK_DGRAM, 0), EPERM); }) == 0);
  }
  const int zeros = ::open("/dev/zero", O_RDWR | O_CLOEXEC);
  CHECK(with(CallSet::kSql, [zeros] {
          char byte = 1;
          const bool is_read = ::pread(zeros, &byte, 1, 7) == 1 && byte == 0;
          return is_read && ::pwrite(zeros, &byte, 1, 7) == 1 ? 0 : 1;
        }) == 0);
  ::close(zeros);
  struct stat found {};
  CHECK(with(CallSet::kSql,
             [&found] { return fails_with(::stat("/etc/passwd", &found), ENOSYS); }) == 0);
  const rlimit most{};
  CHECK(with(CallSet::kSql,
             [&most] { return fails_with(::setrlimit(RLIMIT_CPU, &most), ENOSYS); }) == 0);
}

TEST_CASE("an agent starts itself, and maps nothing that is code and data at once") {
  REQUIRE_CONFINABLE();
  CHECK(with(CallSet::kAgent, [] {
          pid_t child = -1;
          char name[] = "true";
          char* const arguments[] = {name, nullptr};
          if (::posix_spawn(&child, "/bin/true", nullptr, nullptr, arguments, environ) != 0)
            return 1;
          int status = -1;
          return ::waitpid(child, &status, 0) == child && status == 0 ? 0 : 2;
        }) == 0);
  CHECK(with(CallSet::kAgent, [] {
          std::thread([] {}).join();
          return ::open("/dev/null", O_RDONLY) >= 0 ? 0 : 1;
        }) == 0);
  CHECK(with(CallSet::kAgent, [] {
          return ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED
                     ? 0
                     : 1;
        }) == 0);
  CHECK(with(CallSet::kAgent, [] {
          return fails_with(::syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0), ENOSYS);
        }) == 0);
}

TEST_CASE("without files nothing is opened, and what is open can be read") {
  REQUIRE_CONFINABLE();
  INFO("this test wants a kernel with Landlock: Linux 5.13, lsm=landlock,...");
  REQUIRE(has_file_rules());
  CHECK(in_a_process(forbid_files,
                     [] { return fails_with(::open("/dev/null", O_RDONLY), EACCES); }) == 0);
  CHECK(in_a_process(forbid_files, [] {
          return fails_with(::execl("/bin/true", "true", nullptr), EACCES);
        }) == 0);
  const int zeros = ::open("/dev/zero", O_RDONLY | O_CLOEXEC);
  CHECK(in_a_process(forbid_files, [zeros] {
          char byte = 1;
          return ::read(zeros, &byte, 1) == 1 && byte == 0 ? 0 : 1;
        }) == 0);
  ::close(zeros);
}

TEST_CASE("a process that names programs lists folders, reads links and starts itself") {
  REQUIRE_CONFINABLE();
  constexpr int kListed = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
  const auto open_with = [](int flags, const char* place = "/proc/self") {
    return with(CallSet::kLookup, [flags, place] {
      return ::syscall(SYS_openat, AT_FDCWD, place, long{flags}, 0600L) >= 0 ? 0 : 1;
    });
  };
  CHECK(open_with(kListed) == 0);
  // No content of a file, and no file that is new.
  for (const int flags : {O_RDONLY, O_RDONLY | O_CLOEXEC, O_RDWR, O_WRONLY, O_PATH,
                          O_CREAT | O_RDWR, kListed | O_WRONLY, O_TMPFILE | O_RDWR}) {
    CAPTURE(flags);
    CHECK(open_with(flags, "/tmp") == 1);
  }
  CHECK(open_with(kListed, "/proc/self/status") == 1);
  CHECK(with(CallSet::kLookup, [] {
          char file[4096];
          return ::readlink("/proc/self/exe", file, sizeof file) > 0 ? 0 : 1;
        }) == 0);
  CHECK(with(CallSet::kLookup, [] {
          return fails_with(
              ::syscall(SYS_clone, CLONE_THREAD | CLONE_VM | CLONE_SIGHAND, 0, 0, 0, 0), EPERM);
        }) == 0);
  // It signals what it has started, and nothing else.
  CHECK(
      with(CallSet::kLookup, [] {
        int child = -1;
        const long process = ::syscall(SYS_clone, long{CLONE_PIDFD | SIGCHLD}, 0L, &child, 0L, 0L);
        if (process == 0) {
          ::pause();
          ::_exit(0);
        }
        if (process < 0 || ::syscall(SYS_pidfd_send_signal, child, SIGKILL, nullptr, 0) != 0)
          return 1;
        int status = 0;
        return ::waitpid(static_cast<pid_t>(process), &status, 0) == process && WIFSIGNALED(status)
                   ? 0
                   : 2;
      }) == 0);
  CHECK(with(CallSet::kLookup,
             [] { return fails_with(::syscall(SYS_pidfd_open, ::getppid(), 0), ENOSYS); }) == 0);
  for (const int family : {AF_INET, AF_INET6, AF_UNIX, AF_NETLINK})
    CHECK(with(CallSet::kLookup,
               [family] { return fails_with(::socket(family, SOCK_DGRAM, 0), EPERM); }) == 0);
}

TEST_CASE("the kernel says of a filtered process that it is one") {
  REQUIRE_CONFINABLE();
  CHECK(with(CallSet::kAgent, [] {
          return own_status_line("Seccomp") == "2" && own_status_line("NoNewPrivs") == "1" ? 0 : 1;
        }) == 0);
}

}  // namespace
