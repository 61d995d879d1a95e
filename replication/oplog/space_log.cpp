#include "replication/oplog/space_log.hpp"

#include <algorithm>
#include <set>

namespace lanyard::oplog {
namespace {

/// What a change's author held of a log, as far as this header says. Only at whole contexts does it
/// say everything; that is where membership is asked for: at the first change of a log.
bool names(const Header& header, const Dot& dot) {
  if (header.log == dot.log) return header.seq > dot.seq;
  const auto is_before = [](const ContextEntry& entry, const LogId& log) {
    return entry.log < log;
  };
  const auto found =
      std::lower_bound(header.context.begin(), header.context.end(), dot.log, is_before);
  return found != header.context.end() && found->log == dot.log && found->head.seq >= dot.seq;
}

}  // namespace

VectorClock SpaceLog::clock() const {
  VectorClock clock;
  for (const auto& [id, log] : logs) clock.emplace_hint(clock.end(), id, log.head);
  return clock;
}

Head SpaceLog::head_of(const LogId& log) const {
  const auto found = logs.find(log);
  return found == logs.end() ? Head{} : found->second.head;
}

bool SpaceLog::is_admitted(const DeviceId& device, const Header& header) const {
  if (founder == device) return true;
  const auto by = admissions.of(device);
  return std::any_of(by.begin(), by.end(),
                     [&](const Dot& dot) { return names(header, dot) || is_behind_fork(dot); });
}

bool SpaceLog::is_behind_fork(const Dot& dot) const {
  const auto other = branches.find(dot.log);
  return other != branches.end() && dot.seq >= other->second.first;
}

bool SpaceLog::is_member(const DeviceId& device) const {
  return founder == device || admissions.contains(device);
}

std::vector<LogId> SpaceLog::admitting(const DeviceId& device) const {
  constexpr std::size_t kEnough = 16;
  std::vector<LogId> out;
  const auto by = admissions.of(device);
  for (const Dot& each : by.first(std::min(by.size(), kEnough))) out.push_back(each.log);
  return out;
}

std::vector<DeviceId> SpaceLog::members() const {
  std::vector<DeviceId> out;
  for (const auto& [device, by] : admissions.all()) out.push_back(device);
  if (founder && !admissions.contains(*founder))
    out.insert(std::upper_bound(out.begin(), out.end(), *founder), *founder);
  return out;
}

VectorClock SpaceLog::digest_clock(const Hasher& hasher) const {
  return with_forks(clock(), branches, hasher);
}

VectorClock with_forks(VectorClock applied, const std::map<LogId, Branch>& branches,
                       const Hasher& hasher) {
  for (const auto& [log, branch] : branches) {
    const Hash name = hasher.hash({as_bytes("lanyard-fork-v1"), log.view()});
    // The same on whoever knows as much of both, whichever of them it applies.
    const Seq known{seq_in(applied, log).value + branch.last().value};
    applied[LogId{name.bytes}] = {known, {}};
  }
  return applied;
}

bool SpaceLog::is_of_other_branch(const Change& change) const {
  const auto found = branches.find(change.header.log);
  if (found == branches.end()) return false;
  const Branch& other = found->second;
  return other.holds({change.header.seq, change.hash}) ||
         (change.header.seq == other.last().next() && change.header.prev == other.hashes.back());
}

bool SpaceLog::is_of_kept_branch(const ContextEntry& entry) const {
  const auto other = branches.find(entry.log);
  return other != branches.end() && other->second.holds(entry.head);
}

bool SpaceLog::is_unknown_branch(const ContextEntry& entry) const {
  const Head held = head_of(entry.log);
  // Older hashes of another log are not at hand; the head is what honest authors cite most.
  const bool is_other = entry.head.seq == held.seq && entry.head.hash != held.hash;
  const bool is_beyond = branches.contains(entry.log) && entry.head.seq > held.seq;
  return !is_of_kept_branch(entry) && (is_other || is_beyond);
}

bool SpaceLog::may_be_unknown_branch(const ContextEntry& entry) const {
  const auto other = branches.find(entry.log);
  const bool is_between = other != branches.end() && entry.head.seq > other->second.last() &&
                          entry.head.seq < head_of(entry.log).seq;
  return is_between || is_unknown_branch(entry);
}

void SpaceLog::tell_fork(const LogId& log, ToldFork fork) {
  const auto kept = branches.find(log);
  if (kept == branches.end()) {
    told[log] = std::move(fork);
    return;
  }
  for (Branch* each : {&fork.first, &fork.second}) {
    const bool is_same =
        each->first == kept->second.first && each->hashes.front() == kept->second.hashes.front();
    if (is_same && each->last() > kept->second.last()) keep_branch(log, *each);
  }
}

void SpaceLog::keep_branch(const LogId& log, const Branch& other) {
  add_branch(log, other, nullptr);
}

void SpaceLog::add_branch(const LogId& log, const Branch& other, std::vector<DeviceId>* admitted) {
  branches[log] = other;
  // A pack has room for 65,536 admissions: each is looked for once.
  std::set<std::pair<Dot, DeviceId>> known;
  for (const auto& [device, by] : admissions.all())
    for (const Dot& dot : by)
      if (dot.log == log) known.emplace(dot, device);
  for (const Admission& each : other.admitted)
    if (known.emplace(each.by, each.device).second) admit(each, admitted);
  told.erase(log);
}

void SpaceLog::settle_told(const Change& change, std::vector<DeviceId>* admitted) {
  const LogId& log = change.header.log;
  const auto found = told.find(log);
  if (found == told.end() || !found->second.parts_at(change.header.seq)) return;
  const ToldFork fork = found->second;
  if (change.hash == fork.first.hashes.front()) add_branch(log, fork.second, admitted);
  if (change.hash == fork.second.hashes.front()) add_branch(log, fork.first, admitted);
}

Status SpaceLog::check_context(const Header& header) const {
  for (const ContextEntry& entry : header.context) {
    if (is_of_kept_branch(entry)) continue;
    const auto fork = told.find(entry.log);
    if (fork != told.end() &&
        (fork->second.first.holds(entry.head) || fork->second.second.holds(entry.head)))
      continue;
    if (is_unknown_branch(entry)) return fail(Code::kForked, "context");
    if (entry.head.seq > head_of(entry.log).seq)
      return fail(Code::kMissingContext, "a change depends on one that is not held");
  }
  return {};
}

Status SpaceLog::open(const Change& change, const Hasher& hasher) {
  if (change.header.kind != ChangeKind::kOpen || change.form != PayloadForm::kPlain) {
    return fail(Code::kMalformed, "a log does not begin with its opening");
  }
  const auto ops = read_open(change.payload);
  const auto* op = ops && !ops->empty() ? std::get_if<OpenLog>(&ops->front()) : nullptr;
  if (op == nullptr) return fail(Code::kMalformed, "a log does not begin with its opening");
  if (op->space != space) return fail(Code::kWrongSpace, "the log was opened for another space");
  if (log_id_of(op->device, op->incarnation, op->space, hasher) != change.header.log) {
    return fail(Code::kMalformed, "the log's id is not that of its opening");
  }
  if (op->founding) {
    if (space_id_of(op->device, *op->founding, hasher) != space)
      return fail(Code::kWrongSpace, "founder");
    founder = op->device;
  } else if (!is_admitted(op->device, change.header)) {
    return fail(Code::kNotAdmitted, "the log's device was not admitted before it wrote");
  }
  logs.emplace(change.header.log, HeldLog{op->device, {change.header.seq, change.hash}});
  return {};
}

void SpaceLog::admit(const Admission& admission, std::vector<DeviceId>* admitted) {
  const bool is_new = admissions.add(admission);
  if (is_new && admitted != nullptr) admitted->push_back(admission.device);
}

Status SpaceLog::advance(const Change& change, const Hasher& hasher,
                         std::vector<DeviceId>* admitted) {
  const Header& header = change.header;
  const Head held = head_of(header.log);
  if (header.seq.value > held.seq.value + 1) return fail(Code::kMissingContext, "a gap in the log");
  if (header.seq <= held.seq || header.prev != held.hash) return fail(Code::kForked, "log");
  LANYARD_TRY(check_context(header));
  if (header.seq.value == 1) {
    LANYARD_TRY(open(change, hasher));
  } else {
    logs.at(header.log).head = {header.seq, change.hash};
  }
  // Every member is an admin in version 1, and a log is only held if its device is a member: the
  // author may admit.
  for (const Admit& each : admits_in(change)) admit({each.device, change.dot()}, admitted);
  settle_told(change, admitted);
  return {};
}

}  // namespace lanyard::oplog
