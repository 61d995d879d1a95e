#include "storage/chunk_counts.hpp"

#include <algorithm>

#include "replication/merge/chunk_join.hpp"
#include "replication/types/limits.hpp"
#include "storage/log_backwards.hpp"

namespace lanyard::storage {
namespace {

/// Bodies that one piece reads, and what that is unpacked, beyond one row's. It is one transaction
/// of a few pages: enough of them that a long log takes a thousand, and little enough that a crash
/// repeats a moment's work.
constexpr std::uint64_t kCountedBytes = 8 * limits::kMiB;
/// What waits to be written, beyond that of one row.
constexpr std::size_t kCountedKeptBytesMax = 4 * limits::kMiB;
/// A part that waits: its name, its number, and what holds both.
constexpr std::size_t kKeptPerPart = 192;
static_assert(limits::kPackBodyBytesMax + kCountedKeptBytesMax < 16 * limits::kMiB);

/// What a piece counts of a row: it is kept until it is looked at.
std::uint64_t bytes_of(const LogRow& row) {
  return row.body_bytes + sizeof(LogRow) + row.parts.size() * sizeof(LogPart);
}

}  // namespace

Result<bool> has_uncounted_chunks(Database& database) {
  LANYARD_TRY_SET(const std::int64_t uncounted,
                  database.number("SELECT EXISTS (SELECT 1 FROM lanyard_chunk_count WHERE position "
                                  "IS NOT NULL)"));
  return uncounted != 0;
}

Status count_chunks_again(Database& database) {
  LANYARD_TRY_SET(const std::int64_t passed_over,
                  database.number("SELECT passed_over FROM lanyard_chunk_count"));
  if (passed_over == 0) return {};
  return database.execute(
      "DELETE FROM lanyard_chunk_uses; UPDATE lanyard_chunk_count SET position = 0, passed_over = "
      "0");
}

// ---- the parts, as counting finds them

const CountedChunks::Part* CountedChunks::find(const Name& name) const {
  for (const auto* parts : {&row_, &kept_})
    if (const auto found = parts->find(name); found != parts->end()) return &found->second;
  return nullptr;
}

Result<std::optional<CountedChunks::Known>> CountedChunks::known_chunk(merge::LogNumber log,
                                                                       const Hash& hash,
                                                                       std::uint64_t index,
                                                                       ByteView bytes) {
  const Part* const part = find({log, hash, index});
  if (part != nullptr && part->bytes) return Known{part->unused, equal(*part->bytes, bytes)};
  LANYARD_TRY_SET(auto known, stored_.known_chunk(log, hash, index, bytes));
  if (known && part != nullptr) known->unused = part->unused;
  return known;
}

Result<std::optional<Bytes>> CountedChunks::chunk(merge::LogNumber log, const Hash& hash,
                                                  std::uint64_t index) {
  const Part* const part = find({log, hash, index});
  if (part != nullptr && part->bytes) return part->bytes;
  return stored_.chunk(log, hash, index);
}

Status CountedChunks::put_chunk(merge::LogNumber log, const Hash& hash, std::uint64_t index,
                                ByteView bytes, std::uint64_t unused) {
  has_other_bytes_ = true;
  row_.insert_or_assign({log, hash, index}, Part{unused, to_bytes(bytes)});
  return {};
}

Status CountedChunks::count_chunk(merge::LogNumber log, const Hash& hash, std::uint64_t index,
                                  std::uint64_t unused) {
  const Name name{log, hash, index};
  const Part* const before = find(name);
  Part part = before != nullptr ? *before : Part{};
  part.unused = unused;
  row_.insert_or_assign(name, std::move(part));
  return {};
}

void CountedChunks::keep_row() {
  const auto bytes_of = [](const Part& part) {
    return kKeptPerPart + (part.bytes ? part.bytes->size() : 0);
  };
  while (!row_.empty()) {
    auto each = row_.extract(row_.begin());
    kept_bytes_ += bytes_of(each.mapped());
    const auto known = kept_.find(each.key());
    if (known == kept_.end()) {
      kept_.insert(std::move(each));
      continue;
    }
    kept_bytes_ -= bytes_of(known->second);
    known->second = std::move(each.mapped());
  }
  drop_row();
}

void CountedChunks::drop_row() {
  row_.clear();
  has_other_bytes_ = false;
}

Status CountedChunks::write() {
  for (const auto& [name, part] : kept_) {
    const auto& [log, hash, index] = name;
    LANYARD_TRY(part.bytes ? stored_.put_chunk(log, hash, index, *part.bytes, part.unused)
                           : stored_.count_chunk(log, hash, index, part.unused));
  }
  kept_.clear();
  kept_bytes_ = 0;
  return {};
}

// ---- counting

Status ChunkCounter::load() {
  Query logs(database_, "SELECT DISTINCT log FROM lanyard_chunks");
  while (true) {
    LANYARD_TRY_SET(const bool more, logs.next());
    if (!more) break;
    logs_.insert(static_cast<merge::LogNumber>(logs.natural(0)));
  }
  Query query(database_, "SELECT position, passed_over FROM lanyard_chunk_count");
  LANYARD_TRY_SET(const bool found, query.next());
  next_.reset();
  if (!found) return {};
  if (!query.is_null(0)) next_ = query.natural(0);
  passed_over_ = query.natural(1);
  return {};
}

/// Of a row of which nothing in the file says what it holds, nobody can tell.
bool ChunkCounter::may_be_in(const LogRow& row, merge::LogNumber log) {
  return row.parts.empty() || std::any_of(row.parts.begin(), row.parts.end(),
                                          [&](const LogPart& part) { return part.log == log; });
}

bool ChunkCounter::concerns(const LogRow& row) const {
  return row.parts.empty() ||
         std::any_of(row.parts.begin(), row.parts.end(),
                     [&](const LogPart& part) { return logs_.contains(part.log); });
}

bool ChunkCounter::is_piece_full() const {
  return plain_bytes_ > kCountedBytes || chunks_.kept_bytes() > kCountedKeptBytesMax ||
         !let_be_used_.empty();
}

/// Those of the next piece; where there are more behind them, the last is the first of these.
Result<std::vector<LogRow>> ChunkCounter::next_rows() {
  std::vector<LogRow> rows;
  std::uint64_t bytes = 0;
  LANYARD_TRY(tables_.log_rows().for_each(*next_, [&](const LogRow& row) -> Result<bool> {
    if (!concerns(row)) return true;
    rows.push_back(row);
    if (bytes > kCountedBytes) return false;
    bytes += bytes_of(row);
    return true;
  }));
  return rows;
}

Status ChunkCounter::count_some() {
  plain_bytes_ = 0;
  LANYARD_TRY_SET(const std::vector<LogRow> rows, next_rows());
  std::optional<std::uint64_t> behind;
  std::uint64_t bytes = 0;
  for (const LogRow& row : rows) {
    if (bytes > kCountedBytes || is_piece_full()) {
      behind = row.position;
      break;
    }
    bytes += bytes_of(row);
    LANYARD_TRY(take(row));
  }
  next_ = behind;
  return {};
}

/// One of which something is not as it was when it was merged is looked at closer: it rotted, or
/// its author has used what it had not sent.
Status ChunkCounter::take(const LogRow& row) {
  bool is_other = false;
  auto taken = take_changes(row, is_other);
  if (!taken && !taken.error().is(Code::kCorrupt)) return fail(taken.error());
  bool is_readable = taken && *taken;
  if (is_readable && (is_other || chunks_.has_other_bytes())) {
    LANYARD_TRY_SET(is_readable, care_.is_whole(row.position));
  } else if (!is_readable) {
    LANYARD_TRY(care_.is_whole(row.position));  // from now on it is known as damaged
  }
  if (!is_readable) {
    pass_over(row);
    return {};
  }
  is_as_merged_ = is_as_merged_ && !is_other;
  chunks_.keep_row();
  return {};
}

/// False: it cannot be read. `is_other`: some change has another effect than it had.
Result<bool> ChunkCounter::take_changes(const LogRow& row, bool& is_other) {
  LANYARD_TRY_SET(const Bytes body, tables_.log_rows().readable_body(row.position));
  const auto pack = oplog::read_proven_pack(body);
  if (!pack || pack->changes.size() != row.changes) return false;
  // The row may have been joined with those before it since they were counted.
  const std::uint64_t counted = *next_ > row.position ? *next_ - row.position : 0;
  for (std::uint64_t at = counted; at < row.changes; ++at) {
    plain_bytes_ += pack->changes[at].payload.size();
    LANYARD_TRY_SET(const bool is_same, take(pack->changes[at]));
    is_other = is_other || !is_same;
  }
  return true;
}

/// Whether it has the effect that it had.
Result<bool> ChunkCounter::take(const oplog::Change& change) {
  const auto log = tables_.merger().logs().find(change.header.log);
  if (!log) return false;
  if (change.header.kind != oplog::ChangeKind::kSealed || !logs_.contains(*log)) return true;
  LANYARD_TRY_SET(const bool had_effect, has_effect(database_, *log, change.header.seq));
  Bytes memory;
  const oplog::Opened opened = oplog::open_payload(change, ports_.cipher, memory);
  if (opened.effect != oplog::Effect::kEffective ||
      oplog::effect_of(opened.plain) != oplog::Effect::kEffective)
    return !had_effect;
  oplog::OpReader in(opened.plain);
  merge::ChunkJoin join(chunks_, ports_.hasher, *log, in.depth_max());
  bool is_whole = true;
  for (oplog::Op op; is_whole && in.next(op);) {
    LANYARD_TRY_SET(is_whole, join.take(op));
  }
  LANYARD_TRY(join.settle(is_whole));
  return is_whole || !had_effect;
}

void ChunkCounter::pass_over(const LogRow& row) {
  chunks_.drop_row();
  ++passed_over_;
  for (const merge::LogNumber log : logs_)
    if (may_be_in(row, log)) let_be_used_.push_back(log);
}

/// As often as a row has room for the part. In the file alone: a log may have sent any number.
Status ChunkCounter::let_be_used(merge::LogNumber log) {
  Query query(database_,
              "INSERT INTO lanyard_chunk_uses (log, hash, part, unused) SELECT log, hash, part, ?2 "
              "/ max(length(bytes), 1) FROM lanyard_chunks WHERE log = ?1 ON CONFLICT DO UPDATE "
              "SET unused = unused + excluded.unused");
  return query.bind(log).bind(std::uint64_t{limits::kPackBodyBytesMax}).run();
}

Status ChunkCounter::write() {
  LANYARD_TRY(chunks_.write());
  for (const merge::LogNumber log : let_be_used_) LANYARD_TRY(let_be_used(log));
  let_be_used_.clear();
  if (!next_ && passed_over_ == 0) return database_.execute("DELETE FROM lanyard_chunk_count");
  Query query(database_, "UPDATE lanyard_chunk_count SET position = ?, passed_over = ?");
  next_ ? query.bind(*next_) : query.bind_null();
  return query.bind(passed_over_).run();
}

}  // namespace lanyard::storage
