#include "storage/space_tables.hpp"

#include <algorithm>

#include "storage/log_contexts.hpp"

namespace lanyard::storage {
namespace {

std::vector<Hash> hashes_in(ByteView blob) {
  std::vector<Hash> out;
  for (; blob.size() >= Hash::kSize; blob = blob.subspan(Hash::kSize))
    out.push_back(*Hash::from(blob.first(Hash::kSize)));
  return out;
}

}  // namespace

SpaceTables::SpaceTables(Database& database, const SpaceId& space, const DeviceId& self,
                         const Hasher& hasher, Cipher& cipher,
                         const merge::Merger::Options& merging)
    : database_(database),
      space_(space),
      self_(self),
      hasher_(hasher),
      cipher_(cipher),
      merging_(merging),
      log_rows_(database),
      records_(database, [this](const merge::LocalDot& dot) { return log_rows_.hash_of(dot); }) {}

// ---- reading what is there

Status SpaceTables::load() {
  records_ =
      RecordRows(database_, [this](const merge::LocalDot& dot) { return log_rows_.hash_of(dot); });
  space_log_ = {};
  space_log_.space = space_;
  logs_.clear();
  moved_.clear();
  LANYARD_TRY(log_rows_.load());
  LANYARD_TRY(records_.load());
  LANYARD_TRY(load_logs());
  LANYARD_TRY(load_admissions());
  LANYARD_TRY(load_branches());
  return load_grants();
}

Status SpaceTables::load_branches() {
  const auto branch_in = [](Seq first, ByteView hashes, ByteView pack) -> Result<oplog::Branch> {
    LANYARD_TRY_SET(const oplog::Pack changes, oplog::read_proven_pack(pack));
    return oplog::Branch{first, hashes_in(hashes), oplog::admitted_in(changes)};
  };
  Query query(
      database_,
      "SELECT log, seq, first_hashes, first, second_hashes, second, device FROM lanyard_forks");
  while (true) {
    LANYARD_TRY_SET(const bool more, query.next());
    if (!more) return {};
    oplog::ProvenFork fork{
        query.fixed<DeviceId>(6), query.fixed<LogId>(0), {query.natural(1)}, {}, {}};
    LANYARD_TRY_SET(fork.first, branch_in(fork.seq, query.blob(2), query.blob(3)));
    LANYARD_TRY_SET(fork.second, branch_in(fork.seq, query.blob(4), query.blob(5)));
    if (fork.first.hashes.empty() || fork.second.hashes.empty())
      return fail(Code::kCorrupt, "a fork without two branches");
    LANYARD_TRY_SET(auto other, other_of(fork));
    other ? keep_branch(fork.log, std::move(*other)) : tell_fork(fork);
  }
}

Result<std::optional<oplog::Branch>> SpaceTables::other_of(const oplog::ProvenFork& fork) {
  const auto number = merger_->logs().find(fork.log);
  if (!number) return std::nullopt;
  return oplog::other_branch(fork, logs_[*number].head, [&](Seq seq) {
    return log_rows_.hash_of({*number, seq.value});
  });
}

Status SpaceTables::load_logs() {
  Query query(database_,
              "SELECT number, log, device, incarnation, founding, seq, hash, timestamp "
              "FROM lanyard_logs ORDER BY number");
  std::vector<merge::MergedLog> merged;
  while (true) {
    LANYARD_TRY_SET(const bool more, query.next());
    if (!more) break;
    if (query.natural(0) != merged.size())
      return fail(Code::kCorrupt, "numbers of logs do not follow each other");
    Log log;
    log.device = query.fixed<DeviceId>(2);
    log.incarnation = query.fixed<Incarnation>(3);
    if (!query.is_null(4)) log.founding = query.fixed<oplog::Founding>(4);
    log.head = {{query.natural(5)}, query.fixed<Hash>(6)};
    log.timestamp = {query.natural(7)};
    merge::MergedLog& next = merged.emplace_back();
    next.log = query.fixed<LogId>(1);
    next.seq = log.head.seq.value;
    if (log.founding) space_log_.founder = log.device;
    space_log_.logs.emplace(next.log, oplog::HeldLog{log.device, log.head});
    logs_.push_back(log);
  }
  LANYARD_TRY(read_contexts(database_, merged));
  merger_ = std::make_unique<merge::Merger>(records_, hasher_, merged, merging_);
  return {};
}

Status SpaceTables::load_admissions() {
  Query query(database_, "SELECT device, log, seq FROM lanyard_admissions ORDER BY position");
  while (true) {
    LANYARD_TRY_SET(const bool more, query.next());
    if (!more) return {};
    const std::uint64_t log = query.natural(1);
    if (log >= logs_.size()) return fail(Code::kCorrupt, "an admission by no log");
    const LogId& id = merger_->logs().id_of(static_cast<merge::LogNumber>(log));
    space_log_.admissions.add({query.fixed<DeviceId>(0), {id, {query.natural(2)}}});
  }
}

Status SpaceTables::load_grants() {
  grants_.clear();
  epochs_.clear();
  Query ahead(database_, "SELECT epoch, sealed FROM lanyard_grants");
  while (true) {
    LANYARD_TRY_SET(const bool more, ahead.next());
    if (!more) break;
    hold(ahead.fixed<EpochId>(0), ahead.blob(1));
  }
  Query query(database_, std::string("SELECT proof.payload FROM ") + kAdmissionsWithProofs +
                             " WHERE a.device = ? ORDER BY a.position");
  query.bind(self_.view());
  while (true) {
    LANYARD_TRY_SET(const bool more, query.next());
    if (!more) return {};
    const auto ops = oplog::read_open(query.blob(0));
    if (!ops) return fail(Code::kCorrupt, "the payload of an admission");
    for (const oplog::OpenOp& op : *ops) {
      const auto* admit = std::get_if<oplog::Admit>(&op);
      if (admit == nullptr || admit->device != self_) continue;
      for (const oplog::Grant& grant : admit->grants) hold(grant.epoch, grant.sealed);
    }
  }
}

void SpaceTables::hold(const EpochId& epoch, ByteView sealed) {
  grants_.emplace_back(epoch, to_bytes(sealed));
  // A grant that does not open is its author's mistake; it stands in the log all the same.
  if (!cipher_.holds(epoch)) static_cast<void>(cipher_.take_grant(epoch, sealed));
  if (!cipher_.holds(epoch)) return;
  std::erase(epochs_, epoch);
  epochs_.push_back(epoch);
}

Status SpaceTables::keep_grant(const EpochId& epoch, ByteView sealed) {
  Query query(database_, "INSERT OR IGNORE INTO lanyard_grants (epoch, sealed) VALUES (?, ?)");
  LANYARD_TRY(query.bind(epoch.view()).bind(sealed).run());
  hold(epoch, sealed);
  return {};
}

// ---- taking changes

Result<oplog::Effect> SpaceTables::take(const oplog::Change& change) {
  const oplog::Header& header = change.header;
  LANYARD_TRY(space_log_.advance(change, hasher_));
  LANYARD_TRY_SET(const oplog::Effect effect, merger_->take(change, cipher_));
  const merge::LogNumber log = *merger_->logs().find(header.log);
  if (log == logs_.size()) logs_.emplace_back();
  logs_[log].head = {header.seq, change.hash};
  logs_[log].timestamp = header.timestamp;
  auto& cited = moved_[log];
  for (const oplog::ContextEntry& entry : header.context)
    if (const auto other = merger_->logs().find(entry.log)) cited.insert(*other);
  if (effect != oplog::Effect::kEffective) {
    Query query(database_,
                "INSERT INTO lanyard_ineffective (log, seq, effect, epoch) VALUES (?, ?, ?, ?)");
    LANYARD_TRY(query.bind(log)
                    .bind(header.seq.value)
                    .bind(static_cast<std::int64_t>(effect))
                    .bind(header.epoch.view())
                    .run());
  } else if (header.kind == oplog::ChangeKind::kOpen) {
    LANYARD_TRY(take_open(change, log));
  }
  return effect;
}

Status SpaceTables::take_open(const oplog::Change& change, merge::LogNumber log) {
  const auto ops = oplog::read_open(change.payload);
  if (!ops) return fail(Code::kCorrupt, "an open change that took effect cannot be read");
  bool is_first = true;
  for (const oplog::OpenOp& op : *ops) {
    if (const auto* opening = std::get_if<oplog::OpenLog>(&op)) {
      if (change.header.seq.value != 1) continue;
      logs_[log].device = opening->device;
      logs_[log].incarnation = opening->incarnation;
      logs_[log].founding = opening->founding;
    } else if (const auto* admit = std::get_if<oplog::Admit>(&op)) {
      LANYARD_TRY(add_admission(*admit, change, log, std::exchange(is_first, false)));
    }
  }
  return {};
}

/// The first of a change has the proof of all.
Status SpaceTables::add_admission(const oplog::Admit& admit, const oplog::Change& change,
                                  merge::LogNumber log, bool is_first) {
  Bytes header;
  if (is_first) oplog::encode(change.header, header);
  Query query(database_,
              "INSERT INTO lanyard_admissions (device, log, seq, header, payload, signature) "
              "VALUES (?, ?, ?, ?, ?, ?)");
  LANYARD_TRY(query.bind(admit.device.view())
                  .bind(log)
                  .bind(change.header.seq.value)
                  .bind(ByteView(header))
                  .bind(is_first ? change.payload : ByteView())
                  .bind(change.signature.view())
                  .run());
  if (admit.device != self_) return {};
  for (const oplog::Grant& grant : admit.grants) hold(grant.epoch, grant.sealed);
  return {};
}

Status SpaceTables::append(ByteView body, std::span<const oplog::Change> changes) {
  return log_rows_.append(body, changes, merger_->logs());
}

Status SpaceTables::flush() {
  LANYARD_TRY(merger_->flush());
  for (const auto& [log, cited] : moved_) {
    LANYARD_TRY(write_log(log));
    LANYARD_TRY(write_context(database_, log, merger_->log(log).context, cited));
  }
  moved_.clear();
  return {};
}

Status SpaceTables::flush_large(std::span<const oplog::Change> taken) {
  if (merger_->waiting_bytes() < limits::kMergeBatchBytes) return {};
  // Siblings may meet a change before its pack is stored.
  for (const oplog::Change& change : taken)
    log_rows_.note({*merger_->logs().find(change.header.log), change.header.seq.value},
                   change.hash);
  return flush();
}

Status SpaceTables::write_log(merge::LogNumber number) {
  const Log& log = logs_[number];
  const merge::MergedLog& merged = merger_->log(number);
  Query query(database_,
              "INSERT INTO lanyard_logs (number, log, device, incarnation, founding, seq, hash, "
              "timestamp) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (number) DO UPDATE SET "
              "seq = excluded.seq, hash = excluded.hash, timestamp = excluded.timestamp");
  query.bind(number).bind(merged.log.view()).bind(log.device.view()).bind(log.incarnation.view());
  log.founding ? query.bind(log.founding->view()) : query.bind_null();
  return query.bind(log.head.seq.value).bind(log.head.hash.view()).bind(log.timestamp.value).run();
}

}  // namespace lanyard::storage
