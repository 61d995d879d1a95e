#include "replication/oplog/fork.hpp"

#include "replication/types/limits.hpp"

namespace lanyard::oplog {

Result<Pack> read_branch(ByteView bytes, const Fork& fork, const Cipher& cipher,
                         const Hasher& hasher, const Verifier& verifier) {
  LANYARD_TRY_SET(Pack pack, read_pack(bytes, cipher, hasher));
  if (pack.logs.size() != 1 || pack.changes.empty())
    return fail(Code::kMalformed, "a branch is of one log");
  const LogId log = log_id_of(fork.device, fork.incarnation, fork.space, hasher);
  if (pack.logs.front().log != log) return fail(Code::kWrongSpace, "a branch of another log");
  const Hash last = pack.changes.back().hash;
  if (!is_signed(last, pack.logs.front().signature, fork.device, verifier))
    return fail(Code::kBadSignature, "branch");
  for (const Change& change : pack.changes) {
    const bool is_open = change.header.kind == ChangeKind::kOpen;
    if (is_open && !is_signed(change.hash, change.signature, fork.device, verifier))
      return fail(Code::kBadSignature, "an open change of a branch");
  }
  return pack;
}

Branch branch_of(const Pack& pack) {
  Branch branch{pack.logs.front().first, {}, admitted_in(pack)};
  for (const Change& change : pack.changes) branch.hashes.push_back(change.hash);
  return branch;
}

std::vector<Admission> admitted_in(const Pack& branch) {
  std::vector<Admission> out;
  for (const Change& change : branch.changes)
    for (const Admit& each : admits_in(change)) out.push_back({each.device, change.dot()});
  return out;
}

Result<std::optional<ShownAdmission>> find_admission(const Fork& fork, const DeviceId& device,
                                                     const Cipher& cipher, const Hasher& hasher) {
  for (const Bytes* branch : {&fork.first, &fork.second}) {
    LANYARD_TRY_SET(const Pack pack, read_pack(*branch, cipher, hasher));
    for (const Change& change : pack.changes) {
      const std::vector<Admit> admits = admits_in(change);
      const auto is_meant = [&](const Admit& each) { return each.device == device; };
      if (std::none_of(admits.begin(), admits.end(), is_meant)) continue;
      ShownAdmission shown{{}, to_bytes(change.payload), change.signature};
      encode(change.header, shown.header);
      return shown;
    }
  }
  return std::nullopt;
}

namespace {

Status check_parting(const Pack& first, const Pack& second) {
  if (first.logs.size() != 1 || second.logs.size() != 1)
    return fail(Code::kMalformed, "a branch is of one log");
  const PackLog& left = first.logs.front();
  const PackLog& right = second.logs.front();
  const bool from_one_place =
      left.log == right.log && left.first == right.first && left.prev == right.prev;
  if (!from_one_place || !(first.changes.front().hash < second.changes.front().hash))
    return fail(Code::kMalformed, "two branches that do not part where they begin");
  return {};
}

}  // namespace

Result<ProvenFork> read_fork(const Fork& fork, const Cipher& cipher, const Hasher& hasher) {
  LANYARD_TRY_SET(const Pack first, read_pack(fork.first, cipher, hasher));
  LANYARD_TRY_SET(const Pack second, read_pack(fork.second, cipher, hasher));
  LANYARD_TRY(check_parting(first, second));
  const PackLog& log = first.logs.front();
  return ProvenFork{fork.device, log.log, log.first, branch_of(first), branch_of(second)};
}

Result<ProvenFork> prove(const Fork& fork, const Cipher& cipher, const Hasher& hasher,
                         const Verifier& verifier) {
  LANYARD_TRY_SET(const Pack first, read_branch(fork.first, fork, cipher, hasher, verifier));
  LANYARD_TRY_SET(const Pack second, read_branch(fork.second, fork, cipher, hasher, verifier));
  LANYARD_TRY(check_parting(first, second));
  const PackLog& log = first.logs.front();
  return ProvenFork{fork.device, log.log, log.first, branch_of(first), branch_of(second)};
}

std::optional<LogId> find_forked(std::span<const Change> changes, const SpaceLog& held) {
  for (const Change& change : changes) {
    const Header& header = change.header;
    const Head head = held.head_of(header.log);
    const bool follows = header.seq == head.seq.next() && header.prev != head.hash;
    const bool replaces = header.seq == head.seq && change.hash != head.hash;
    if ((follows || replaces) && head.seq.value > 0 && !held.is_of_other_branch(change))
      return header.log;
    for (const ContextEntry& entry : header.context)
      if (held.is_unknown_branch(entry)) return entry.log;
  }
  return std::nullopt;
}

// ---- for the two stores

Result<std::vector<Head>> fork_points(const Head& head, const HashAt& at) {
  std::vector<Head> points{head};
  for (std::uint64_t back = 1; back < head.seq.value && points.size() + 1 < limits::kForkPointsMax;
       back *= 2) {
    const Seq seq{head.seq.value - back};
    LANYARD_TRY_SET(const Hash hash, at(seq));
    points.push_back({seq, hash});
  }
  if (points.back().seq.value > 1) {
    LANYARD_TRY_SET(const Hash hash, at({1}));
    points.push_back({{1}, hash});
  }
  return points;
}

Result<Seq> last_common(const std::vector<Head>& points, const Head& head, const HashAt& at) {
  Seq last;
  for (const Head& point : points) {
    if (point.seq.value == 0 || point.seq > head.seq || point.seq <= last) continue;
    LANYARD_TRY_SET(const Hash hash, at(point.seq));
    if (hash == point.hash) last = point.seq;
  }
  return last;
}

Result<Bytes> pack_branch(std::vector<Change> changes, const Signature& signature) {
  if (changes.empty()) return fail(Code::kNotFound, "a branch without changes");
  const RunSignatures signatures{{changes.front().header.log, signature}};
  Bytes pack = write_pack(changes, signatures, true);
  if (pack.size() <= limits::kForkBranchBytesMax) return pack;
  // Whom it admits stays if that fits: it is what others need to go on.
  for (const auto kind : {ChangeKind::kSealed, ChangeKind::kOpen}) {
    for (Change& change : changes) {
      if (change.header.kind != kind) continue;
      change.form = PayloadForm::kErased;
      change.payload = {};
    }
    pack = write_pack(changes, signatures, true);
    if (pack.size() <= limits::kForkBranchBytesMax) return pack;
  }
  // Contexts alone can be that long, and no message would hold two such branches.
  return fail(Code::kTooLarge, "a branch names too much to be kept");
}

Result<Fork> join(const Fork& branch, const Head& head, const HashAt& at, const OwnBranch& own,
                  const Cipher& cipher, const Hasher& hasher) {
  LANYARD_TRY_SET(const Pack theirs, read_pack(branch.first, cipher, hasher));
  const PackLog& log = theirs.logs.front();
  const Seq before{log.first.value - 1};
  if (before > head.seq) return fail(Code::kMissingContext, "a branch of what is not held here");
  if (before.value > 0) {
    LANYARD_TRY_SET(const Hash held, at(before));
    if (held != log.prev) return fail(Code::kMissingContext, "a branch of what is not held here");
  }
  std::size_t same = 0;
  for (; same < theirs.changes.size(); ++same) {
    const Change& change = theirs.changes[same];
    if (change.header.seq > head.seq) return fail(Code::kNotFound, "the log goes on, and no more");
    LANYARD_TRY_SET(const Hash held, at(change.header.seq));
    if (held != change.hash) break;
  }
  if (same == theirs.changes.size()) return fail(Code::kNotFound, "nothing differs");
  const Change& parts = theirs.changes[same];
  const std::vector<Change> rest(theirs.changes.begin() + static_cast<std::ptrdiff_t>(same),
                                 theirs.changes.end());
  Fork fork{branch.space, branch.device, branch.incarnation, {}, {}};
  LANYARD_TRY_SET(fork.first, pack_branch(rest, log.signature));
  LANYARD_TRY_SET(fork.second, own(parts.header.seq));
  LANYARD_TRY_SET(const Hash ours, at(parts.header.seq));
  if (ours < parts.hash) std::swap(fork.first, fork.second);
  return fork;
}

Result<std::optional<Fork>> longer(const Fork& known, const Fork& more, const Cipher& cipher,
                                   const Hasher& hasher) {
  LANYARD_TRY_SET(const ProvenFork had, read_fork(known, cipher, hasher));
  LANYARD_TRY_SET(const ProvenFork has, read_fork(more, cipher, hasher));
  const bool is_same = had.log == has.log && had.seq == has.seq &&
                       had.first.hashes.front() == has.first.hashes.front() &&
                       had.second.hashes.front() == has.second.hashes.front();
  const bool first = has.first.hashes.size() > had.first.hashes.size();
  const bool second = has.second.hashes.size() > had.second.hashes.size();
  if (!is_same || (!first && !second)) return std::nullopt;
  Fork out = known;
  if (first) out.first = more.first;
  if (second) out.second = more.second;
  return out;
}

Result<ForkToKeep> add_fork(const Fork& given, const std::optional<Fork>& known, const Head& head,
                            const HashAt& at, const OwnBranch& own, const Cipher& cipher,
                            const Hasher& hasher) {
  ForkToKeep kept{given, {}, !known, {}};
  if (given.second.empty()) {
    LANYARD_TRY_SET(kept.fork, join(given, head, at, own, cipher, hasher));
  }
  if (known) {
    LANYARD_TRY_SET(const auto more, longer(*known, kept.fork, cipher, hasher));
    kept.is_new = more.has_value();
    kept.fork = more.value_or(*known);
  }
  LANYARD_TRY_SET(kept.proven, read_fork(kept.fork, cipher, hasher));
  LANYARD_TRY_SET(kept.other, other_branch(kept.proven, head, at));
  return kept;
}

Result<std::optional<Branch>> other_branch(const ProvenFork& fork, const Head& head,
                                           const HashAt& at) {
  if (head.seq < fork.seq) return std::nullopt;
  LANYARD_TRY_SET(const Hash held, at(fork.seq));
  return held == fork.first.hashes.front() ? fork.second : fork.first;
}

}  // namespace lanyard::oplog
