#include "agent/service/reader_pool.hpp"

#include "replication/types/limits.hpp"
#include "storage/descriptors.hpp"
#include "storage/started_thread.hpp"

namespace lanyard::agent {
namespace {

/// Spaces that one thread of the pool keeps open: three descriptors each.
constexpr std::size_t kSpacesOpenMax = 4;

}  // namespace

ReaderPool::~ReaderPool() {
  {
    const std::lock_guard lock(mutex_);
    is_over_ = true;
    short_.clear();
    long_.clear();
  }
  is_over_.notify_all();
  wake_.notify_all();
  for (std::thread& thread : threads_)
    if (thread.joinable()) thread.join();
}

void ReaderPool::read(Reading reading, Refused refused) {
  add(short_, kShortWaitingMax, {std::move(reading), std::move(refused)});
}

void ReaderPool::read_long(std::function<void()> reading, Refused refused) {
  const auto once = [reading = std::move(reading)](SpaceReads&, std::chrono::milliseconds) {
    reading();
    return true;
  };
  add(long_, kLongWaitingMax, {once, std::move(refused)});
}

void ReaderPool::add(std::deque<Job>& queue, std::size_t waiting_max, Job job) {
  {
    const std::lock_guard lock(mutex_);
    if (is_over_) return;  // whoever joins the threads counts on no new one
    if (queue.size() < waiting_max && has_threads_for_one_more()) {
      queue.push_back(std::move(job));
      wake_.notify_one();
      return;
    }
  }
  job.refused();
}

/// Fewer than it should be are enough: where the system gives no more, those go on.
bool ReaderPool::has_threads_for_one_more() {
  // A thread that is idle has not always woken yet for what was added before.
  if (short_.size() + long_.size() >= idle_ &&
      started_ < storage::within_descriptors(1, kThreads) &&
      storage::start_thread(threads_.at(started_), "reader", [this] { run(); }))
    ++started_;
  return started_ > 0;
}

bool ReaderPool::has_work() const {
  // One thread is left to what is short.
  return !short_.empty() || (!long_.empty() && long_running_ + 1 < kThreads);
}

void ReaderPool::run() {
  SpaceReads reads(data_dir_, hasher_, on_damage_, kSpacesOpenMax);
  std::unique_lock lock(mutex_);
  while (true) {
    ++idle_;
    wake_.wait(lock, [this] { return is_over_ || has_work(); });
    --idle_;
    if (is_over_) return;
    short_.empty() ? run_long(reads, lock) : run_short(reads, lock);
  }
}

void ReaderPool::run_short(SpaceReads& reads, std::unique_lock<std::mutex>& lock) {
  Job job = std::move(short_.front());
  short_.pop_front();
  lock.unlock();
  reads.take_at_most({kShort, is_over_});
  const bool is_done = job.reading(reads, kShort);
  if (!is_done && !is_over_) add(long_, kLongWaitingMax, std::move(job));
  lock.lock();
}

void ReaderPool::run_long(SpaceReads& reads, std::unique_lock<std::mutex>& lock) {
  const Job job = std::move(long_.front());
  long_.pop_front();
  ++long_running_;
  lock.unlock();
  reads.take_at_most({limits::kReadTimeMax, is_over_});
  (void)job.reading(reads, limits::kReadTimeMax);
  lock.lock();
  // Whoever slept because two long ones ran looks again.
  --long_running_;
  if (!long_.empty()) wake_.notify_one();
}

}  // namespace lanyard::agent
