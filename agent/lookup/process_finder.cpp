#include "agent/lookup/process_finder.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "agent/logging.hpp"
#include "agent/lookup/lookup_child.hpp"
#include "agent/lookup/proc_folder.hpp"
#include "confinement/own_process.hpp"
#include "storage/started_thread.hpp"

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
  return std::move(find_all({inode}, most).front());
}

ProcessFinder::Found ProcessFinder::find_all(const std::vector<std::uint64_t>& sockets,
                                             milliseconds most) {
  Found out(sockets.size());
  const std::lock_guard lock(asking_);
  // The first of the two may have been killed: the other one has taken its place.
  if (process_ > 0 && ::waitpid(process_, nullptr, WNOHANG) != 0) process_ = -1;
  if (pipe_ < 0) {
    say_once("the process that names programs could not be started");
    return out;
  }
  const auto now = Clock::now();
  if (now < quiet_until_) return out;
  const LookupQuestion question{++number_, sockets};
  const Bytes bytes = encode(question);
  const ssize_t sent = ::send(pipe_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent < 0 && errno == EPIPE) say_once("the process that names programs has ended");
  if (sent < 0 || !await(question, out, now + most)) quiet_until_ = Clock::now() + kQuietFor;
  return out;
}

bool ProcessFinder::await(const LookupQuestion& question, Found& found, Clock::time_point until) {
  Bytes bytes(kLookupBytesMax);
  std::size_t missing = question.sockets.size();
  while (!is_over_ && missing > 0) {
    const auto left = std::chrono::duration_cast<milliseconds>(until - Clock::now());
    if (left.count() <= 0) return false;
    pollfd ready{pipe_, POLLIN, 0};
    ::poll(&ready, 1, static_cast<int>(std::min(left, kStopNoticedEvery).count()) + 1);
    const ssize_t size = ::recv(pipe_, bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (size == 0) return false;  // both have ended
    if (size < 0 && errno != EAGAIN && errno != EINTR) return false;
    if (size < 0) continue;
    auto answer = decode_lookup_answer(ByteView(bytes).first(static_cast<std::size_t>(size)));
    // Another number is that of an answer that came too late.
    if (!answer || answer->number != question.number) continue;
    --missing;
    take(std::move(*answer), question, found);
  }
  return missing == 0;
}

void ProcessFinder::take(LookupAnswer answer, const LookupQuestion& question, Found& found) {
  if (answer.crowded != 0) say_crowded(answer.crowded);
  if (answer.process == 0) return;
  for (std::size_t each = 0; each < question.sockets.size(); ++each)
    if (question.sockets[each] == answer.socket) found[each] = answer;
}

void ProcessFinder::say_once(const char* what) {
  if (std::exchange(is_said_, true)) return;
  log_warning(std::string(what) +
              ": requests for access show no program until the agent is started again");
}

void ProcessFinder::say_crowded(pid_t process) {
  if (std::exchange(is_crowded_said_, true)) return;
  log_warning("the process " + std::to_string(process) + " has more than " +
              std::to_string(kDescriptorsSeenMax) +
              " files and sockets open, and the rest of them are not looked at: a request for "
              "access that comes from it may show no program");
}

bool ProcessFinder::find_later(std::vector<std::uint64_t> sockets, Done done) {
  const std::lock_guard lock(mutex_);
  if (is_over_ || wanted_.size() >= kWaitingMax) return false;
  if (!thread_.joinable() && !storage::start_thread(thread_, "finder", [this] { work(); }))
    return false;
  wanted_.push_back({std::move(sockets), std::move(done)});
  wake_.notify_all();
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
    next.done(find_all(next.sockets, kAnswerMost));
    lock.lock();
  }
}

}  // namespace lanyard::agent
