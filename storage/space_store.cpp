#include "storage/space_store.hpp"

#include "replication/types/limits.hpp"
#include "storage/rescue.hpp"
#include "storage/state_hash.hpp"
#include "storage/views.hpp"

namespace lanyard::storage {

Result<std::unique_ptr<SpaceStore>> SpaceStore::open(const std::filesystem::path& file,
                                                     const SpaceId& space, const Ports& ports,
                                                     const Options& options) {
  if (!options.read_only) LANYARD_TRY(finish_rescue(file));
  const OpenFile what{file, space, options.read_only, options.cache_kib, options.vfs};
  LANYARD_TRY_SET(SpaceFile opened, open_space_file(what, ports.rng));
  auto store = std::make_unique<SqliteSpaceStore>(std::move(opened), file, space, ports, options);
  LANYARD_TRY(store->load());
  if (!options.read_only) LANYARD_TRY(store->load_log_damage(options.damaged_rows));
  if (!options.read_only) LANYARD_TRY(store->leave_log_of_other_identity());
  if (!options.read_only) LANYARD_TRY(store->begin_counted());
  return store;
}

SqliteSpaceStore::SqliteSpaceStore(SpaceFile file, const std::filesystem::path& path,
                                   const SpaceId& space, const Ports& ports, const Options& options)
    : ports_(ports),
      space_(space),
      is_new_(file.is_new),
      database_(std::move(file.database)),
      cipher_(ports.ciphers.make()),
      tables_(database_, space, ports.signer.device(), ports.hasher, *cipher_, options.merging),
      mutations_kept_(options.mutations_kept),
      care_(tables_, {*cipher_, ports.hasher}, ports.verifier) {
  if (!options.read_only)
    wal_.emplace(database_, WalCopy(path, options.vfs), options.wal_long_bytes);
  if (options.read_only)
    broken_ = Error(Code::kReadOnly, "the space was opened for reading only",
                    "Open it again when its disk can be written.");
}

Status SqliteSpaceStore::load() {
  LANYARD_TRY_SET(store_, read_store_id(database_));
  mutations_.reset();
  LANYARD_TRY(tables_.load());
  doubt_chunks(chunk_doubt_);
  LANYARD_TRY(load_author());
  // What the file holds now was synced when it was opened, or before what failed since.
  if (!is_ahead_) durable_ = tables_.space_log().clock();
  return {};
}

/// What the author goes on from, as the tables say it.
Status SqliteSpaceStore::load_author() {
  LANYARD_TRY_SET(const auto incarnations, read_incarnations(database_));
  oplog::AuthorState state;
  state.incarnation = incarnations.back().incarnation;
  own_log_ = incarnations.back().log;
  earlier_selves_.clear();
  const auto& logs = tables_.logs();
  const merge::LogTable& ids = tables_.merger().logs();
  for (const IncarnationRow& row : incarnations) {
    if (row.log && *row.log >= logs.size()) return fail(Code::kCorrupt, "an incarnation's log");
    const bool is_ours = row.log && logs[*row.log].device == ports_.signer.device();
    if (row.log && !is_ours) earlier_selves_.insert(logs[*row.log].device);
    if (is_ours && &row != &incarnations.back())
      state.previous = oplog::ContextEntry{ids.id_of(*row.log), logs[*row.log].head};
  }
  if (own_log_) {
    state.log = ids.id_of(*own_log_);
    state.head = logs[*own_log_].head;
    state.last = logs[*own_log_].timestamp;
    // An older head's hash is not at hand, and not needed: its log has moved since and will be
    // cited anew.
    const merge::Context& context = tables_.merger().log(*own_log_).context;
    for (const auto& [log, seq] : context.entries()) {
      const Head& head = logs[log].head;
      state.cited[ids.id_of(log)] = head.seq.value == seq ? head : Head{{seq}, {}};
    }
  }
  if (!tables_.epochs().empty()) state.epoch = tables_.epochs().back();
  author_ = std::make_unique<oplog::Author>(space_, ports_.signer, ports_.hasher, *cipher_,
                                            std::move(state));
  stamps_seen_ = false;
  return {};
}

/// Whoever has a new identity in an old data folder: nobody takes changes of the old one's log that
/// the new one has signed.
Status SqliteSpaceStore::leave_log_of_other_identity() {
  if (!own_log_ || tables_.logs()[*own_log_].device == ports_.signer.device()) return {};
  return start_incarnation();
}

/// Our own stamps come after all that is here. At load() there was no wall clock to tell the sane
/// ones from the others.
void SqliteSpaceStore::see_all_stamps(WallTime wall) {
  if (std::exchange(stamps_seen_, true)) return;
  for (const SpaceTables::Log& log : tables_.logs()) author_->saw(log.timestamp, wall);
}

SpaceState SqliteSpaceStore::state() const {
  SpaceState state{tables_.space_log(), durable_, tables_.grants(), store_, {}, {}, is_new_,
                   earlier_selves_};
  state.own_log = author_->state().log;
  if (state.own_log) state.own_head = author_->state().head;
  return state;
}

OwnLog SqliteSpaceStore::own_log() const {
  const oplog::AuthorState& author = author_->state();
  const Hlc after = std::max(author.last, author.largest_sane_seen);
  if (author.log) return {*author.log, author.head, after};
  return {oplog::log_id_of(ports_.signer.device(), author.incarnation, space_, ports_.hasher),
          {},
          after};
}

Result<bool> SqliteSpaceStore::holds_own(const Head& head) {
  if (head.seq.value == 0) return true;
  if (!own_log_ || head.seq > author_->state().head.seq) return false;
  LANYARD_TRY_SET(const Hash held, tables_.log_rows().hash_of({*own_log_, head.seq.value}));
  return held == head.hash;
}

// ---- transactions

Status SqliteSpaceStore::in_transaction(Sync sync, const Work& work) {
  if (broken_) return fail(*broken_);
  LANYARD_TRY(database_.begin(sync));
  sums_.reset();
  const std::int64_t changes_before = database_.total_changes();
  Status done = work();
  if (done) done = database_.commit();
  if (!done) {
    give_up(done.error());
    return done;
  }
  if (wal_) wal_->committed();
  // An empty transaction syncs nothing.
  if (database_.total_changes() == changes_before) return {};
  is_ahead_ = sync != Sync::kFull;
  if (!is_ahead_) durable_ = tables_.space_log().clock();
  return {};
}

void SqliteSpaceStore::give_up(const Error& error) {
  database_.rollback();
  const Status loaded = load();
  if (error.is(Code::kInputOutput) || !loaded)
    broken_ = Error(Code::kInputOutput,
                    "the disk failed (" + error.detail +
                        "); nothing more is written until the space is opened again",
                    "Check the disk. What was acknowledged is kept.");
}

Status SqliteSpaceStore::keep_grant(const EpochId& epoch, ByteView sealed) {
  return in_transaction(Sync::kNormal, [&] { return tables_.keep_grant(epoch, sealed); });
}

Status SqliteSpaceStore::start_incarnation() {
  LANYARD_TRY(in_transaction(Sync::kFull, [&]() -> Status {
    return own_log_ ? add_incarnation(database_, ports_.rng)
                    : renew_incarnation(database_, ports_.rng);
  }));
  return load_author();
}

Status SqliteSpaceStore::make_durable() {
  if (!is_ahead_) return broken_ ? Status(fail(*broken_)) : Status();
  return in_transaction(Sync::kFull, [&] {
    return Query(database_, "UPDATE lanyard_durable SET turn = turn + 1").run();
  });
}

Status SqliteSpaceStore::checkpoint() {
  if (broken_) return fail(*broken_);
  if (wal_) wal_->finish();
  return database_.checkpoint();
}

// ---- merging what others wrote

Result<ApplyOutcome> SqliteSpaceStore::apply(const std::vector<const oplog::Accepted*>& packs,
                                             WallTime wall, const std::function<bool()>& stop) {
  ApplyOutcome outcome;
  bool is_own = false;
  const std::size_t admissions_before = tables_.space_log().admissions.size();
  bool is_decided = false;
  LANYARD_TRY(count_chunks_once());
  see_all_stamps(wall);
  merge::Merger* merger = &tables_.merger();
  LANYARD_TRY(in_transaction(Sync::kNormal, [&]() -> Status {
    for (const oplog::Accepted* accepted : packs) {
      if (outcome.packs > 0 && stop && stop()) break;
      const std::span<const oplog::Change> changes(accepted->pack.changes);
      for (std::size_t i = 0; i < changes.size(); ++i) {
        const oplog::Change& change = changes[i];
        LANYARD_TRY(tables_.take(change));
        author_->saw(change.header.timestamp, wall);
        is_own = is_own || change.header.log == author_->state().log;
        note_own_elsewhere(change, outcome);
        LANYARD_TRY(tables_.flush_large(changes.first(i + 1)));
      }
      if (!accepted->pack.changes.empty())
        LANYARD_TRY(tables_.append(accepted->bytes, accepted->pack.changes));
      // In the same transaction: what shows that our log went on elsewhere, and that we leave it.
      if (is_own && !std::exchange(is_decided, true))
        LANYARD_TRY(add_incarnation(database_, ports_.rng));
      ++outcome.packs;
      if (merger->waiting_ops() >= limits::kMergeBatchOps ||
          merger->waiting_bytes() >= limits::kMergeBatchBytes)
        LANYARD_TRY(tables_.flush());
    }
    return tables_.flush();
  }));
  const merge::Merger::Counts& counts = merger->counts();
  outcome.changes = counts.changes;
  outcome.ops = counts.ops;
  outcome.without_effect = counts.without_effect;
  outcome.void_deletes = counts.void_deletes;
  outcome.has_admitted = tables_.space_log().admissions.size() != admissions_before;
  take_touched(outcome.touched);
  // Changes of ours that a peer had kept for us: a new log comes after them.
  if (is_own) LANYARD_TRY(load_author());
  if (!tables_.epochs().empty()) author_->use(tables_.epochs().back());
  refresh_views();
  return outcome;
}

/// A change of this device that came from outside: lost here once, or of another copy that runs.
void SqliteSpaceStore::note_own_elsewhere(const oplog::Change& change,
                                          ApplyOutcome& outcome) const {
  const auto log = tables_.merger().logs().find(change.header.log);
  if (!log || tables_.logs()[*log].device != ports_.signer.device()) return;
  const auto ms = static_cast<std::int64_t>(change.header.timestamp.ms());
  outcome.own_elsewhere_ms = std::max(outcome.own_elsewhere_ms, ms);
}

void SqliteSpaceStore::take_touched(Touched& touched) {
  merge::Merger& merger = tables_.merger();
  touched = {merger.touched(), merger.touched_all(), tables_.space_log().clock(), merger.voided()};
  merger.forget_counts();
}

// ---- the rest

Result<Touched> SqliteSpaceStore::touched_since(const VectorClock& held,
                                                std::uint64_t changes_max) {
  const VectorClock applied = tables_.space_log().clock();
  if (missing_count(applied, held) > changes_max) return Touched{{}, false, applied};
  return storage::touched_since(tables_.log_rows(), tables_.merger().logs(), held, applied,
                                {*cipher_, ports_.hasher});
}

Result<Missed> SqliteSpaceStore::missed_since(const MissedRequest& request) {
  return storage::missed_since(tables_.log_rows(), tables_.merger().logs(), request,
                               tables_.space_log().clock(), {*cipher_, ports_.hasher});
}

Result<LogSlice> SqliteSpaceStore::read_log(std::uint64_t position, const VectorClock& held,
                                            std::size_t bytes_max, bool sealed) {
  while (true) {
    LANYARD_TRY_SET(const auto left_out, care_.left_out(held));
    DamagedAt damaged;
    auto slice = read_slice(tables_.log_rows(), tables_.merger().logs(),
                            {position, held, bytes_max, sealed, left_out},
                            {*cipher_, ports_.hasher}, damaged);
    if (!damaged) return slice;
    LANYARD_TRY(care_.found(*damaged));
  }
}

Result<bool> SqliteSpaceStore::tidy() {
  if (broken_) return fail(*broken_);
  LANYARD_TRY(tend_wal());
  if (care_.is_checking()) {
    LANYARD_TRY_SET(const bool is_more, care_.check_some());
    if (is_more) return true;
  }
  if (tables_.log_rows().end() < folded_.look_again) return false;
  bool more = false;
  const VectorClock durable = durable_;
  const bool was_ahead = is_ahead_;
  DamagedAt damaged;
  const Status folded = in_transaction(Sync::kNormal, [&]() -> Status {
    LANYARD_TRY_SET(
        more, fold_rows(
                  tables_.log_rows(), tables_.merger().logs(), folded_, {*cipher_, ports_.hasher},
                  [&](std::uint64_t row) { return care_.keeps(row); }, damaged));
    return {};
  });
  // SQLite commits nothing once it came upon a damaged page; nothing was written by then.
  if (!folded && !(damaged && folded.error().is(Code::kCorrupt))) return fail(folded.error());
  if (damaged) LANYARD_TRY(care_.found(*damaged));
  // The same changes in other rows: nothing that a power cut could take was added.
  is_ahead_ = was_ahead;
  durable_ = durable;
  return more;
}

Result<SignedGrant> SqliteSpaceStore::grant_for(const DeviceId& device) const {
  Query query(database_,
              std::string("SELECT proof.log, proof.header, proof.payload, proof.signature FROM ") +
                  kAdmissionsWithProofs + " WHERE a.device = ? ORDER BY a.position DESC LIMIT 1");
  LANYARD_TRY_SET(const bool found, query.bind(device.view()).next());
  if (!found) return grant_in_fork(device);
  const auto number = static_cast<std::size_t>(query.integer(0));
  if (number >= tables_.logs().size()) return fail(Code::kCorrupt, "an admission by no log");
  const SpaceTables::Log& author = tables_.logs()[number];
  return SignedGrant{author.device, author.incarnation, to_bytes(query.blob(1)),
                     to_bytes(query.blob(2)), query.fixed<Signature>(3)};
}

Result<std::vector<WithoutEffect>> SqliteSpaceStore::without_effect() {
  Query query(database_,
              "SELECT l.device, i.effect, count(*) FROM lanyard_ineffective i JOIN lanyard_logs l "
              "ON l.number = i.log GROUP BY l.device, i.effect ORDER BY l.device, i.effect");
  std::vector<WithoutEffect> out;
  while (true) {
    LANYARD_TRY_SET(const bool more, query.next());
    if (!more) return out;
    out.push_back(
        {query.fixed<DeviceId>(0), static_cast<oplog::Effect>(query.integer(1)), query.natural(2)});
  }
}

Result<SpaceSums> SqliteSpaceStore::sums() {
  if (sums_) return *sums_;
  SpaceSums sums;
  LANYARD_TRY_SET(sums.conflicts, count_conflicts(database_));
  LANYARD_TRY_SET(const std::int64_t forks, database_.number("SELECT count(*) FROM lanyard_forks"));
  sums.forks = static_cast<std::uint64_t>(forks);
  sums.applied = tables_.space_log().clock();
  sums.shown = merge::author_clocks(tables_.space_log(), tables_.merger());
  for (const SpaceTables::Log& log : tables_.logs())
    if (log.device == ports_.signer.device())
      sums.own_ms = std::max(sums.own_ms, static_cast<std::int64_t>(log.timestamp.ms()));
  sums_ = std::move(sums);
  return *sums_;
}

Result<Hash> SqliteSpaceStore::state_hash() {
  return storage::state_hash(database_, ports_.hasher);
}

Status SqliteSpaceStore::declare_index(const DeclaredIndex& index, bool is_wanted) {
  return in_transaction(Sync::kFull, [&]() -> Status {
    LANYARD_TRY(note_index(database_, index, is_wanted));
    return write_indexes(database_);
  });
}

void SqliteSpaceStore::refresh_views() {
  if (broken_ || !tables_.records().take_shape_changed()) return;
  if (Status begun = database_.begin(Sync::kNormal); !begun) {
    notes_.push_back(begun.error().detail);
    return;
  }
  Status done = write_views(database_, notes_);
  if (done) done = write_indexes(database_);
  if (done) done = database_.commit();
  if (done) return;
  database_.rollback();
  notes_.push_back(done.error().detail);
}

}  // namespace lanyard::storage
