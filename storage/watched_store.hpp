#pragma once

#include "storage/log_continuity.hpp"

namespace lanyard::storage {

/// A space's store as the vault hands it out: it says before anything is written, and after the
/// disk failed it does nothing more, so that nothing is acknowledged that may not be there.
class WatchedStore final : public SpaceStore {
 public:
  /// Asked before each write; if it fails, nothing is written and its error is the answer.
  using BeforeWrite = std::function<Status()>;
  WatchedStore(std::unique_ptr<SpaceStore> store, BeforeWrite before_write);
  /// From now on our own changes wait for its word, and it hears of them. Nothing: for a store that
  /// is only read.
  void keep_continuity(std::unique_ptr<LogContinuity> continuity) {
    continuity_ = std::move(continuity);
  }
  /// Asked before each batch that is merged, besides.
  void before_apply(BeforeWrite before_apply) { before_apply_ = std::move(before_apply); }
  /// Told of each batch that was merged.
  using AfterApply = std::function<void(const ApplyOutcome&, WallTime)>;
  void on_apply(AfterApply after_apply) { after_apply_ = std::move(after_apply); }
  /// Told of what was found damaged in the file.
  using OnDamage = std::function<void(const Error&)>;
  void on_damage(OnDamage on_damage) { on_damage_ = std::move(on_damage); }
  /// Told when wal() or log_damage() says another thing than before, the length of the WAL apart.
  void on_condition(std::function<void()> changed) { on_condition_ = std::move(changed); }
  [[nodiscard]] LogContinuity* continuity() { return continuity_.get(); }
  [[nodiscard]] SpaceStore& watched() { return *store_; }

  /// The first failure of the disk: nothing is done any more.
  [[nodiscard]] const std::optional<Error>& failure() const { return failure_; }
  /// Something was written since tidy() last said that nothing is left to do.
  [[nodiscard]] bool wants_tidy() const { return wants_tidy_ && !failure_; }

  /// No own log if our next change begins another.
  [[nodiscard]] SpaceState state() const override;
  [[nodiscard]] OwnLog own_log() const override { return store_->own_log(); }
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
  void doubt_own_log(bool is_in_doubt) override;
  [[nodiscard]] Result<ApplyOutcome> apply(const std::vector<const oplog::Accepted*>& packs,
                                           WallTime wall,
                                           const std::function<bool()>& stop) override;
  [[nodiscard]] Status make_durable() override;
  [[nodiscard]] Result<LogSlice> read_log(std::uint64_t position, const VectorClock& held,
                                          std::size_t bytes_max, bool sealed) override;
  void check_log() override;
  [[nodiscard]] LogDamage log_damage() const override { return store_->log_damage(); }
  [[nodiscard]] Status mend_log(ByteView pack) override;
  [[nodiscard]] Status declare_index(const DeclaredIndex& index, bool is_wanted) override;
  [[nodiscard]] Result<Touched> touched_since(const VectorClock& held,
                                              std::uint64_t changes_max) override;
  [[nodiscard]] Result<Missed> missed_since(const MissedRequest& request) override;
  [[nodiscard]] Result<std::vector<Head>> fork_points(const LogId& log) override;
  [[nodiscard]] Result<oplog::Fork> find_branch(const LogId& log,
                                                const std::vector<Head>& points) override;
  [[nodiscard]] Result<KeptFork> keep_fork(const oplog::Fork& fork) override;
  [[nodiscard]] Result<std::vector<KeptFork>> forks() override;
  [[nodiscard]] Result<bool> tidy() override;
  [[nodiscard]] Status checkpoint() override;
  [[nodiscard]] WalState wal() const override { return store_->wal(); }
  [[nodiscard]] Status tend_wal() override;
  [[nodiscard]] bool may_close() override { return failure_ || store_->may_close(); }
  [[nodiscard]] Result<Hash> state_hash() override;
  [[nodiscard]] Result<std::vector<WithoutEffect>> without_effect() override;
  [[nodiscard]] Result<SpaceSums> sums() override;
  [[nodiscard]] std::optional<Error> damage() const override { return store_->damage(); }
  [[nodiscard]] std::vector<std::string> take_notes() override { return store_->take_notes(); }

 private:
  [[nodiscard]] Status may_read() const;
  [[nodiscard]] Status may_write();
  [[nodiscard]] Status may_write_own(WallTime wall);
  void committed();
  void note(const Error& error) const;
  void look();
  /// Looks at what a call came to, and hands it on.
  template <class T>
  Result<T> watched(Result<T> result) const;

  std::unique_ptr<SpaceStore> store_;
  BeforeWrite before_write_;
  BeforeWrite before_apply_;
  AfterApply after_apply_;
  OnDamage on_damage_;
  std::function<void()> on_condition_;
  WalState wal_;                               ///< as it was told last
  LogDamage damage_;                           ///< the same
  std::unique_ptr<LogContinuity> continuity_;  // uses the store
  bool wants_tidy_ = false;
  mutable std::optional<Error> failure_;  // a read can find it as well
};

}  // namespace lanyard::storage
