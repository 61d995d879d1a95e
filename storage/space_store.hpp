#pragma once

#include "storage/log_care.hpp"
#include "storage/log_slices.hpp"
#include "storage/mutation_rows.hpp"
#include "storage/space_file.hpp"
#include "storage/space_tables.hpp"
#include "storage/store.hpp"
#include "storage/wal_upkeep.hpp"

namespace lanyard::storage {

class ChunkCounter;

/// SpaceStore over one SQLite file.
class SqliteSpaceStore final : public SpaceStore {
 public:
  /// `path`: of the file.
  SqliteSpaceStore(SpaceFile file, const std::filesystem::path& path, const SpaceId& space,
                   const Ports& ports, const Options& options);
  /// Reads what the file holds. To be called once before anything else.
  [[nodiscard]] Status load();
  /// Begins an incarnation if the last one wrote the log of a device that we are not (any more).
  [[nodiscard]] Status leave_log_of_other_identity();
  /// Counts the parts of values in a file from before, if the disk has room for it.
  [[nodiscard]] Status begin_counted();
  /// The rows that were damaged when it was open last: those that are still.
  [[nodiscard]] Status load_log_damage(const std::vector<std::uint64_t>& rows);

  [[nodiscard]] SpaceState state() const override;
  [[nodiscard]] OwnLog own_log() const override;
  [[nodiscard]] Result<bool> holds_own(const Head& head) override;
  [[nodiscard]] Result<WriteOutcome> found(const oplog::Founding& founding, WallTime wall) override;
  [[nodiscard]] Result<WriteOutcome> admit(const DeviceId& device, WallTime wall) override;
  [[nodiscard]] Result<SignedGrant> grant_for(const DeviceId& device) const override;
  [[nodiscard]] WriteOutcome write(const std::vector<LocalChange>& changes, WallTime wall) override;
  [[nodiscard]] Result<WriteOutcome> write_all(const ChangeSource& next, WallTime wall) override;
  [[nodiscard]] Result<WriteOutcome> carry(const std::vector<merge::NamedRecord>& records,
                                           const merge::HashOf& hash_of, const CarryPlace& place,
                                           WallTime wall) override;
  [[nodiscard]] Result<CarryPlace> carried(const SpaceId& from) override;
  [[nodiscard]] Status know_mutations(const std::vector<KnownMutation>& mutations) override;
  [[nodiscard]] Status keep_grant(const EpochId& epoch, ByteView sealed) override;
  [[nodiscard]] Status start_incarnation() override;
  [[nodiscard]] Result<ApplyOutcome> apply(const std::vector<const oplog::Accepted*>& packs,
                                           WallTime wall,
                                           const std::function<bool()>& stop) override;
  [[nodiscard]] Status make_durable() override;
  [[nodiscard]] Result<LogSlice> read_log(std::uint64_t position, const VectorClock& held,
                                          std::size_t bytes_max, bool sealed) override;
  void check_log() override { care_.begin_check(); }
  [[nodiscard]] LogDamage log_damage() const override { return care_.damage(); }
  [[nodiscard]] Status mend_log(ByteView pack) override;
  [[nodiscard]] Result<Touched> touched_since(const VectorClock& held,
                                              std::uint64_t changes_max) override;
  [[nodiscard]] Result<Missed> missed_since(const MissedRequest& request) override;
  [[nodiscard]] Result<std::vector<Head>> fork_points(const LogId& log) override;
  [[nodiscard]] Result<oplog::Fork> find_branch(const LogId& log,
                                                const std::vector<Head>& points) override;
  [[nodiscard]] Result<KeptFork> keep_fork(const oplog::Fork& given) override;
  [[nodiscard]] Result<std::vector<KeptFork>> forks() override { return read_forks(); }
  [[nodiscard]] Result<bool> tidy() override;
  [[nodiscard]] Status declare_index(const DeclaredIndex& index, bool is_wanted) override;
  [[nodiscard]] Status checkpoint() override;
  [[nodiscard]] WalState wal() const override { return wal_ ? wal_->state() : WalState{}; }
  [[nodiscard]] Status tend_wal() override { return wal_ ? wal_->idle() : Status(); }
  [[nodiscard]] bool may_close() override { return broken_ || !wal_ || wal_->may_close(); }
  [[nodiscard]] Result<Hash> state_hash() override;
  [[nodiscard]] Result<std::vector<WithoutEffect>> without_effect() override;
  [[nodiscard]] Result<SpaceSums> sums() override;
  [[nodiscard]] std::vector<std::string> take_notes() override { return std::exchange(notes_, {}); }
  [[nodiscard]] std::optional<Error> damage() const override { return chunk_doubt_; }

 private:
  using Work = std::function<Status()>;
  /// Does the work in one transaction. After a failure the file is as before, and so are we.
  [[nodiscard]] Status in_transaction(Sync sync, const Work& work);
  void give_up(const Error& error);
  [[nodiscard]] Status load_author();
  [[nodiscard]] Status may_write() const;
  void see_all_stamps(WallTime wall);
  void refresh_views();
  [[nodiscard]] Status count_chunks_once();
  [[nodiscard]] Status count_chunks();
  void doubt_chunks(std::optional<Error> why);
  void note_counted(const ChunkCounter& counter);

  // Forks (space_forks.cpp).
  [[nodiscard]] oplog::HashAt hashes_of(merge::LogNumber log);
  [[nodiscard]] Result<Bytes> branch_from(merge::LogNumber log, Seq first);
  [[nodiscard]] Result<std::optional<KeptFork>> read_fork_row(const LogId& log);
  [[nodiscard]] KeptFork fork_in(const Query& row) const;
  [[nodiscard]] Result<std::vector<KeptFork>> read_forks() const;
  [[nodiscard]] Status leave_forked_log();
  [[nodiscard]] Result<SignedGrant> grant_in_fork(const DeviceId& device) const;
  [[nodiscard]] Status write_fork_row(const oplog::Fork& fork, const oplog::ProvenFork& proven);

  /// Writes one or more runs of ours; `add` puts changes into the author.
  using AddChanges = std::function<Status(merge::LocalWriter&)>;
  [[nodiscard]] Status write_runs(WallTime wall, WriteOutcome& outcome, const AddChanges& add);
  void begin_run(WallTime wall);
  [[nodiscard]] Status end_run(WriteOutcome& outcome);
  [[nodiscard]] Status write_each(const std::vector<LocalChange>& changes, WallTime wall,
                                  merge::LocalWriter& writer, WriteOutcome& outcome);
  [[nodiscard]] Result<Written> write_one(const LocalChange& change, WallTime wall,
                                          merge::LocalWriter& writer);
  [[nodiscard]] Result<Written> write_once(const LocalChange& change, WallTime wall,
                                           merge::LocalWriter& writer);
  [[nodiscard]] Status forget_mutations(MutationRows& rows, std::uint64_t added);
  [[nodiscard]] Status carry_each(const std::vector<merge::NamedRecord>& records,
                                  const merge::HashOf& hash_of, merge::LocalWriter& writer,
                                  WriteOutcome& outcome);
  void note_own_elsewhere(const oplog::Change& change, ApplyOutcome& outcome) const;
  void take_touched(Touched& touched);

  Ports ports_;
  SpaceId space_;
  bool is_new_;
  mutable Database database_;
  std::optional<WalUpkeep> wal_;  ///< not of a file that is read only
  std::unique_ptr<Cipher> cipher_;
  SpaceTables tables_;
  std::unique_ptr<oplog::Author> author_;
  StoreId store_;
  std::optional<std::uint32_t> own_log_;  ///< as the file says
  std::set<DeviceId> earlier_selves_;     ///< devices whose logs were written in this file
  VectorClock durable_;
  bool is_ahead_ = false;     ///< something was committed without a sync
  bool stamps_seen_ = false;  ///< the author knows the timestamps of what was there at load()
  std::uint64_t mutations_kept_;
  std::optional<std::uint64_t> mutations_;  ///< how many are known, once they were counted
  FoldPlace folded_;
  LogCare care_;
  bool are_chunks_counted_ = false;
  std::optional<Error> chunk_doubt_;  ///< why they cannot be counted
  std::optional<SpaceSums> sums_;     ///< as nothing was written since
  std::optional<Error> broken_;
  std::vector<std::string> notes_;
};

}  // namespace lanyard::storage
