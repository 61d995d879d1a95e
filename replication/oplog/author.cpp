#include "replication/oplog/author.hpp"

#include <algorithm>

#include "replication/types/check.hpp"
#include "replication/types/limits.hpp"

namespace lanyard::oplog {

Author::Author(SpaceId space, const Signer& signer, const Hasher& hasher, const Cipher& cipher,
               AuthorState state)
    : space_(space), signer_(signer), hasher_(hasher), cipher_(cipher), state_(std::move(state)) {}

void Author::begin(const VectorClock& clock, WallTime wall, const std::vector<LogId>& first) {
  LANYARD_CHECK(changes_.empty(), "a run is finished before the next begins");
  before_ = state_;
  wall_ = wall;
  news_.clear();
  told_ = 0;
  for (const auto& [log, head] : clock) {
    if (log == state_.log) continue;
    const auto cited = state_.cited.find(log);
    if (cited == state_.cited.end() || cited->second != head) news_.push_back({log, head});
  }
  std::stable_partition(news_.begin(), news_.end(), [&](const ContextEntry& entry) {
    return std::find(first.begin(), first.end(), entry.log) != first.end();
  });
}

bool Author::owes_news() const { return untold() > limits::kContextEntriesMax; }

Status Author::add_news() {
  LANYARD_TRY(next_dot());
  if (!owes_news()) return {};
  const bool is_open = state_.epoch.is_zero();
  LANYARD_TRY(
      append(is_open ? ChangeKind::kOpen : ChangeKind::kSealed, encode_plain(std::vector<Op>())));
  return {};
}

Result<Dot> Author::next_dot(const std::optional<Founding>& founding) {
  if (!state_.log) {
    state_.log = log_id_of(signer_.device(), state_.incarnation, space_, hasher_);
    const OpenLog opening{space_, signer_.device(), state_.incarnation, state_.previous, founding};
    LANYARD_TRY(append(ChangeKind::kOpen, encode_plain({opening})));
  }
  return Dot{*state_.log, state_.head.seq.next()};
}

Result<const Change*> Author::add(Bytes plain) {
  LANYARD_TRY(next_dot());
  if (owes_news()) return fail(Code::kTooLarge, "news that no context holds");
  return append(ChangeKind::kSealed, std::move(plain));
}

Result<const Change*> Author::add_open(const std::vector<OpenOp>& ops) {
  LANYARD_TRY(next_dot());
  if (owes_news()) return fail(Code::kTooLarge, "news that no context holds");
  return append(ChangeKind::kOpen, encode_plain(ops));
}

Result<const Change*> Author::append(ChangeKind kind, Bytes plain) {
  if (kind == ChangeKind::kSealed && state_.epoch.is_zero())
    return fail(Code::kMissingKey, "no epoch to seal under");
  Change change;
  Header& header = change.header;
  header.kind = kind;
  header.log = *state_.log;
  header.seq = state_.head.seq.next();
  header.prev = state_.head.hash;
  header.timestamp = next_stamp(state_.last, state_.largest_sane_seen, wall_);
  if (kind == ChangeKind::kSealed) header.epoch = state_.epoch;
  LANYARD_TRY(hash_plain(header, plain, cipher_, hasher_, scratch_));
  if (header.payload_size > limits::kPayloadBytesMax)
    return fail(Code::kTooLarge, "a change holds at most 1 MiB");
  header.context = context_for(header.seq);
  LANYARD_TRY(check_header(header));  // nobody would accept what breaks a rule, nor what follows it
  cite(header.context);
  change.payload = payloads_.emplace_back(std::move(plain));
  change.hash = change_hash(header, hasher_, scratch_);
  if (kind == ChangeKind::kOpen) change.signature = signer_.sign(signed_message(change.hash));

  state_.head = {header.seq, change.hash};
  state_.last = header.timestamp;
  bytes_ += change.payload.size() + limits::kPackEntryBytes * header.context.size();
  return &changes_.emplace_back(std::move(change));
}

std::vector<ContextEntry> Author::context_for(Seq seq) const {
  const auto from = news_.begin() + static_cast<std::ptrdiff_t>(told_);
  const std::size_t size = std::min(untold(), limits::kContextEntriesMax);
  std::vector<ContextEntry> context(from, from + static_cast<std::ptrdiff_t>(size));
  std::sort(context.begin(), context.end());
  if (!has_whole_context(seq, state_.cited.size())) return context;
  VectorClock whole = state_.cited;
  for (const ContextEntry& entry : context) whole[entry.log] = entry.head;
  if (whole.size() > limits::kWholeContextEvery) return context;
  context.clear();
  for (const auto& [log, head] : whole) context.push_back({log, head});
  return context;
}

/// Said: the front of the news, and perhaps what was said before.
void Author::cite(const std::vector<ContextEntry>& context) {
  told_ += std::min(untold(), limits::kContextEntriesMax);
  for (const ContextEntry& entry : context) state_.cited[entry.log] = entry.head;
}

bool Author::is_full() const {
  // One change of any size must still fit beside what is there.
  return changes_.size() + 2 >= limits::kPackChangesMax || bytes_ >= limits::kPackPlainBytesMax / 2;
}

Bytes Author::finish() {
  LANYARD_CHECK(!changes_.empty(), "a run has at least one change");
  const Change& last = changes_.back();
  const bool open = last.header.kind == ChangeKind::kOpen;
  signature_ = open ? last.signature : signer_.sign(signed_message(last.hash));
  const std::vector<Change> run(changes_.begin(), changes_.end());
  return write_pack(run, {{*state_.log, signature_}}, false);
}

void Author::commit() {
  changes_.clear();
  payloads_.clear();
  bytes_ = 0;
}

void Author::abort() {
  commit();
  state_ = before_;
  news_.clear();
  told_ = 0;
}

void Author::saw(Hlc timestamp, WallTime wall) {
  if (timestamp > state_.largest_sane_seen && is_sane(timestamp, wall))
    state_.largest_sane_seen = timestamp;
}

}  // namespace lanyard::oplog
