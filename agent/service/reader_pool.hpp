#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "agent/service/space_reads.hpp"

namespace lanyard::agent {

/// Threads that read beside a door's own thread, so that a long reading holds up nobody who uses
/// the door. They begin with the first reading.
///
/// A reading is tried for a moment first. What is not over by then begins again behind the other
/// long ones, of which at most two run at a time: short readings pass them on a thread that takes
/// no long one. (A feedback queue of two levels, as schedulers have it: Corbato et al. 1962.)
class ReaderPool {
 public:
  /// How long a reading is tried before it counts as a long one. An index finds a page in a tenth
  /// of a millisecond; 20 ms read some ten thousand records without one.
  static constexpr std::chrono::milliseconds kShort{20};
  /// Threads, of which each holds connections of its own.
  static constexpr std::size_t kThreads = 3;
  /// Readings that wait, short and long: more than a door has connections, so that one request of
  /// each finds a place.
  static constexpr std::size_t kShortWaitingMax = 512;
  static constexpr std::size_t kLongWaitingMax = 64;

  /// Called on a thread of the pool, with its connections. `most`: how long it may take. False: it
  /// was not over by then, and is to be called again, with limits::kReadTimeMax.
  using Reading = std::function<bool(SpaceReads& reads, std::chrono::milliseconds most)>;
  /// What becomes of a reading for which there is no place any more.
  using Refused = std::function<void()>;

  /// `hasher` outlives this. `on_damage`: called on threads of the pool; may be empty.
  ReaderPool(std::filesystem::path data_dir, const Hasher& hasher, SpaceReads::OnDamage on_damage)
      : data_dir_(std::move(data_dir)), hasher_(hasher), on_damage_(std::move(on_damage)) {}
  /// Gives up what runs and what waits: nobody is told.
  ~ReaderPool();
  ReaderPool(const ReaderPool&) = delete;
  ReaderPool& operator=(const ReaderPool&) = delete;

  /// From the door's thread. `refused` is called at once, or later on a thread of the pool.
  void read(Reading reading, Refused refused);
  /// The same for what is known to be long, and sees to its own time.
  void read_long(std::function<void()> reading, Refused refused);
  /// True once the pool ends: nobody waits for what runs.
  [[nodiscard]] const std::atomic<bool>& is_over() const { return is_over_; }

 private:
  struct Job {
    Reading reading;
    Refused refused;
  };
  /// Without the lock.
  void add(std::deque<Job>& queue, std::size_t waiting_max, Job job);
  /// With the lock.
  [[nodiscard]] bool has_threads_for_one_more();
  void run();
  [[nodiscard]] bool has_work() const;
  /// Called with the lock, which it gives back while it reads.
  void run_short(SpaceReads& reads, std::unique_lock<std::mutex>& lock);
  void run_long(SpaceReads& reads, std::unique_lock<std::mutex>& lock);

  std::filesystem::path data_dir_;
  const Hasher& hasher_;
  SpaceReads::OnDamage on_damage_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> short_;
  std::deque<Job> long_;
  std::size_t long_running_ = 0;
  std::size_t idle_ = 0;  ///< threads that wait for work
  std::size_t started_ = 0;
  std::atomic<bool> is_over_ = false;
  std::array<std::thread, kThreads> threads_;
};

}  // namespace lanyard::agent
