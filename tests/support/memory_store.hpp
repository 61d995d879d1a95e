#pragma once

#include <memory>
#include <set>

#include "replication/engine/input.hpp"
#include "replication/merge/local_writer.hpp"
#include "replication/oplog/fork.hpp"
#include "tests/support/map_table.hpp"

namespace lanyard::support {

/// The outside world of a store. All outlive it.
struct StorePorts {
  const Signer& signer;
  const Hasher& hasher;
  const CipherFactory& ciphers;
  Rng& rng;
};

/// How a store is made to misbehave.
struct StoreFaults {
  bool skip_fsync = false;   ///< a commit of our own is acknowledged before it is on disk
  bool ignore_mark = false;  ///< a store that was set back goes on with its log
  merge::PlantedBug bug = merge::PlantedBug::kNone;
};

/// One space of one device, kept in memory by the code that a real store runs: Author, LocalWriter,
/// Merger. The log is its disk: a power cut takes what was not synced, and everything else is
/// rebuilt from what is left.
class MemoryStore {
 public:
  MemoryStore(const SpaceId& space, const StorePorts& ports, StoreFaults faults);
  MemoryStore(const MemoryStore&) = delete;
  MemoryStore& operator=(const MemoryStore&) = delete;

  struct WriteOutcome {
    std::vector<Result<merge::Written>> answers;
    std::vector<engine::Committed> runs;  ///< durable: for the engine
  };
  /// The founder's opening, and the admit of itself with a fresh epoch.
  [[nodiscard]] WriteOutcome found(const oplog::Founding& founding, WallTime wall);
  [[nodiscard]] WriteOutcome admit(const DeviceId& device, WallTime wall);
  [[nodiscard]] WriteOutcome write(const std::vector<merge::LocalChange>& changes, WallTime wall);
  /// A change with an op of a kind that only a newer version knows.
  [[nodiscard]] WriteOutcome write_unknown(WallTime wall);

  /// The next change of ours begins a new log.
  void start_incarnation();
  /// The log that our next change goes on with; nothing if it begins one.
  [[nodiscard]] std::optional<LogId> own_log() const;

  void apply(std::shared_ptr<const oplog::Accepted> accepted, WallTime wall);
  void make_durable();
  /// Loses what was not synced, and opens what is left.
  void power_cut(WallTime wall);

  /// A run or pack, as it was applied in one piece. `owner` keeps the payloads.
  struct Entry {
    std::shared_ptr<const void> owner;
    const std::vector<oplog::Change>* changes = nullptr;
    oplog::RunSignatures signatures;
  };
  /// An incarnation, and how many entries there were when it began.
  struct Started {
    Incarnation incarnation;
    std::size_t entries = 0;
  };
  /// What lies outside of the store: how far it has written.
  struct Mark {
    LogId log;
    Head head;
  };
  /// A copy of the store as it is now, its mark beside it.
  struct Copy {
    std::vector<Entry> entries;
    std::vector<Started> incarnations;
    std::optional<Mark> mark;
  };
  [[nodiscard]] Copy copy() const { return {entries_, incarnations_, mark_}; }
  /// Puts a copy in the store's place. The mark that belongs to it comes with it, or this store's
  /// stays, or (a copy at another place) there is none.
  enum class MarkAfter : std::uint8_t { kOfTheCopy, kOfThisStore, kNone };
  void restore(Copy copy, MarkAfter mark, WallTime wall);
  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }

  /// Packs from entry `position` on of what `held` does not have.
  struct Slice {
    std::vector<Bytes> packs;
    std::uint64_t next = 0;
    bool at_end = false;
  };
  [[nodiscard]] Slice read_log(std::uint64_t position, const VectorClock& held,
                               std::size_t bytes_max) const;
  [[nodiscard]] std::optional<wire::Grant> grant_for(const DeviceId& device) const;
  /// A key that came ahead of the log in which its grant stands.
  void keep_grant(const EpochId& epoch, Bytes sealed);
  [[nodiscard]] std::vector<std::pair<EpochId, Bytes>> own_grants() const;
  /// Those of them that show that this device is a member.
  [[nodiscard]] std::vector<std::pair<EpochId, Bytes>> grants_in_log() const;

  // As SpaceStore has them.
  [[nodiscard]] Result<std::vector<Head>> fork_points(const LogId& log) const;
  [[nodiscard]] Result<oplog::Fork> find_branch(const LogId& log,
                                                const std::vector<Head>& points) const;
  [[nodiscard]] Result<engine::ForkKept> keep_fork(const oplog::Fork& given);
  [[nodiscard]] const std::map<LogId, oplog::Fork>& forks() const { return forks_; }

  [[nodiscard]] const oplog::SpaceLog& log() const { return log_; }
  [[nodiscard]] const VectorClock& durable() const { return durable_; }
  [[nodiscard]] const MapTable& table() const { return table_; }
  [[nodiscard]] const merge::Merger& merger() const { return *merger_; }
  /// The change hash of a dot that is held here.
  [[nodiscard]] merge::HashOf hashes() const;
  /// Void deletes noticed since the store was opened.
  [[nodiscard]] std::size_t void_deletes() const { return merger_->counts().void_deletes; }

 private:
  [[nodiscard]] LogId log_of(const Incarnation& incarnation) const;
  [[nodiscard]] bool fits(const Mark& mark) const;
  [[nodiscard]] oplog::HashAt hashes_of(const LogId& log) const;
  [[nodiscard]] Result<Bytes> branch_from(const LogId& log, Seq first) const;
  [[nodiscard]] Incarnation incarnation_of(const LogId& log) const;
  [[nodiscard]] std::optional<wire::Grant> grant_in_fork(const DeviceId& device) const;
  void write_mark();
  void look_at_mark();

  template <class Write>
  WriteOutcome in_run(WallTime wall, Write write);
  void end_run(WriteOutcome& outcome);
  void open(WallTime wall);
  void restore_author(WallTime wall);
  void take_in(const oplog::Change& change, WallTime wall);

  SpaceId space_;
  StorePorts ports_;
  StoreFaults faults_;
  std::vector<Started> incarnations_;  ///< the last one writes
  std::optional<Mark> mark_;
  std::map<LogId, oplog::Fork> forks_;
  std::map<LogId, oplog::ProvenFork> proven_;  ///< what they say
  std::vector<std::pair<EpochId, Bytes>> grants_ahead_;
  bool is_proven_ = true;       ///< the mark shows that this store wrote last
  std::vector<Entry> entries_;  ///< in the order of application: what is on the disk
  std::size_t durable_entries_ = 0;
  VectorClock durable_;

  // Found again from the entries.
  MapTable table_;
  oplog::SpaceLog log_;
  std::unique_ptr<Cipher> cipher_;
  std::unique_ptr<merge::Merger> merger_;
  std::unique_ptr<oplog::Author> author_;
  std::map<merge::LocalDot, Hash> hashes_;
};

}  // namespace lanyard::support
