#include "confinement/own_process.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <optional>
#include <utility>

namespace lanyard::confinement {
namespace {

constexpr const char* kOwnProgram = "/proc/self/exe";

/// The process id, or -1.
pid_t spawn(std::vector<std::string>& arguments, int pipe) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  // dup2 onto itself would keep close-on-exec: the copy never has the same number.
  posix_spawn_file_actions_adddup2(&actions, pipe, kOwnProcessPipe);
  posix_spawn_file_actions_addclosefrom_np(&actions, kOwnProcessPipe + 1);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t signals;
  sigemptyset(&signals);
  posix_spawnattr_setsigmask(&attributes, &signals);
  for (const int number : {SIGPIPE, SIGINT, SIGTERM}) sigaddset(&signals, number);
  posix_spawnattr_setsigdefault(&attributes, &signals);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  std::string program = "lanyard";
  std::vector<char*> pointers = {program.data()};
  for (std::string& each : arguments) pointers.push_back(each.data());
  pointers.push_back(nullptr);
  pid_t process = -1;
  const int failed =
      posix_spawn(&process, kOwnProgram, &actions, &attributes, pointers.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  return failed == 0 ? process : -1;
}

/// Our end and the child's; nothing without descriptors. The child's is never number 3 here: the
/// standard streams are open, and something else came first.
std::optional<std::array<int, 2>> make_pair(PipeKind kind) {
  std::array<int, 2> ends{};
  const int type = kind == PipeKind::kStream ? SOCK_STREAM : SOCK_SEQPACKET;
  if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends.data()) != 0) return std::nullopt;
  if (ends[1] != kOwnProcessPipe) return ends;
  std::swap(ends[0], ends[1]);
  return ends;
}

}  // namespace

Result<OwnProcess> start_own_process(std::vector<std::string> arguments, PipeKind kind) {
  const auto ends = make_pair(kind);
  if (!ends) return fail(Code::kBusy, "no descriptor is left");
  OwnProcess out;
  out.process = spawn(arguments, (*ends)[1]);
  out.pipe = (*ends)[0];
  ::close((*ends)[1]);
  if (out.process >= 0) return out;
  ::close(out.pipe);
  return fail(Code::kBusy, "no process could be started");
}

bool has_own_process_pipe() {
  int type = 0;
  socklen_t size = sizeof type;
  return getsockopt(kOwnProcessPipe, SOL_SOCKET, SO_TYPE, &type, &size) == 0;
}

}  // namespace lanyard::confinement
