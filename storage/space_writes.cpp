#include <algorithm>

#include "replication/types/limits.hpp"
#include "storage/conflict_fields.hpp"
#include "storage/resolution_rows.hpp"
#include "storage/space_store.hpp"

/// What this device writes itself.
namespace lanyard::storage {
namespace {

constexpr std::size_t kCompressedFrom = 64 * limits::kKiB;

}  // namespace

void SqliteSpaceStore::begin_run(WallTime wall) {
  const oplog::SpaceLog& log = tables_.space_log();
  const bool opens = !author_->state().log;
  author_->begin(log.clock(), wall,
                 opens ? log.admitting(ports_.signer.device()) : std::vector<LogId>());
}

/// Finishes the author's run, stores it, and hands it over to be sent.
Status SqliteSpaceStore::end_run(WriteOutcome& outcome) {
  if (author_->changes().empty()) return {};
  OwnRun& run = outcome.runs.emplace_back();
  Bytes pack = author_->finish();
  // Large runs are not folded later: they go to the disk, and to peers, as small as they get.
  if (pack.size() >= kCompressedFrom) pack = oplog::compressed(std::move(pack));
  run.signature = author_->signature();
  run.changes.assign(author_->changes().begin(), author_->changes().end());
  LANYARD_TRY(tables_.append(pack, run.changes));
  std::size_t bytes = 0;
  for (const oplog::Change& change : run.changes)
    bytes += change.payload.size() + limits::kPackEntryBytes * change.header.context.size();
  run.is_large = bytes > limits::kLiveRunBytesMax;
  for (oplog::Change& change : run.changes) {
    const bool is_kept = !run.is_large || change.header.kind == oplog::ChangeKind::kOpen;
    change.payload =
        is_kept ? ByteView(run.memory.emplace_back(to_bytes(change.payload))) : ByteView();
  }
  author_->commit();
  return {};
}

/// What is written before we are admitted is refused by all others, for good.
Status SqliteSpaceStore::may_write() const {
  const oplog::SpaceLog& log = tables_.space_log();
  if (!log.founder)
    return fail(Code::kMissingKey, "the space has not come in from another device yet",
                "Wait until one that has it is linked:  lanyard status");
  if (log.is_member(ports_.signer.device())) return {};
  return fail(
      Code::kNotAdmitted,
      earlier_selves_.empty()
          ? "this device was not admitted to the space yet"
          : "this device has a new identity, and only the old one is a member of the space",
      "Pair it with a device that has the space:  lanyard pair . Or share the space with it "
      "there:  lanyard space share");
}

/// Others hold the other branch of it: this one is not made longer, whatever came between.
Status SqliteSpaceStore::leave_forked_log() {
  const auto& log = author_->state().log;
  const bool is_forked = log && tables_.space_log().branches.contains(*log);
  return is_forked ? start_incarnation() : Status();
}

Status SqliteSpaceStore::write_runs(WallTime wall, WriteOutcome& outcome, const AddChanges& add) {
  LANYARD_TRY(count_chunks_once());
  LANYARD_TRY(leave_forked_log());
  see_all_stamps(wall);
  return in_transaction(Sync::kFull, [&]() -> Status {
    begin_run(wall);
    merge::LocalWriter writer(
        tables_.merger(), tables_.records(), *author_, ports_.hasher,
        [&](const merge::LocalDot& dot) {
          const auto hash = tables_.log_rows().hash_of(dot);
          return hash ? *hash : Hash{};
        },
        [&](const oplog::Change& change) -> Result<oplog::Effect> {
          LANYARD_TRY_SET(const oplog::Effect effect, tables_.take(change));
          // Siblings may meet it before its run is stored.
          const auto log = tables_.merger().logs().find(change.header.log);
          tables_.log_rows().note({*log, change.header.seq.value}, change.hash);
          return effect;
        },
        [&]() -> Status {
          LANYARD_TRY(end_run(outcome));
          begin_run(wall);
          return {};
        });
    LANYARD_TRY(add(writer));
    LANYARD_TRY(writer.merge_added());
    LANYARD_TRY(end_run(outcome));
    LANYARD_TRY(tables_.flush());
    const auto& log = author_->state().log;
    if (!log || own_log_) return {};
    LANYARD_TRY(set_own_log(database_, *tables_.merger().logs().find(*log)));
    own_log_ = tables_.merger().logs().find(*log);
    return {};
  });
}

Result<Written> SqliteSpaceStore::write_one(const LocalChange& change, WallTime wall,
                                            merge::LocalWriter& writer) {
  LANYARD_TRY_SET(Written written, writer.write(change));
  if (!change.settled.empty() || change.undoes)
    LANYARD_TRY(ResolutionRows(database_).note(change, written, wall));
  if (change.wants_shown) {
    const LocalOp& last = change.ops.back();
    LANYARD_TRY_SET(auto shown, tables_.records().shown(last.collection, last.key));
    written.shown = std::move(shown.json);
    if (shown.has_conflicts) {
      LANYARD_TRY_SET(const auto collection, tables_.records().find_collection(last.collection));
      LANYARD_TRY_SET(written.conflicts, conflict_fields(database_, *collection, last.key));
    }
  }
  return written;
}

Result<Written> SqliteSpaceStore::write_once(const LocalChange& change, WallTime wall,
                                             merge::LocalWriter& writer) {
  if (!change.mutation) return write_one(change, wall, writer);
  MutationRows rows(database_);
  LANYARD_TRY_SET(const auto before, rows.find(*change.mutation));
  if (before) return *before;
  LANYARD_TRY_SET(Written written, write_one(change, wall, writer));
  LANYARD_TRY(rows.add({*change.mutation, written.dot, change.ops.size(), wall.ms}));
  LANYARD_TRY(forget_mutations(rows, 1));
  return written;
}

/// After so many were added: the oldest beyond what is kept go.
Status SqliteSpaceStore::forget_mutations(MutationRows& rows, std::uint64_t added) {
  if (mutations_) *mutations_ += added;
  if (!mutations_) {
    LANYARD_TRY_SET(mutations_, rows.count());
  }
  if (*mutations_ <= mutations_kept_) return {};
  const auto forgotten =
      std::min<std::uint64_t>(*mutations_ - mutations_kept_, limits::kMutationsForgottenMax);
  LANYARD_TRY(rows.forget(forgotten));
  *mutations_ -= forgotten;
  return {};
}

Status SqliteSpaceStore::write_each(const std::vector<LocalChange>& changes, WallTime wall,
                                    merge::LocalWriter& writer, WriteOutcome& outcome) {
  for (const LocalChange& change : changes) {
    auto written = write_once(change, wall, writer);
    if (!written && merge::LocalWriter::is_fatal(written.error()))
      return fail(std::move(written).error());
    outcome.answers.push_back(std::move(written));
  }
  return {};
}

WriteOutcome SqliteSpaceStore::write(const std::vector<LocalChange>& changes, WallTime wall) {
  WriteOutcome outcome;
  Status done = may_write();
  if (done) {
    done = write_runs(wall, outcome, [&](merge::LocalWriter& writer) {
      return write_each(changes, wall, writer, outcome);
    });
  }
  if (!done) {
    outcome = {};
    outcome.answers.assign(changes.size(), fail(done.error()));
    return outcome;
  }
  take_touched(outcome.touched);
  refresh_views();
  return outcome;
}

Result<WriteOutcome> SqliteSpaceStore::write_all(const ChangeSource& next, WallTime wall) {
  LANYARD_TRY(may_write());
  WriteOutcome outcome;
  LANYARD_TRY(write_runs(wall, outcome, [&](merge::LocalWriter& writer) -> Status {
    while (true) {
      LANYARD_TRY_SET(const std::optional<LocalChange> change, next());
      if (!change) return {};
      LANYARD_TRY_SET(Written written, write_one(*change, wall, writer));
      outcome.answers.emplace_back(std::move(written));
    }
  }));
  take_touched(outcome.touched);
  refresh_views();
  return outcome;
}

Result<WriteOutcome> SqliteSpaceStore::found(const oplog::Founding& founding, WallTime wall) {
  if (tables_.space_log().founder || !tables_.logs().empty())
    return fail(Code::kExists, "the space was founded already");
  WriteOutcome outcome;
  const EpochId epoch = cipher_->make_epoch();
  const DeviceId self = ports_.signer.device();
  LANYARD_TRY_SET(const Bytes sealed, cipher_->grant(epoch, self));
  LANYARD_TRY(write_runs(wall, outcome, [&](merge::LocalWriter& writer) -> Status {
    LANYARD_TRY(author_->next_dot(founding));
    oplog::Admit admit;
    admit.device = self;
    admit.grants = {{epoch, sealed}};
    LANYARD_TRY(writer.write_open({admit}));
    author_->use(epoch);
    return {};
  }));
  take_touched(outcome.touched);
  return outcome;
}

Result<WriteOutcome> SqliteSpaceStore::admit(const DeviceId& device, WallTime wall) {
  LANYARD_TRY(may_write());
  std::vector<std::pair<EpochId, Bytes>> grants;
  for (const EpochId& epoch : tables_.epochs()) {
    LANYARD_TRY_SET(Bytes sealed, cipher_->grant(epoch, device));
    grants.emplace_back(epoch, std::move(sealed));
  }
  std::sort(grants.begin(), grants.end());
  oplog::Admit admit;
  admit.device = device;
  for (const auto& [epoch, sealed] : grants) admit.grants.push_back({epoch, sealed});
  WriteOutcome outcome;
  LANYARD_TRY(write_runs(wall, outcome, [&](merge::LocalWriter& writer) -> Status {
    LANYARD_TRY(writer.write_open({admit}));
    return {};
  }));
  take_touched(outcome.touched);
  return outcome;
}

}  // namespace lanyard::storage
