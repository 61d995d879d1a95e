#include "replication/merge/merger.hpp"

#include <algorithm>

#include "replication/merge/chunk_join.hpp"
#include "replication/types/check.hpp"
#include "replication/types/limits.hpp"

namespace lanyard::merge {
namespace {

using oplog::Effect;
using oplog::Op;
using oplog::OpKind;

constexpr int kLuckMax = 8;
constexpr std::size_t kOpsKept = 1024;  // memory for so many is kept from batch to batch

bool writes_fields(const Op& op) { return op.kind == OpKind::kPut || op.kind == OpKind::kPatch; }

/// The beginning of a key as a number that sorts like it: most comparisons need no more.
std::uint64_t beginning_of(std::string_view key) {
  std::uint64_t out = 0;
  for (std::size_t i = 0; i < 8; ++i)
    out = out << 8 | (i < key.size() ? static_cast<std::uint8_t>(key[i]) : 0U);
  return out;
}

/// What a clock that decides by wall time would do.
void keep_latest_only(Record& record) {
  for (Field& field : record.fields) {
    const auto latest = std::max_element(
        field.values.begin(), field.values.end(),
        [](const Sibling& left, const Sibling& right) { return left.timestamp < right.timestamp; });
    if (field.values.size() > 1) field.values = {Sibling(*latest)};
  }
}

Effect effect_of_open(const oplog::Change& change) {
  if (change.form != oplog::PayloadForm::kPlain) return Effect::kBadPayload;
  const auto ops = oplog::read_open(change.payload);
  return ops ? Effect::kEffective : ops.error();
}

}  // namespace

struct Merger::Place {
  CollectionNumber collection;
  std::uint32_t index;
  std::uint64_t beginning;
  std::string_view key;

  [[nodiscard]] bool is_same_record(const Place& other) const {
    return collection == other.collection && beginning == other.beginning && key == other.key;
  }
  friend bool operator<(const Place& left, const Place& right) {
    if (left.collection != right.collection) return left.collection < right.collection;
    if (left.beginning != right.beginning) return left.beginning < right.beginning;
    const int keys = left.key.compare(right.key);
    return keys != 0 ? keys < 0 : left.index < right.index;
  }
};

/// A clear of the batch that is applied, with what is the same for each record that it concerns.
struct Merger::Clear {
  std::uint32_t index;  ///< into ops_
  Event event;
};

Merger::Merger(RecordTable& table, const Hasher& hasher, const std::vector<MergedLog>& logs,
               Options options)
    : table_(table), hasher_(hasher), options_(options), merged_(logs) {
  for (const MergedLog& log : logs) logs_.number_of(log.log);
}

bool Merger::holds(const LocalDot& dot) const {
  return dot.log < merged_.size() && merged_[dot.log].seq >= dot.seq;
}

void Merger::forget_counts() {
  counts_ = {};
  touched_.clear();
  voided_.clear();
  touched_all_ = true;
}

void Merger::touch(CollectionNumber collection, std::string_view key) {
  if (touched_.size() < options_.touched_max) {
    touched_.push_back({table_.collection_name(collection), std::string(key)});
  } else {
    touched_all_ = false;
  }
}

void Merger::note_void(CollectionNumber collection, std::string_view key) {
  if (!touched_all_) return;
  voided_.push_back({table_.collection_name(collection), std::string(key)});
}

// ---- taking

Context Merger::context_of(const oplog::Header& header, LogNumber log) {
  std::vector<Context::Entry> more;
  for (const oplog::ContextEntry& entry : header.context)
    if (const auto number = logs_.find(entry.log)) more.push_back({*number, entry.head.seq.value});
  std::sort(more.begin(), more.end());
  Context context = merged_[log].context;
  memory_bytes_ += context.raise(more);
  context.set_own(log, header.seq.value - 1);
  if (options_.bug == PlantedBug::kIgnoreContexts) return Context::everything();
  return context;
}

Result<Effect> Merger::take(const oplog::Change& change, const Cipher& cipher) {
  const oplog::Header& header = change.header;
  const LogNumber log = logs_.number_of(header.log);
  if (log == merged_.size()) merged_.push_back({header.log, 0, {}});
  MergedLog& merged = merged_[log];
  LANYARD_CHECK(header.seq.value == merged.seq + 1, "the changes of a log are taken one by one");
  merged.context = context_of(header, log);
  merged.seq = header.seq.value;
  ++counts_.changes;

  Effect effect = Effect::kEffective;
  if (header.kind == oplog::ChangeKind::kOpen) {
    effect = effect_of_open(change);
  } else {
    taken_.push_back({{log, header.seq.value}, header.timestamp, merged.context});
    Bytes opened_into;
    const oplog::Opened opened = oplog::open_payload(change, cipher, opened_into);
    effect = opened.effect;
    if (!opened_into.empty()) {
      memory_bytes_ += opened_into.size();
      memory_.push_back(std::move(opened_into));  // its bytes stay where they are
    }
    if (effect == Effect::kEffective) {
      LANYARD_TRY_SET(effect, take_ops(opened.plain, log, ops_.size()));
    }
  }
  if (effect != Effect::kEffective) ++counts_.without_effect;
  return effect;
}

/// Reads the whole change before anything of it counts.
Result<Effect> Merger::take_ops(ByteView plain, LogNumber log, std::size_t first) {
  oplog::OpReader in(plain);
  // No more than so many bytes can be: what a change declares takes no memory.
  constexpr std::size_t kOpBytesMin = 16;
  const std::size_t likely = std::min(in.count() / 2, plain.size() / kOpBytesMin);
  ops_.reserve(std::max(ops_.capacity(), first + likely));
  do {
    ops_.emplace_back();
  } while (in.next(ops_.back().op));
  ops_.pop_back();
  Effect effect = in.effect();
  if (effect == Effect::kEffective) {
    LANYARD_TRY_SET(const bool whole, join_chunks(in.depth_max(), first, log));
    if (!whole) effect = Effect::kMissingChunk;
  }
  if (effect != Effect::kEffective) {
    ops_.resize(first);
    return effect;
  }
  LANYARD_TRY(place_ops(first));
  return effect;
}

/// Gives the ops of an effective change their places. Chunks and ops on collections that nobody
/// wrote to have none.
Status Merger::place_ops(std::size_t first) {
  std::size_t kept = first;
  const std::string_view* previous = nullptr;
  for (std::size_t i = first; i < ops_.size(); ++i) {
    Waiting& waiting = ops_[i];
    const Op& op = waiting.op;
    ++counts_.ops;
    waiting.change = static_cast<std::uint32_t>(taken_.size() - 1);
    if (op.kind == OpKind::kChunk) continue;
    if (op.is_edit() && previous != nullptr && *previous == op.collection) {
      waiting.collection = ops_[kept - 1].collection;
    } else if (op.is_edit()) {
      LANYARD_TRY_SET(waiting.collection, table_.make_collection(op.collection));
    } else if (!op.whole_space) {
      LANYARD_TRY_SET(const auto found, table_.find_collection(op.collection));
      if (!found) continue;
      waiting.collection = *found;
    }
    if (op.is_edit()) LANYARD_TRY(table_.saw_fields(waiting.collection, op));
    if (kept != i) std::swap(ops_[kept], waiting);
    previous = ops_[kept].op.whole_space ? nullptr : &ops_[kept].op.collection;
    ++kept;
  }
  ops_.resize(kept);
  return {};
}

/// Puts the chunked values of a change's ops together. False if one is not whole.
Result<bool> Merger::join_chunks(std::size_t depth_max, std::size_t first, LogNumber log) {
  ChunkJoin join(table_, hasher_, log, depth_max);
  bool is_whole = true;
  for (std::size_t i = first; is_whole && i < ops_.size(); ++i) {
    LANYARD_TRY_SET(is_whole, join.take(ops_[i].op));
  }
  LANYARD_TRY(join.settle(is_whole));
  if (!is_whole) return false;
  for (Bytes& value : join.values()) memory_.push_back(std::move(value));
  memory_bytes_ += join.bytes();
  return true;
}

// ---- applying

Status Merger::flush() {
  Status merged = merge_waiting();
  ops_.clear();
  if (ops_.capacity() > kOpsKept) std::vector<Waiting>().swap(ops_);
  taken_.clear();
  memory_.clear();
  memory_bytes_ = 0;
  return merged;
}

/// Records are independent, so a batch may be merged in the order of keys. A clear takes its place
/// in the sequence of each record that it concerns: each of these is read and written once, however
/// many clears the batch has.
Status Merger::merge_waiting() {
  std::vector<Place> places;
  std::vector<Clear> clears;
  places.reserve(ops_.size());
  for (std::uint32_t i = 0; i < ops_.size(); ++i) {
    const std::string_view key = ops_[i].op.key;
    if (ops_[i].op.kind == OpKind::kClear) {
      clears.push_back({i, event_of(ops_[i])});
    } else {
      places.push_back({ops_[i].collection, i, beginning_of(key), key});
    }
  }
  std::sort(places.begin(), places.end());
  for (std::size_t i = 0; i < places.size();) {
    std::size_t to = i + 1;
    while (to < places.size() && places[to].is_same_record(places[i])) ++to;
    LANYARD_TRY(merge_record(std::span(places).subspan(i, to - i), clears));
    i = to;
  }
  return clears.empty() ? Status() : clear_others(places, clears);
}

Event Merger::event_of(const Waiting& waiting) const {
  const Taken& change = taken_[waiting.change];
  return {change.dot, change.timestamp, &change.context, logs_.local(waiting.op.unseen),
          logs_.local(waiting.op.revives)};
}

bool Merger::apply_one(Record& record, const Event& event, const Op& op) {
  DotSet voids;
  apply(record, event, op, voids);
  if (options_.bug == PlantedBug::kWallClockDecides) keep_latest_only(record);
  counts_.void_deletes += voids.size();
  return !voids.empty();
}

/// The clears among `clears` that concern a collection. Of those of one change that name no unseen
/// edits, the ones that no op of that change on a record of the batch divides come to the same: one
/// is enough. `places`: of the record they are for; none: of any that no other op is about.
std::vector<const Merger::Clear*> Merger::clears_of(CollectionNumber collection,
                                                    std::span<const Place> places,
                                                    const std::vector<Clear>& clears) const {
  std::vector<const Clear*> out;
  std::size_t next = 0;
  bool is_divided = true;
  for (const Clear& clear : clears) {
    const Waiting& waiting = ops_[clear.index];
    if (!waiting.op.whole_space && waiting.collection != collection) continue;
    for (; next < places.size() && places[next].index < clear.index; ++next) is_divided = true;
    const bool repeats = !is_divided && out.back()->event.dot == clear.event.dot &&
                         out.back()->event.unseen.empty() && clear.event.unseen.empty();
    is_divided = false;
    if (!repeats) out.push_back(&clear);
  }
  return out;
}

Status Merger::merge_record(std::span<const Place> places, const std::vector<Clear>& clears) {
  const auto [collection, index, beginning, key] = places.front();
  const Waiting& only = ops_[index];
  touch(collection, key);
  const std::vector<const Clear*> own_clears = clears_of(collection, places, clears);
  const bool simple = places.size() == 1 && writes_fields(only.op) && own_clears.empty();
  if (simple && fresh_luck_ >= 0) {
    const Taken& change = taken_[only.change];
    LANYARD_TRY_SET(const bool fresh,
                    table_.insert_fresh(collection, key, change.dot, change.timestamp, only.op));
    fresh_luck_ = std::clamp(fresh_luck_ + (fresh ? 1 : -2), -kLuckMax, kLuckMax);
    if (fresh) return {};
  }
  LANYARD_TRY_SET(StoredRecord stored, table_.load(collection, key));
  if (simple && stored.record.is_empty()) fresh_luck_ = std::min(fresh_luck_ + 1, kLuckMax);
  if (apply_in_turn(stored.record, places, own_clears)) note_void(collection, key);
  if (stored.record.is_empty()) return {};  // a delete of nothing
  return table_.save(collection, key, stored);
}

bool Merger::apply_in_turn(Record& record, std::span<const Place> places,
                           const std::vector<const Clear*>& clears) {
  bool has_void = false;
  auto clear = clears.begin();
  const auto clear_until = [&](std::size_t index) {
    for (; clear != clears.end() && (*clear)->index < index; ++clear)
      has_void = apply_one(record, (*clear)->event, ops_[(*clear)->index].op) || has_void;
  };
  for (const Place& place : places) {
    clear_until(place.index);
    const Waiting& waiting = ops_[place.index];
    has_void = apply_one(record, event_of(waiting), waiting.op) || has_void;
  }
  clear_until(ops_.size());
  return has_void;
}

/// Applies the clears to the records that no other op of the batch is about.
Status Merger::clear_others(const std::vector<Place>& places, const std::vector<Clear>& clears) {
  for (CollectionNumber i = 0; i < table_.collection_count(); ++i) {
    const std::vector<const Clear*> own_clears = clears_of(i, {}, clears);
    if (!own_clears.empty()) LANYARD_TRY(clear_collection(i, places, own_clears));
  }
  return {};
}

Status Merger::clear_collection(CollectionNumber collection, const std::vector<Place>& places,
                                const std::vector<const Clear*>& clears) {
  std::optional<std::string> after;
  while (true) {
    LANYARD_TRY_SET(const auto keys, table_.keys(collection, after, limits::kPageRows));
    for (const std::string& key : keys) {
      const Place first{collection, 0, beginning_of(key), key};
      const auto at = std::lower_bound(places.begin(), places.end(), first);
      if (at != places.end() && at->is_same_record(first)) continue;  // it was merged
      LANYARD_TRY(clear_record(collection, key, clears));
    }
    if (keys.size() < limits::kPageRows) return {};
    after = keys.back();
  }
}

/// A clear that is void for a record changes nothing of it: nothing is written then.
Status Merger::clear_record(CollectionNumber collection, const std::string& key,
                            const std::vector<const Clear*>& clears) {
  LANYARD_TRY_SET(StoredRecord stored, table_.load(collection, key));
  std::size_t voids = 0;
  for (const Clear* clear : clears)
    voids += apply_one(stored.record, clear->event, ops_[clear->index].op) ? 1 : 0;
  touch(collection, key);
  if (voids > 0) note_void(collection, key);
  return voids < clears.size() ? table_.save(collection, key, stored) : Status();
}

}  // namespace lanyard::merge
