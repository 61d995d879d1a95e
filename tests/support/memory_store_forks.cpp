#include "tests/support/memory_store.hpp"

/// What a store in memory keeps of logs that forked.
namespace lanyard::support {

using oplog::Change;

oplog::HashAt MemoryStore::hashes_of(const LogId& log) const {
  return [this, log](Seq seq) -> Result<Hash> {
    const auto number = merger_->logs().find(log);
    return hashes_.at({*number, seq.value});
  };
}

Result<Bytes> MemoryStore::branch_from(const LogId& log, Seq first) const {
  std::vector<Change> changes;
  Signature signature;
  for (const Entry& entry : entries_) {
    for (const Change& change : *entry.changes) {
      if (change.header.log != log || change.header.seq < first) continue;
      changes.push_back(change);
      signature = entry.signatures.at(log);
    }
  }
  if (changes.empty()) return fail(Code::kNotFound, "nothing of the log lies there");
  return oplog::pack_branch(std::move(changes), signature);
}

Result<std::vector<Head>> MemoryStore::fork_points(const LogId& log) const {
  if (!log_.logs.contains(log)) return fail(Code::kNotFound, "no such log");
  return oplog::fork_points(log_.head_of(log), hashes_of(log));
}

Result<oplog::Fork> MemoryStore::find_branch(const LogId& log,
                                             const std::vector<Head>& points) const {
  if (!log_.logs.contains(log)) return fail(Code::kNotFound, "no such log");
  LANYARD_TRY_SET(const Seq common, oplog::last_common(points, log_.head_of(log), hashes_of(log)));
  oplog::Fork branch{space_, log_.logs.at(log).device, incarnation_of(log), {}, {}};
  LANYARD_TRY_SET(branch.first, branch_from(log, common.next()));
  return branch;
}

Incarnation MemoryStore::incarnation_of(const LogId& log) const {
  for (const Entry& entry : entries_) {
    for (const Change& change : *entry.changes) {
      if (change.header.log != log || change.header.seq.value != 1) continue;
      const auto ops = oplog::read_open(change.payload);
      return std::get<oplog::OpenLog>(ops->front()).incarnation;
    }
  }
  return {};
}

Result<engine::ForkKept> MemoryStore::keep_fork(const oplog::Fork& given) {
  engine::ForkKept out;
  out.space = space_;
  out.was_asked = given.second.empty();
  out.log = oplog::log_id_of(given.device, given.incarnation, space_, ports_.hasher);
  const auto known = forks_.find(out.log);
  LANYARD_TRY_SET(
      auto kept,
      oplog::add_fork(
          given, known == forks_.end() ? std::nullopt : std::optional(known->second),
          log_.head_of(out.log), hashes_of(out.log),
          [&](Seq first) { return branch_from(out.log, first); }, *cipher_, ports_.hasher));
  if (kept.is_new) make_durable();  // it is synced, and all that was written before it
  forks_[out.log] = kept.fork;
  proven_[out.log] = kept.proven;
  if (kept.other)
    log_.keep_branch(out.log, *kept.other);
  else
    log_.tell_fork(out.log, {kept.proven.device, kept.proven.first, kept.proven.second});
  out.is_new = kept.is_new;
  out.fork = std::move(kept.fork);
  out.other = std::move(kept.other);
  return out;
}

std::optional<wire::Grant> MemoryStore::grant_in_fork(const DeviceId& device) const {
  for (const auto& [log, fork] : forks_) {
    if (!log_.branches.contains(log)) continue;
    const auto shown = oplog::find_admission(fork, device, *cipher_, ports_.hasher);
    if (shown && *shown)
      return wire::Grant{space_,           fork.device,       fork.incarnation,
                         (*shown)->header, (*shown)->payload, (*shown)->signature};
  }
  return std::nullopt;
}

}  // namespace lanyard::support
