#include "storage/storage_thread.hpp"

#include <pthread.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "replication/types/check.hpp"
#include "storage/upkeep_pause.hpp"
#include "storage/work_queue.hpp"

namespace lanyard::storage {
namespace {

/// Deletes are let through when the disk is nearly full.
bool only_deletes(const LocalChange& change) {
  return std::all_of(change.ops.begin(), change.ops.end(), [](const LocalOp& op) {
    return op.kind == oplog::OpKind::kDelete || op.kind == oplog::OpKind::kClear;
  });
}

void answer_all(std::vector<WorkQueue::Merge>& merges, const Error& error) {
  for (WorkQueue::Merge& merge : merges) merge.done(fail(error));
}

}  // namespace

class StorageThread::Impl {
 public:
  Impl(std::unique_ptr<Vault> vault, std::function<WallTime()> clock, Committed committed)
      : vault_(std::move(vault)),
        clock_(std::move(clock)),
        committed_(std::move(committed)),
        thread_([this] { loop(); }) {}

  ~Impl() {
    {
      const std::lock_guard lock(mutex_);
      is_stopping_ = true;
      queue_.release_all_writes();
    }
    wake_.notify_one();
    thread_.join();
  }

  /// Puts something into the queue; `add` gives what to answer.
  template <class Add>
  auto put(Add add) {
    // Behind the lock: who wakes finds it open.
    const WakeAtEnd wakes{wake_};
    return put_quietly(add);
  }
  template <class Add>
  auto put_quietly(Add add) {
    const std::lock_guard lock(mutex_);
    return add(queue_);
  }
  void wake() { wake_.notify_one(); }

  [[nodiscard]] Waiting waiting() {
    const std::lock_guard lock(mutex_);
    return queue_.waiting();
  }

 private:
  struct WakeAtEnd {
    std::condition_variable& wake;
    ~WakeAtEnd() { wake.notify_one(); }
  };
  void loop();
  void wait_or_tidy(std::unique_lock<std::mutex>& lock);
  void perform(WorkQueue::WriteGroup group);
  void perform(WorkQueue::MergeBatch batch);
  void perform(const WorkQueue::Job& job) { job(*vault_); }
  [[nodiscard]] WriteOutcome write(const SpaceId& space, const std::vector<LocalChange>& changes);
  [[nodiscard]] Result<ApplyOutcome> merge(const WorkQueue::MergeBatch& batch);
  [[nodiscard]] bool has_writes() {
    const std::lock_guard lock(mutex_);
    return queue_.has_writes();
  }

  std::unique_ptr<Vault> vault_;
  std::function<WallTime()> clock_;
  Committed committed_;

  std::mutex mutex_;
  std::condition_variable wake_;
  WorkQueue queue_;           // under mutex_
  bool is_stopping_ = false;  // under mutex_
  bool is_tidy_ = false;      // the thread's own: upkeep has nothing to do now
  UpkeepPause pause_;         // the thread's own

  std::thread thread_;  // last: it uses all of the above
};

void StorageThread::Impl::loop() {
  pthread_setname_np(pthread_self(), "storage");
  std::unique_lock lock(mutex_);
  while (true) {
    if (queue_.is_empty()) {
      if (is_stopping_) break;
      wait_or_tidy(lock);
      continue;
    }
    WorkQueue::Work work = queue_.next();
    lock.unlock();
    std::visit([this](auto&& each) { perform(std::forward<decltype(each)>(each)); },
               std::move(work));
    is_tidy_ = false;
    pause_.worked(std::chrono::steady_clock::now());
    lock.lock();
  }
  lock.unlock();
  vault_->close();
}

/// Nothing waits: one piece of upkeep, or sleep until something comes or upkeep is due.
void StorageThread::Impl::wait_or_tidy(std::unique_lock<std::mutex>& lock) {
  const auto has_work = [this] { return !queue_.is_empty() || is_stopping_; };
  if (!is_tidy_) {
    const auto left = pause_.left(std::chrono::steady_clock::now());
    if (left.count() > 0 && wake_.wait_for(lock, left, has_work)) return;
    lock.unlock();
    is_tidy_ = !vault_->upkeep(clock_());
    if (is_tidy_) pause_.is_all_done();
    lock.lock();
    return;
  }
  if (const auto within = vault_->upkeep_within()) {
    is_tidy_ = wake_.wait_for(lock, *within, has_work);
  } else {
    wake_.wait(lock, has_work);
  }
}

// ---- local writes

WriteOutcome StorageThread::Impl::write(const SpaceId& space,
                                        const std::vector<LocalChange>& changes) {
  const auto store = vault_->space_to_write(space);
  if (store) return (*store)->write(changes, clock_());
  WriteOutcome refused;
  refused.answers.assign(changes.size(), fail(store.error()));
  return refused;
}

void StorageThread::Impl::perform(WorkQueue::WriteGroup group) {
  group.space = vault_->stands_for(group.space);
  const Status room = vault_->room_to_write();
  std::vector<LocalChange> changes;
  std::vector<WriteDone> writers;
  for (WorkQueue::Write& each : group.writes) {
    if (!room && !only_deletes(each.change)) {
      each.done(fail(room.error()));
      continue;
    }
    changes.push_back(std::move(each.change));
    writers.push_back(std::move(each.done));
  }
  if (changes.empty()) return;
  auto outcome = std::make_shared<WriteOutcome>(write(group.space, changes));
  std::vector<Result<Written>> answers = std::exchange(outcome->answers, {});
  LANYARD_CHECK(answers.size() == writers.size(), "a store answers each change");
  if (!outcome->runs.empty()) committed_(group.space, outcome);
  for (std::size_t each = 0; each < writers.size(); ++each) writers[each](std::move(answers[each]));
}

// ---- merges

Result<ApplyOutcome> StorageThread::Impl::merge(const WorkQueue::MergeBatch& batch) {
  std::vector<const oplog::Accepted*> packs;
  for (const WorkQueue::Merge& each : batch.merges) packs.push_back(each.accepted.get());
  LANYARD_TRY_SET(SpaceStore * store, vault_->space(batch.space));
  return store->apply(packs, clock_(), [this] { return has_writes(); });
}

void StorageThread::Impl::perform(WorkQueue::MergeBatch batch) {
  auto outcome = merge(batch);
  if (!outcome) {
    answer_all(batch.merges, outcome.error());
    auto behind = put([&](WorkQueue& queue) { return queue.take_merges(batch.space); });
    return answer_all(behind, outcome.error());
  }
  const std::size_t done = std::exchange(outcome->packs, 1);
  LANYARD_CHECK(done > 0 && done <= batch.merges.size(), "a store takes at least one pack");
  for (std::size_t each = 0; each + 1 < done; ++each) {
    ApplyOutcome in_the_last;
    in_the_last.packs = 1;
    batch.merges[each].done(std::move(in_the_last));
  }
  const ApplyDone last = std::move(batch.merges[done - 1].done);
  batch.merges.erase(batch.merges.begin(),
                     batch.merges.begin() + static_cast<std::ptrdiff_t>(done));
  if (!batch.merges.empty()) put([&](WorkQueue& queue) { queue.put_back(std::move(batch)); });
  last(std::move(outcome));
}

// ---- the door

StorageThread::StorageThread(std::unique_ptr<Vault> vault, std::function<WallTime()> clock,
                             Committed committed)
    : impl_(std::make_unique<Impl>(std::move(vault), std::move(clock), std::move(committed))) {}

StorageThread::~StorageThread() = default;

Status StorageThread::write(const SpaceId& space, LocalChange change, WriteDone done) {
  return impl_->put([&](WorkQueue& queue) {
    return queue.add(space, WorkQueue::Write{std::move(change), std::move(done)});
  });
}

Status StorageThread::hand_over(const SpaceId& space, LocalChange change, WriteDone done) {
  return impl_->put_quietly([&](WorkQueue& queue) {
    return queue.add(space, WorkQueue::Write{std::move(change), std::move(done)});
  });
}

void StorageThread::wake() { impl_->wake(); }

void StorageThread::apply(const SpaceId& space, std::shared_ptr<const oplog::Accepted> accepted,
                          ApplyDone done) {
  impl_->put([&](WorkQueue& queue) {
    queue.add(space, WorkQueue::Merge{std::move(accepted), std::move(done)});
  });
}

void StorageThread::hold_writes(const SpaceId& space) {
  impl_->put([&](WorkQueue& queue) {
    queue.hold_writes(space);
    // What does not come as a local write, an admission, cannot wait.
    queue.add([space](Vault& vault) {
      if (const auto store = vault.space(space)) (*store)->doubt_own_log(true);
    });
  });
}

void StorageThread::release_writes(const SpaceId& space, bool in_new_log) {
  run([impl = impl_.get(), space, in_new_log](Vault& vault) {
    if (const auto store = vault.space(space)) {
      (*store)->doubt_own_log(false);
      // Where it fails, it is done before the next write, or there is none.
      if (in_new_log) static_cast<void>((*store)->start_incarnation());
    }
    impl->put([&](WorkQueue& queue) { queue.release_writes(space); });
  });
}

void StorageThread::run(std::function<void(Vault&)> job) {
  impl_->put([&](WorkQueue& queue) { queue.add(std::move(job)); });
}

StorageThread::Waiting StorageThread::waiting() const { return impl_->waiting(); }

}  // namespace lanyard::storage
