#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "agent/lookup/lookup_message.hpp"

namespace lanyard::agent {

/// The agent's end of the lookup process (lookup_child.hpp). From any thread.
class ProcessFinder {
 public:
  /// How long an answer is waited for that somebody else waits for.
  static constexpr std::chrono::seconds kAnswerMost{2};
  /// Questions that wait for the thread. Whoever asks for many puts them into one.
  static constexpr std::size_t kWaitingMax = 16;

  /// Starts the process, while this one is not under rules for files yet: whoever is cannot look
  /// into other processes, nor can what it starts. Where no process can be had, nobody is found.
  ProcessFinder();
  /// Ends the process; questions that wait are never answered.
  ~ProcessFinder();
  ProcessFinder(const ProcessFinder&) = delete;
  ProcessFinder& operator=(const ProcessFinder&) = delete;

  /// Who has the socket of this inode, waiting for at most so long. Nothing if nobody is found, or
  /// there is no answer; then none is waited for within the next two seconds.
  [[nodiscard]] std::optional<LookupAnswer> find(std::uint64_t inode,
                                                 std::chrono::milliseconds most);
  /// In the order of the question.
  using Found = std::vector<std::optional<LookupAnswer>>;
  /// The same of several, kLookupSocketsMax at most, which takes no longer than of one.
  [[nodiscard]] Found find_all(const std::vector<std::uint64_t>& sockets,
                               std::chrono::milliseconds most);
  using Done = std::function<void(Found)>;
  /// The same without waiting: `done` is called on a thread of this, which begins with the first
  /// question, and goes away there, or where this does: it may hold nothing that belongs to another
  /// thread. False, and it is not called: too many wait, or the system has no thread left.
  [[nodiscard]] bool find_later(std::vector<std::uint64_t> sockets, Done done);

 private:
  using Clock = std::chrono::steady_clock;
  struct Wanted {
    std::vector<std::uint64_t> sockets;
    Done done;
  };
  /// The answers with this number, as they come. False: not all of them came.
  [[nodiscard]] bool await(const LookupQuestion& question, Found& found, Clock::time_point until);
  void take(LookupAnswer answer, const LookupQuestion& question, Found& found);
  void say_once(const char* what);
  void say_crowded(pid_t process);
  void work();

  pid_t process_ = -1;
  int pipe_ = -1;

  std::mutex asking_;
  std::uint64_t number_ = 0;         ///< under asking_, as the next three
  Clock::time_point quiet_until_{};  ///< nobody waits for an answer again before that
  bool is_said_ = false;
  bool is_crowded_said_ = false;

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Wanted> wanted_;  ///< under mutex_, as all below
  std::atomic<bool> is_over_{false};
  std::thread thread_;
};

}  // namespace lanyard::agent
