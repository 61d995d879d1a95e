#include "agent/lookup/process_finder.hpp"

#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "agent/logging.hpp"
#include "agent/lookup/lookup_child.hpp"
#include "confinement/own_process.hpp"

namespace lanyard::agent {
namespace {

using std::chrono::milliseconds;

/// How soon whoever stops the agent is noticed.
constexpr milliseconds kStopNoticedEvery{50};
/// Behind a question that was not answered.
constexpr std::chrono::seconds kQuietFor{2};

}  // namespace

ProcessFinder::ProcessFinder() {
  const auto started =
      confinement::start_own_process({kLookupChildVerb}, confinement::PipeKind::kMessages);
  if (!started) return;
  process_ = started->process;
  pipe_ = started->pipe;
}

ProcessFinder::~ProcessFinder() {
  {
    const std::lock_guard lock(mutex_);
    is_over_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
  if (pipe_ >= 0) ::close(pipe_);
  // It ends by itself; one that was stopped may stay, and is not waited for.
  if (process_ > 0) static_cast<void>(::waitpid(process_, nullptr, WNOHANG));
}

std::optional<LookupAnswer> ProcessFinder::find(std::uint64_t inode, milliseconds most) {
  const std::lock_guard lock(asking_);
  // The first of the two may have been killed: the other one has taken its place.
  if (process_ > 0 && ::waitpid(process_, nullptr, WNOHANG) != 0) process_ = -1;
  if (pipe_ < 0) {
    say_once("the process that names programs could not be started");
    return std::nullopt;
  }
  const auto now = Clock::now();
  if (now < quiet_until_) return std::nullopt;
  const Bytes question = encode(LookupQuestion{++number_, inode});
  const ssize_t sent = ::send(pipe_, question.data(), question.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent < 0 && errno == EPIPE) say_once("the process that names programs has ended");
  const auto answer = sent < 0 ? std::nullopt : await(number_, now + most);
  if (!answer) quiet_until_ = Clock::now() + kQuietFor;
  if (!answer || answer->process == 0) return std::nullopt;
  return answer;
}

std::optional<LookupAnswer> ProcessFinder::await(std::uint64_t number, Clock::time_point until) {
  Bytes bytes(kLookupBytesMax);
  while (!is_over_) {
    const auto left = std::chrono::duration_cast<milliseconds>(until - Clock::now());
    if (left.count() <= 0) return std::nullopt;
    pollfd ready{pipe_, POLLIN, 0};
    ::poll(&ready, 1, static_cast<int>(std::min(left, kStopNoticedEvery).count()) + 1);
    const ssize_t size = ::recv(pipe_, bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (size == 0) return std::nullopt;  // both have ended
    if (size < 0 && errno != EAGAIN && errno != EINTR) return std::nullopt;
    if (size < 0) continue;
    auto answer = decode_lookup_answer(ByteView(bytes).first(static_cast<std::size_t>(size)));
    // Another number is that of an answer that came too late.
    if (answer && answer->number == number) return std::move(*answer);
  }
  return std::nullopt;
}

void ProcessFinder::say_once(const char* what) {
  if (std::exchange(is_said_, true)) return;
  log_warning(std::string(what) +
              ": requests for access show no program until the agent is started again");
}

bool ProcessFinder::find_later(std::uint64_t inode, Done done) {
  const std::lock_guard lock(mutex_);
  if (is_over_ || wanted_.size() >= kWaitingMax) return false;
  wanted_.push_back({inode, std::move(done)});
  wake_.notify_all();
  if (!thread_.joinable()) {
    thread_ = std::thread([this] {
      pthread_setname_np(pthread_self(), "finder");
      work();
    });
  }
  return true;
}

void ProcessFinder::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return is_over_ || !wanted_.empty(); });
    if (is_over_) return;
    const Wanted next = std::move(wanted_.front());
    wanted_.pop_front();
    lock.unlock();
    next.done(find(next.inode, kAnswerMost));
    lock.lock();
  }
}

}  // namespace lanyard::agent
