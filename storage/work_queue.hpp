#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <set>
#include <variant>
#include <vector>

#include "storage/storage_thread.hpp"

namespace lanyard::storage {

/// Local changes that may wait, in bytes of their texts and values. One alone may be larger: it is
/// taken where nothing else waits. 4096 writes of 16 KiB each.
inline constexpr std::size_t kLocalBytesWaitingMax = 64UL * 1024 * 1024;
/// Groups of local writes that may follow each other while something else waits: writers that never
/// pause slow a merge down and cannot stop it.
inline constexpr std::size_t kGroupsBeforeOthers = 8;

/// Memory of a change's texts and values, and a little for each part of it. Not below what its ops
/// come to once they are encoded, but for the dots of what its client had not seen.
[[nodiscard]] std::size_t size_of(const LocalChange& change);

/// What waits for the storage thread, and what it should do next. Decides alone: no locks, no
/// threads, no disk.
class WorkQueue {
 public:
  using WriteDone = std::function<void(Result<Written>)>;
  using ApplyDone = std::function<void(Result<ApplyOutcome>)>;
  using Job = std::function<void(Vault&)>;

  struct Write {
    LocalChange change;
    WriteDone done;
    std::size_t bytes = 0;  ///< set by the queue
  };
  /// Waiting local writes of one space, in their order: what becomes one group.
  struct WriteGroup {
    SpaceId space;
    std::vector<Write> writes;
  };
  struct Merge {
    std::shared_ptr<const oplog::Accepted> accepted;
    ApplyDone done;
  };
  /// Accepted packs of one space that follow each other: what becomes one transaction.
  struct MergeBatch {
    SpaceId space;
    std::vector<Merge> merges;
  };
  using Work = std::variant<WriteGroup, MergeBatch, Job>;

  /// kBusy above limits::kLocalWritesWaitingMax or kLocalBytesWaitingMax.
  [[nodiscard]] Status add(const SpaceId& space, Write write);
  void add(const SpaceId& space, Merge merge);
  void add(Job job);

  /// The next piece of work, taken out. Local writes come before everything else, up to
  /// kGroupsBeforeOthers times; merges and jobs keep their order among each other. A merge batch
  /// holds at most limits::kMergeBatchOps and kMergeBatchBytes, or one pack; while local writes
  /// wait, one pack. To be asked only while there is something.
  [[nodiscard]] Work next();
  /// What a batch left undone, to be done next of its kind.
  void put_back(MergeBatch rest);
  /// All merges that wait for this space, taken out.
  [[nodiscard]] std::vector<Merge> take_merges(const SpaceId& space);

  /// Local writes of this space wait, and do not count below, until they are let go again.
  void hold_writes(const SpaceId& space) { held_.insert(space); }
  void release_writes(const SpaceId& space) { held_.erase(space); }
  void release_all_writes() { held_.clear(); }

  /// How much waits: writes that are held too.
  [[nodiscard]] StorageThread::Waiting waiting() const {
    return {writes_.size(), write_bytes_, others_.size()};
  }

  [[nodiscard]] bool is_empty() const { return !has_writes() && others_.empty(); }
  [[nodiscard]] bool has_writes() const;

 private:
  struct WaitingWrite {
    SpaceId space;
    Write write;
  };
  struct WaitingMerge {
    SpaceId space;
    Merge merge;
  };
  [[nodiscard]] std::deque<WaitingWrite>::const_iterator first_write() const;
  [[nodiscard]] WriteGroup next_group();
  [[nodiscard]] MergeBatch next_batch();

  std::deque<WaitingWrite> writes_;
  std::set<SpaceId> held_;
  std::size_t write_bytes_ = 0;
  std::deque<std::variant<WaitingMerge, Job>> others_;
  std::size_t groups_in_a_row_ = 0;
};

}  // namespace lanyard::storage
