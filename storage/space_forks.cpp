#include <algorithm>
#include <deque>

#include "replication/types/limits.hpp"
#include "storage/space_store.hpp"

/// Logs that forked: their branches, beside the log.
namespace lanyard::storage {
namespace {

constexpr const char* kForkColumns = "SELECT log, device, incarnation, first, second";

Bytes bytes_of_hashes(const oplog::Branch& branch) {
  Bytes out;
  for (const Hash& hash : branch.hashes) append(out, hash.view());
  return out;
}

}  // namespace

oplog::HashAt SqliteSpaceStore::hashes_of(merge::LogNumber log) {
  return [this, log](Seq seq) { return tables_.log_rows().hash_of({log, seq.value}); };
}

/// What is applied of a log from there on, as one pack: as much as a pack holds, up to the end
/// of a run.
Result<Bytes> SqliteSpaceStore::branch_from(merge::LogNumber log, Seq first) {
  std::deque<oplog::Pack> packs;  // keep the payloads
  std::vector<oplog::Change> changes;
  Signature signature;
  std::size_t bytes = 0;
  const LogId id = tables_.merger().logs().id_of(log);
  LANYARD_TRY(tables_.log_rows().for_each(0, [&](const LogRow& row) -> Result<bool> {
    const auto part = std::find_if(row.parts.begin(), row.parts.end(),
                                   [&](const LogPart& each) { return each.log == log; });
    if (part == row.parts.end() || part->first + part->count <= first.value) return true;
    const bool fits = bytes + row.body_bytes <= limits::kForkBranchBytesMax &&
                      changes.size() + part->count <= limits::kPackChangesMax;
    if (!changes.empty() && !fits) return false;
    LANYARD_TRY_SET(const Bytes body, tables_.log_rows().body(row.position));
    LANYARD_TRY_SET(oplog::Pack pack, oplog::read_pack(body, *cipher_, ports_.hasher));
    for (const oplog::Change& change : pack.changes)
      if (change.header.log == id && change.header.seq >= first) changes.push_back(change);
    for (const oplog::PackLog& each : pack.logs)
      if (each.log == id) signature = each.signature;
    bytes += body.size();
    packs.push_back(std::move(pack));
    return true;
  }));
  if (changes.empty()) return fail(Code::kNotFound, "nothing of the log lies there");
  return oplog::pack_branch(std::move(changes), signature);
}

Result<std::vector<Head>> SqliteSpaceStore::fork_points(const LogId& log) {
  const auto number = tables_.merger().logs().find(log);
  if (!number) return fail(Code::kNotFound, "no such log");
  return oplog::fork_points(tables_.logs()[*number].head, hashes_of(*number));
}

Result<oplog::Fork> SqliteSpaceStore::find_branch(const LogId& log,
                                                  const std::vector<Head>& points) {
  const auto number = tables_.merger().logs().find(log);
  if (!number) return fail(Code::kNotFound, "no such log");
  const SpaceTables::Log& held = tables_.logs()[*number];
  LANYARD_TRY_SET(const Seq common, oplog::last_common(points, held.head, hashes_of(*number)));
  oplog::Fork branch{space_, held.device, held.incarnation, {}, {}};
  LANYARD_TRY_SET(branch.first, branch_from(*number, common.next()));
  return branch;
}

Result<KeptFork> SqliteSpaceStore::keep_fork(const oplog::Fork& given) {
  const LogId log = oplog::log_id_of(given.device, given.incarnation, space_, ports_.hasher);
  const auto number = tables_.merger().logs().find(log);
  if (given.second.empty() && !number)
    return fail(Code::kMissingContext, "a branch of a log that is not held here");
  LANYARD_TRY_SET(const auto row, read_fork_row(log));
  // Of a log that is not held nothing is asked: its head is none.
  const Head head = number ? tables_.logs()[*number].head : Head{};
  const merge::LogNumber held = number.value_or(0);
  LANYARD_TRY_SET(
      auto kept, oplog::add_fork(
                     given, row ? std::optional(row->fork) : std::nullopt, head, hashes_of(held),
                     [&](Seq first) { return branch_from(held, first); }, *cipher_, ports_.hasher));
  if (kept.is_new) LANYARD_TRY(write_fork_row(kept.fork, kept.proven));
  kept.other ? tables_.keep_branch(log, *kept.other) : tables_.tell_fork(kept.proven);
  return KeptFork{std::move(kept.fork), log, std::move(kept.other), kept.is_new};
}

Status SqliteSpaceStore::write_fork_row(const oplog::Fork& fork, const oplog::ProvenFork& proven) {
  const Bytes first = bytes_of_hashes(proven.first);
  const Bytes second = bytes_of_hashes(proven.second);
  return in_transaction(Sync::kFull, [&] {
    Query row(database_,
              "INSERT OR REPLACE INTO lanyard_forks (log, seq, device, incarnation, first, second, "
              "first_hashes, second_hashes) VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
    row.bind(proven.log.view()).bind(proven.seq.value).bind(fork.device.view());
    row.bind(fork.incarnation.view()).bind(ByteView(fork.first)).bind(ByteView(fork.second));
    return row.bind(ByteView(first)).bind(ByteView(second)).run();
  });
}

/// One row, and which of its branches is not ours.
KeptFork SqliteSpaceStore::fork_in(const Query& row) const {
  KeptFork kept;
  kept.log = row.fixed<LogId>(0);
  kept.fork = {space_, row.fixed<DeviceId>(1), row.fixed<Incarnation>(2), to_bytes(row.blob(3)),
               to_bytes(row.blob(4))};
  const auto& branches = tables_.space_log().branches;
  const auto other = branches.find(kept.log);
  if (other != branches.end()) kept.other = other->second;
  return kept;
}

Result<std::optional<KeptFork>> SqliteSpaceStore::read_fork_row(const LogId& log) {
  Query query(database_, std::string(kForkColumns) + " FROM lanyard_forks WHERE log = ?");
  LANYARD_TRY_SET(const bool found, query.bind(log.view()).next());
  if (!found) return std::nullopt;
  return fork_in(query);
}

/// Whom the branch admits that is not applied here.
Result<SignedGrant> SqliteSpaceStore::grant_in_fork(const DeviceId& device) const {
  LANYARD_TRY_SET(const auto all, read_forks());
  for (const KeptFork& each : all) {
    if (!each.other) continue;
    LANYARD_TRY_SET(auto shown, oplog::find_admission(each.fork, device, *cipher_, ports_.hasher));
    if (shown)
      return SignedGrant{each.fork.device, each.fork.incarnation, std::move(shown->header),
                         std::move(shown->payload), shown->signature};
  }
  return fail(Code::kNotFound, "the device was not admitted to this space");
}

Result<std::vector<KeptFork>> SqliteSpaceStore::read_forks() const {
  Query query(database_, std::string(kForkColumns) + " FROM lanyard_forks ORDER BY log");
  std::vector<KeptFork> out;
  while (true) {
    LANYARD_TRY_SET(const bool more, query.next());
    if (!more) return out;
    out.push_back(fork_in(query));
  }
}

}  // namespace lanyard::storage
