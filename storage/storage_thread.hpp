#pragma once

#include "storage/vault.hpp"

namespace lanyard::storage {

/// The one writer. Local writes overtake everything else (WorkQueue), and what is waiting for one
/// space becomes one transaction, one fsync; merges and jobs keep their order among each other.
/// Callbacks are called on the storage thread, in the order of the work done: they post to where
/// they belong and return. An answer to a writer comes after its change is durable, or is an error
/// and nothing of the change was written.
class StorageThread {
 public:
  using WriteDone = std::function<void(Result<Written>)>;
  using ApplyDone = std::function<void(Result<ApplyOutcome>)>;
  /// Changes of ours became durable: for the engine, before the writers hear of it. The outcome has
  /// no answers any more: they are the writers'.
  using Committed = std::function<void(const SpaceId&, const std::shared_ptr<const WriteOutcome>&)>;

  StorageThread(std::unique_ptr<Vault> vault, std::function<WallTime()> clock, Committed committed);
  /// Does what is queued, closes the vault, and joins. Not to be called from a callback.
  ~StorageThread();
  StorageThread(const StorageThread&) = delete;
  StorageThread& operator=(const StorageThread&) = delete;

  /// kBusy above limits::kLocalWritesWaitingMax or kLocalBytesWaitingMax: `done` is then never
  /// called. From any thread.
  [[nodiscard]] Status write(const SpaceId& space, LocalChange change, WriteDone done);
  /// As write(), but the thread is left asleep if it sleeps, and wake() has to follow: whoever has
  /// several writes at a time hands them over as one group, with one wake-up.
  [[nodiscard]] Status hand_over(const SpaceId& space, LocalChange change, WriteDone done);
  /// From any thread.
  void wake();
  /// Several that wait for one space are merged in one transaction; its counts stand in the outcome
  /// of the last of them. If one fails, so do those that wait behind it: they were accepted on top
  /// of it. Bounded by the credit that the engine gives. From any thread.
  void apply(const SpaceId& space, std::shared_ptr<const oplog::Accepted> accepted, ApplyDone done);
  /// Local writes of this space wait from now on. From any thread.
  void hold_writes(const SpaceId& space);
  /// They go on, after what was queued before this; `in_new_log`: the next one begins a new
  /// incarnation. What still waits when the thread ends is written then. From any thread.
  void release_writes(const SpaceId& space, bool in_new_log);
  /// Anything else, in its turn: it may be overtaken by writes that came later. From any thread.
  void run(std::function<void(Vault&)> job);

  /// What is queued and not begun.
  struct Waiting {
    std::size_t writes = 0;
    std::size_t write_bytes = 0;
    std::size_t others = 0;  ///< merges, and everything else
  };
  /// As of now. From any thread.
  [[nodiscard]] Waiting waiting() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lanyard::storage
