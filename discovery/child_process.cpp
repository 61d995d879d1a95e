#include "discovery/child_process.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace lanyard::discovery {
namespace {

constexpr const char* kOwnProgram = "/proc/self/exe";

/// Starts the child with `pipe` as its descriptor 3; the process id, or -1.
pid_t spawn_child(Backend kind, int pipe) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  // dup2 onto itself would keep close-on-exec: the copy never has the same number.
  posix_spawn_file_actions_adddup2(&actions, pipe, kChildDescriptor);
  posix_spawn_file_actions_addclosefrom_np(&actions, kChildDescriptor + 1);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t signals;
  sigemptyset(&signals);
  posix_spawnattr_setsigmask(&attributes, &signals);
  for (const int number : {SIGPIPE, SIGINT, SIGTERM}) sigaddset(&signals, number);
  posix_spawnattr_setsigdefault(&attributes, &signals);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  std::string program = "lanyard";
  std::string verb = kChildVerb;
  std::string name = child_name(kind);
  std::array<char*, 4> arguments = {program.data(), verb.data(), name.data(), nullptr};
  pid_t process = -1;
  const int failed =
      posix_spawn(&process, kOwnProgram, &actions, &attributes, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  return failed == 0 ? process : -1;
}

/// Our end and the child's; nothing without descriptors. The child's is never number 3 here: the
/// standard streams are open, and something else came first.
std::optional<std::array<int, 2>> make_pair() {
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) return std::nullopt;
  if (ends[1] != kChildDescriptor) return ends;
  std::swap(ends[0], ends[1]);
  return ends;
}

}  // namespace

ChildProcess::~ChildProcess() {
  if (process_ > 0) ::kill(process_, SIGKILL);
  static_cast<void>(is_there());
}

Status ChildProcess::start(Backend kind) {
  const auto ends = make_pair();
  if (!ends) return lanyard::fail(Code::kBusy, "no descriptor is left");
  process_ = spawn_child(kind, (*ends)[1]);
  ::close((*ends)[1]);
  std::error_code error;
  pipe_.assign(asio::local::stream_protocol(), (*ends)[0], error);
  if (error) ::close((*ends)[0]);
  if (process_ < 0 || error) return lanyard::fail(Code::kBusy, "no process could be started");
  read();
  return {};
}

void ChildProcess::read() {
  pipe_.async_read_some(
      asio::buffer(incoming_),
      [self = shared_from_this()](const std::error_code& error, std::size_t size) {
        self->on_read(error, size);
      });
}

void ChildProcess::on_read(const std::error_code& error, std::size_t size) {
  if (is_over_) return;
  if (error) return fail("the discovery process ended");
  if (!hear(ByteView(incoming_).first(size)))
    return fail("the discovery process said what cannot be understood");
  if (!is_over_) read();
}

bool ChildProcess::hear(ByteView bytes) {
  frames_.add(bytes);
  while (!is_over_) {
    const auto frame = frames_.next();
    if (!frame) return false;
    if (!*frame) return true;
    const auto message = decode_child_message(**frame);
    if (!message) return false;
    owner_.said(*message);
  }
  return true;
}

void ChildProcess::fail(const std::string& why) {
  kill();
  owner_.ended(why);
}

void ChildProcess::send(const Orders& orders) {
  if (is_over_) return;
  // Orders are whole: of two that wait, only the newer one matters.
  next_ = encode(orders);
  if (writing_.empty()) write();
}

void ChildProcess::write() {
  writing_ = std::move(*next_);
  next_.reset();
  asio::async_write(pipe_, asio::buffer(writing_),
                    [self = shared_from_this()](const std::error_code& error, std::size_t) {
                      self->writing_.clear();
                      // An end of the pipe is noticed by who reads from it.
                      if (!error && !self->is_over_ && self->next_) self->write();
                    });
}

void ChildProcess::kill() {
  if (process_ > 0) ::kill(process_, SIGKILL);
  part();
}

void ChildProcess::part() {
  is_over_ = true;
  std::error_code ignored;
  pipe_.close(ignored);
}

bool ChildProcess::is_there() {
  if (process_ > 0 && waitpid(process_, nullptr, WNOHANG) != 0) process_ = -1;
  return process_ > 0;
}

}  // namespace lanyard::discovery
