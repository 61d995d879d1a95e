#include "replication/oplog/intake.hpp"

#include <set>

#include "replication/oplog/space_log_trial.hpp"

namespace lanyard::oplog {

Intake::Intake(DeviceId self, SpaceLog state, Cipher& cipher, const Hasher& hasher,
               const Verifier& verifier)
    : self_(self),
      state_(std::move(state)),
      cipher_(cipher),
      hasher_(hasher),
      verifier_(verifier) {}

/// One pass over a pack: advances the state on trial, and drops what we hold already.
struct Intake::Walk {
  SpaceLog& next;
  SpaceLogTrial trial;
  std::vector<Change> fresh = {};
  /// With the log that each stands in: what comes before a log's first change is its author's word.
  std::set<std::pair<LogId, Hash>> skipped = {};
  std::set<LogId> outgrown = {};

  Status take(const Change& change) {
    const Head held = next.head_of(change.header.log);
    // Of the other branch of a log that forked: it is kept as that, and not applied.
    if (skipped.contains({change.header.log, change.header.prev}) ||
        next.is_of_other_branch(change)) {
      skipped.emplace(change.header.log, change.hash);
      const auto branch = next.branches.find(change.header.log);
      if (branch != next.branches.end() && change.header.seq > branch->second.last())
        outgrown.insert(change.header.log);
      return {};
    }
    if (change.header.seq > held.seq) {
      LANYARD_TRY(trial.advance(change));
      fresh.push_back(change);
      return {};
    }
    if (change.header.seq == held.seq && change.hash != held.hash)
      return fail(Code::kForked, "log");
    return {};
  }
};

Result<Accepted> Intake::accept(ByteView bytes) {
  LANYARD_TRY_SET(Pack pack, read_pack(bytes, cipher_, hasher_));
  Walk walk{state_, {state_, hasher_}};
  for (const Change& change : pack.changes) LANYARD_TRY(walk.take(change));
  LANYARD_TRY(verify(pack));

  Accepted accepted;
  const bool whole = walk.fresh.size() == pack.changes.size();
  if (whole) {
    accepted.bytes = to_bytes(bytes);
  } else if (!walk.fresh.empty()) {
    RunSignatures signatures;
    for (const PackLog& log : pack.logs) signatures.emplace(log.log, log.signature);
    accepted.bytes = write_pack(walk.fresh, signatures, true);
  }
  accepted.pack = std::move(pack);
  accepted.pack.changes = std::move(walk.fresh);
  accepted.outgrown.assign(walk.outgrown.begin(), walk.outgrown.end());
  take_grants(accepted.pack);
  walk.trial.keep();
  return accepted;
}

/// One signature per log, over its last change; and that of every open change, which are few.
Status Intake::verify(const Pack& pack) const {
  std::map<LogId, Hash> last;
  for (const Change& change : pack.changes) {
    last[change.header.log] = change.hash;
    const auto held = state_.logs.find(change.header.log);
    if (held == state_.logs.end()) return fail(Code::kMissingContext, "a log that is not held");
    if (change.header.kind != ChangeKind::kOpen) continue;
    if (!is_signed(change.hash, change.signature, held->second.device, verifier_))
      return fail(Code::kBadSignature, "open change");
  }
  for (const PackLog& log : pack.logs) {
    const auto end = last.find(log.log);
    if (end == last.end()) return fail(Code::kMalformed, "a log without changes");
    if (!is_signed(end->second, log.signature, state_.logs.at(log.log).device, verifier_))
      return fail(Code::kBadSignature, "pack");
  }
  return {};
}

void Intake::take_grants(const Pack& pack) {
  for (const Change& change : pack.changes) {
    for (const Admit& admitted : admits_in(change)) {
      if (admitted.device != self_) continue;
      // A grant that does not open is its author's mistake; the change counts all the same.
      for (const Grant& grant : admitted.grants)
        static_cast<void>(cipher_.take_grant(grant.epoch, grant.sealed));
    }
  }
}

Opened open_payload(const Change& change, const Cipher& cipher, Bytes& memory) {
  if (change.form == PayloadForm::kErased) return {{}, Effect::kBadPayload};
  if (change.form == PayloadForm::kPlain) return {change.payload, Effect::kEffective};
  const Header& header = change.header;
  if (!cipher.holds(header.epoch)) return {{}, Effect::kNoKey};
  if (!cipher.open(header.epoch, header.log, header.seq, change.payload, memory))
    return {{}, Effect::kBadSeal};
  return {memory, Effect::kEffective};
}

}  // namespace lanyard::oplog
