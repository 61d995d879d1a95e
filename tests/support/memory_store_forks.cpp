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
  engine::ForkKept kept;
  kept.space = space_;
  kept.was_asked = given.second.empty();
  kept.fork = given;
  kept.log = oplog::log_id_of(given.device, given.incarnation, space_, ports_.hasher);
  const Head head = log_.head_of(kept.log);
  if (kept.was_asked) {
    const auto own = [&](Seq first) { return branch_from(kept.log, first); };
    LANYARD_TRY_SET(kept.fork,
                    oplog::join(given, head, hashes_of(kept.log), own, *cipher_, ports_.hasher));
  }
  const auto known = forks_.find(kept.log);
  kept.is_new = known == forks_.end();
  if (!kept.is_new) {
    LANYARD_TRY_SET(const auto more,
                    oplog::longer(known->second, kept.fork, *cipher_, ports_.hasher));
    kept.is_new = more.has_value();
    kept.fork = more.value_or(known->second);
  }
  LANYARD_TRY_SET(const oplog::ProvenFork proven,
                  oplog::read_fork(kept.fork, *cipher_, ports_.hasher));
  LANYARD_TRY_SET(kept.other, oplog::other_branch(proven, head, hashes_of(kept.log)));
  forks_[kept.log] = kept.fork;
  if (kept.other) log_.branches[kept.log] = *kept.other;
  return kept;
}

}  // namespace lanyard::support
