#include "storage/watched_store.hpp"

namespace lanyard::storage {

WatchedStore::WatchedStore(std::unique_ptr<SpaceStore> store, BeforeWrite before_write)
    : store_(std::move(store)), before_write_(std::move(before_write)) {}

Status WatchedStore::may_read() const {
  if (failure_) return fail(*failure_);
  return {};
}

Status WatchedStore::may_write() {
  LANYARD_TRY(may_read());
  LANYARD_TRY(before_write_());
  wants_tidy_ = true;
  return {};
}

Status WatchedStore::may_write_own(WallTime wall) {
  LANYARD_TRY(may_write());
  return continuity_ ? continuity_->before_own_write(wall) : Status();
}

void WatchedStore::committed() {
  if (continuity_) continuity_->after_commit();
  look();
}

void WatchedStore::look() {
  const WalState before = std::exchange(wal_, store_->wal());
  const std::vector<std::uint64_t> damaged = std::exchange(damage_, store_->log_damage()).rows;
  if (before.is_held == wal_.is_held && before.is_full == wal_.is_full && damaged == damage_.rows)
    return;
  if (on_condition_) on_condition_();
}

Status WatchedStore::tend_wal() {
  LANYARD_TRY(may_read());
  Status done = watched(store_->tend_wal());
  look();
  return done;
}

void WatchedStore::note(const Error& error) const {
  if (error.is(Code::kInputOutput) && !failure_) failure_ = error;
  if (error.is(Code::kCorrupt) && on_damage_) on_damage_(error);
}

template <class T>
Result<T> WatchedStore::watched(Result<T> result) const {
  if (!result) note(result.error());
  return result;
}

SpaceState WatchedStore::state() const {
  SpaceState state = store_->state();
  if (continuity_ && !continuity_->is_proven()) state.own_log.reset();
  return state;
}

Result<WriteOutcome> WatchedStore::found(const oplog::Founding& founding, WallTime wall) {
  LANYARD_TRY(may_write_own(wall));
  auto outcome = watched(store_->found(founding, wall));
  committed();
  return outcome;
}

Result<WriteOutcome> WatchedStore::admit(const DeviceId& device, WallTime wall) {
  LANYARD_TRY(may_write_own(wall));
  auto outcome = watched(store_->admit(device, wall));
  committed();
  return outcome;
}

Result<SignedGrant> WatchedStore::grant_for(const DeviceId& device) const {
  LANYARD_TRY(may_read());
  return watched(store_->grant_for(device));
}

WriteOutcome WatchedStore::write(const std::vector<LocalChange>& changes, WallTime wall) {
  const Status allowed = may_write_own(wall);
  if (!allowed) {
    WriteOutcome refused;
    for (std::size_t each = 0; each < changes.size(); ++each)
      refused.answers.emplace_back(fail(allowed.error()));
    return refused;
  }
  WriteOutcome outcome = store_->write(changes, wall);
  for (const Result<Written>& answer : outcome.answers)
    if (!answer) note(answer.error());
  committed();
  return outcome;
}

Result<WriteOutcome> WatchedStore::write_all(const ChangeSource& next, WallTime wall) {
  LANYARD_TRY(may_write_own(wall));
  auto outcome = watched(store_->write_all(next, wall));
  committed();
  return outcome;
}

Result<WriteOutcome> WatchedStore::carry(const std::vector<merge::NamedRecord>& records,
                                         const merge::HashOf& hash_of, const CarryPlace& place,
                                         WallTime wall) {
  LANYARD_TRY(may_write_own(wall));
  auto outcome = watched(store_->carry(records, hash_of, place, wall));
  committed();
  return outcome;
}

Result<CarryPlace> WatchedStore::carried(const SpaceId& from) {
  LANYARD_TRY(may_read());
  return watched(store_->carried(from));
}

Status WatchedStore::know_mutations(const std::vector<KnownMutation>& mutations) {
  LANYARD_TRY(may_write());
  return watched(store_->know_mutations(mutations));
}

Status WatchedStore::keep_grant(const EpochId& epoch, ByteView sealed) {
  LANYARD_TRY(may_write());
  return watched(store_->keep_grant(epoch, sealed));
}

Status WatchedStore::start_incarnation() {
  LANYARD_TRY(may_write());
  if (continuity_) return continuity_->leave_log();
  return watched(store_->start_incarnation());
}

void WatchedStore::doubt_own_log(bool is_in_doubt) {
  if (continuity_) continuity_->doubt(is_in_doubt);
}

Result<ApplyOutcome> WatchedStore::apply(const std::vector<const oplog::Accepted*>& packs,
                                         WallTime wall, const std::function<bool()>& stop) {
  if (before_apply_) LANYARD_TRY(before_apply_());
  LANYARD_TRY(may_write());
  auto outcome = watched(store_->apply(packs, wall, stop));
  committed();  // our own log may have ended by it
  if (outcome && after_apply_) after_apply_(*outcome, wall);
  return outcome;
}

Result<bool> WatchedStore::holds_own(const Head& head) {
  LANYARD_TRY(may_read());
  return watched(store_->holds_own(head));
}

Status WatchedStore::make_durable() {
  LANYARD_TRY(may_read());
  return watched(store_->make_durable());
}

Result<LogSlice> WatchedStore::read_log(std::uint64_t position, const VectorClock& held,
                                        std::size_t bytes_max, bool sealed) {
  LANYARD_TRY(may_read());
  auto slice = watched(store_->read_log(position, held, bytes_max, sealed));
  look();
  return slice;
}

void WatchedStore::check_log() {
  store_->check_log();
  wants_tidy_ = true;
}

Status WatchedStore::mend_log(ByteView pack) {
  LANYARD_TRY(may_write());
  Status mended = watched(store_->mend_log(pack));
  look();
  return mended;
}

Status WatchedStore::declare_index(const DeclaredIndex& index, bool is_wanted) {
  return watched(store_->declare_index(index, is_wanted));
}

Result<Touched> WatchedStore::touched_since(const VectorClock& held, std::uint64_t changes_max) {
  LANYARD_TRY(may_read());
  return watched(store_->touched_since(held, changes_max));
}

Result<Missed> WatchedStore::missed_since(const MissedRequest& request) {
  LANYARD_TRY(may_read());
  return watched(store_->missed_since(request));
}

Result<std::vector<Head>> WatchedStore::fork_points(const LogId& log) {
  LANYARD_TRY(may_read());
  return watched(store_->fork_points(log));
}

Result<oplog::Fork> WatchedStore::find_branch(const LogId& log, const std::vector<Head>& points) {
  LANYARD_TRY(may_read());
  return watched(store_->find_branch(log, points));
}

Result<KeptFork> WatchedStore::keep_fork(const oplog::Fork& fork) {
  LANYARD_TRY(may_write());
  return watched(store_->keep_fork(fork));
}

Result<std::vector<KeptFork>> WatchedStore::forks() {
  LANYARD_TRY(may_read());
  return watched(store_->forks());
}

Result<bool> WatchedStore::tidy() {
  // After an error too: it is tried again after the next write, not for ever.
  wants_tidy_ = false;
  LANYARD_TRY(may_read());
  LANYARD_TRY(before_write_());
  auto more = watched(store_->tidy());
  wants_tidy_ = more && *more;
  look();
  return more;
}

Status WatchedStore::checkpoint() {
  LANYARD_TRY(may_read());
  return watched(store_->checkpoint());
}

Result<Hash> WatchedStore::state_hash() {
  LANYARD_TRY(may_read());
  return watched(store_->state_hash());
}

Result<SpaceSums> WatchedStore::sums() {
  LANYARD_TRY(may_read());
  return watched(store_->sums());
}

Result<std::vector<WithoutEffect>> WatchedStore::without_effect() {
  LANYARD_TRY(may_read());
  return watched(store_->without_effect());
}

}  // namespace lanyard::storage
