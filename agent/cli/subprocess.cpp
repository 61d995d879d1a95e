#include "agent/cli/subprocess.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <filesystem>

namespace lanyard::agent {
namespace {

constexpr std::size_t kOutputBytesMax = 65536;

std::vector<char*> pointers(std::vector<std::string>& arguments) {
  std::vector<char*> out;
  for (std::string& argument : arguments) out.push_back(argument.data());
  out.push_back(nullptr);
  return out;
}

/// Signals as a program expects them: what we ignore or catch is ours alone.
void set_attributes(posix_spawnattr_t& attributes, short more) {
  sigset_t signals;
  sigemptyset(&signals);
  posix_spawnattr_setsigmask(&attributes, &signals);
  for (const int number : {SIGPIPE, SIGINT, SIGTERM}) sigaddset(&signals, number);
  posix_spawnattr_setsigdefault(&attributes, &signals);
  posix_spawnattr_setflags(
      &attributes, static_cast<short>(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | more));
}

void collect(int from, std::chrono::steady_clock::time_point until, std::string& out) {
  std::array<char, 4096> part;
  while (true) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    pollfd one{from, POLLIN, 0};
    if (left.count() <= 0 || poll(&one, 1, static_cast<int>(left.count())) == 0) return;
    const ssize_t got = read(from, part.data(), part.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return;
    if (out.size() < kOutputBytesMax) out.append(part.data(), static_cast<std::size_t>(got));
  }
}

/// Waits for a process that has closed its output, or has to be ended.
bool wait_or_kill(pid_t process, std::chrono::steady_clock::time_point until, int& status) {
  while (waitpid(process, &status, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() >= until) {
      kill(process, SIGKILL);
      waitpid(process, &status, 0);
      return false;
    }
    poll(nullptr, 0, 5);
  }
  return WIFEXITED(status);
}

}  // namespace

ProcessOutcome run_program(const std::vector<std::string>& arguments,
                           std::chrono::milliseconds limit) {
  ProcessOutcome out;
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return out;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  set_attributes(attributes, 0);
  std::vector<std::string> copies = arguments;
  pid_t process = -1;
  const int failed = posix_spawnp(&process, copies.front().c_str(), &actions, &attributes,
                                  pointers(copies).data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  close(ends[1]);
  if (failed == 0) {
    const auto until = std::chrono::steady_clock::now() + limit;
    collect(ends[0], until, out.output);
    int status = 0;
    out.ran = wait_or_kill(process, until, status);
    if (out.ran) out.code = WEXITSTATUS(status);
  }
  close(ends[0]);
  return out;
}

int start_background(const std::vector<std::string>& arguments, const std::string& output) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output.c_str(),
                                   O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_NOFOLLOW, 0600);
  posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  // A session of its own: the shell that closes, and its Ctrl-C, are nothing to it.
  set_attributes(attributes, POSIX_SPAWN_SETSID);
  std::vector<std::string> copies = arguments;
  pid_t process = -1;
  const int failed = posix_spawn(&process, copies.front().c_str(), &actions, &attributes,
                                 pointers(copies).data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  return failed == 0 ? process : -1;
}

std::string own_program() {
  std::error_code ignored;
  return std::filesystem::read_symlink("/proc/self/exe", ignored).string();
}

}  // namespace lanyard::agent
