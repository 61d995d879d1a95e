#include "storage/log_rows.hpp"

#include <algorithm>
#include <limits>

#include "replication/types/check.hpp"
#include "storage/varint.hpp"

namespace lanyard::storage {

LogRowContent content_of(std::span<const oplog::Change> changes, const merge::LogTable& logs) {
  LogRowContent out;
  std::map<LogId, std::size_t> places;
  std::vector<Bytes> hashes;
  for (const oplog::Change& change : changes) {
    const auto [at, is_new] = places.try_emplace(change.header.log, out.parts.size());
    if (is_new) {
      const auto number = logs.find(change.header.log);
      LANYARD_CHECK(number, "a log is numbered before its changes are stored");
      out.parts.push_back({*number, change.header.seq.value, 0});
      hashes.emplace_back();
    }
    ++out.parts[at->second].count;
    append(hashes[at->second], change.hash.view());
  }
  for (const Bytes& each : hashes) append(out.hashes, each);
  return out;
}

Bytes encode_parts(const std::vector<LogPart>& parts) {
  Bytes out;
  for (const LogPart& part : parts) {
    write_varint(out, part.log);
    write_varint(out, part.first);
    write_varint(out, part.count);
  }
  return out;
}

Result<std::vector<LogPart>> decode_parts(ByteView blob) {
  BlobReader in(blob);
  std::vector<LogPart> out;
  while (!in.at_end() && !in.failed()) {
    LogPart part;
    part.log = static_cast<merge::LogNumber>(in.varint());
    part.first = in.varint();
    part.count = in.varint();
    out.push_back(part);
  }
  LANYARD_TRY(in.finish("logs of a row of the log"));
  return out;
}

namespace {

/// Whether these can be the parts of a row with so many changes, where so many logs are known.
/// Bytes that rotted may decode to anything.
bool can_be_parts(const std::vector<LogPart>& parts, std::uint64_t changes, std::uint64_t logs) {
  std::uint64_t left = changes;
  for (const LogPart& part : parts) {
    constexpr std::uint64_t kMax = std::numeric_limits<std::int64_t>::max();
    const bool is_good = part.log < logs && part.first > 0 && part.count > 0 &&
                         part.count <= left && part.first <= kMax - part.count;
    if (!is_good) return false;
    left -= part.count;
  }
  return left == 0;
}

}  // namespace

Status LogRows::load() {
  noted_.clear();
  LANYARD_TRY_SET(const std::int64_t end,
                  database_.number("SELECT position + changes FROM lanyard_log ORDER BY position "
                                   "DESC LIMIT 1"));
  end_ = static_cast<std::uint64_t>(end);
  return {};
}

Status LogRows::insert(std::uint64_t position, ByteView body,
                       std::span<const oplog::Change> changes, const merge::LogTable& logs) {
  const LogRowContent content = content_of(changes, logs);
  const Bytes parts = encode_parts(content.parts);
  Query row(database_,
            "INSERT INTO lanyard_log (position, changes, logs, hashes, body) VALUES (?, ?, ?, ?, "
            "?)");
  LANYARD_TRY(row.bind(position)
                  .bind(std::uint64_t{changes.size()})
                  .bind(ByteView(parts))
                  .bind(ByteView(content.hashes))
                  .bind(body)
                  .run());
  for (const LogPart& part : content.parts) {
    Query index(database_, "INSERT INTO lanyard_log_index (log, first, position) VALUES (?, ?, ?)");
    LANYARD_TRY(index.bind(part.log).bind(part.first).bind(position).run());
  }
  return {};
}

Status LogRows::append(ByteView body, std::span<const oplog::Change> changes,
                       const merge::LogTable& logs) {
  LANYARD_TRY(insert(end_, body, changes, logs));
  end_ += changes.size();
  noted_.clear();
  return {};
}

Status LogRows::replace(std::span<const LogRow> rows, std::span<const NewRow> by,
                        const merge::LogTable& logs) {
  for (const LogRow& row : rows) {
    for (const LogPart& part : row.parts) {
      Query each(database_, "DELETE FROM lanyard_log_index WHERE log = ? AND first = ?");
      LANYARD_TRY(each.bind(part.log).bind(part.first).run());
    }
    Query drop(database_, "DELETE FROM lanyard_log WHERE position = ?");
    LANYARD_TRY(drop.bind(row.position).run());
  }
  std::uint64_t position = rows.front().position;
  for (const NewRow& row : by) {
    LANYARD_TRY(insert(position, row.body, row.changes, logs));
    position += row.changes.size();
  }
  return {};
}

Status LogRows::label(const LogRow& row, const LogRowContent& content) {
  const Bytes parts = encode_parts(content.parts);
  Query query(database_, "UPDATE lanyard_log SET logs = ?, hashes = ? WHERE position = ?");
  return query.bind(ByteView(parts)).bind(ByteView(content.hashes)).bind(row.position).run();
}

Result<Hash> LogRows::hash_of(const merge::LocalDot& dot) {
  const auto noted = noted_.find(dot);
  if (noted != noted_.end()) return noted->second;
  Query query(database_,
              "SELECT logs, hashes FROM lanyard_log WHERE position = (SELECT position FROM "
              "lanyard_log_index WHERE log = ? AND first <= ? ORDER BY first DESC LIMIT 1)");
  LANYARD_TRY_SET(const bool found, query.bind(dot.log).bind(dot.seq).next());
  if (!found) return fail(Code::kCorrupt, "the log does not hold a change that a record names");
  LANYARD_TRY_SET(const auto parts, decode_parts(query.blob(0)));
  const ByteView hashes = query.blob(1);
  std::uint64_t before = 0;
  for (const LogPart& part : parts) {
    const bool here =
        part.log == dot.log && dot.seq >= part.first && dot.seq - part.first < part.count;
    const std::uint64_t at = before + dot.seq - part.first;
    if (here && at < hashes.size() / Hash::kSize)
      return Hash::from(hashes.subspan(at * Hash::kSize, Hash::kSize)).value_or(Hash{});
    before += part.count;
  }
  return fail(Code::kCorrupt, "the log does not hold a change that a record names");
}

Result<std::uint64_t> LogRows::row_of(const merge::LocalDot& dot) {
  Query query(database_,
              "SELECT position FROM lanyard_log_index WHERE log = ? AND first <= ? ORDER BY first "
              "DESC LIMIT 1");
  LANYARD_TRY_SET(const bool found, query.bind(dot.log).bind(dot.seq).next());
  if (!found) return fail(Code::kCorrupt, "the log does not hold a change that it should");
  return query.natural(0);
}

Status LogRows::for_each(std::uint64_t position,
                         const std::function<Result<bool>(const LogRow&)>& use) {
  LANYARD_TRY_SET(const std::int64_t logs,
                  database_.number("SELECT coalesce(max(number) + 1, 0) FROM lanyard_logs"));
  // A position inside a row: it was folded since the caller was told.
  Query query(database_,
              "SELECT position, changes, logs, length(body) FROM lanyard_log WHERE position >= "
              "coalesce((SELECT max(position) FROM lanyard_log WHERE position <= ?), 0) ORDER BY "
              "position");
  query.bind(position);
  while (true) {
    LANYARD_TRY_SET(const bool more, query.next());
    if (!more) return {};
    LogRow row{query.natural(0), query.natural(1), query.natural(3), {}};
    LANYARD_TRY_SET(row.parts, parts_of(row, query.blob(2), static_cast<std::uint64_t>(logs)));
    LANYARD_TRY_SET(const bool go_on, use(row));
    if (!go_on) return {};
  }
}

/// As the row says it, or else the index.
Result<std::vector<LogPart>> LogRows::parts_of(const LogRow& row, ByteView label,
                                               std::uint64_t logs) {
  auto said = decode_parts(label);
  if (said && can_be_parts(*said, row.changes, logs)) return std::move(*said);
  LANYARD_TRY_SET(auto indexed, parts_by_index(row.position));
  if (!can_be_parts(indexed, row.changes, logs)) indexed.clear();
  return indexed;
}

/// For a row whose own word of it is damaged: up to where the next row of each log begins, or to
/// the log's end.
Result<std::vector<LogPart>> LogRows::parts_by_index(std::uint64_t position) {
  Query query(database_,
              "SELECT i.log, i.first, coalesce("
              "(SELECT min(n.first) FROM lanyard_log_index n WHERE n.log = i.log AND n.first > "
              "i.first), "
              "(SELECT l.seq + 1 FROM lanyard_logs l WHERE l.number = i.log)) - i.first "
              "FROM lanyard_log_index i WHERE i.position = ? ORDER BY i.log");
  query.bind(position);
  std::vector<LogPart> out;
  while (true) {
    LANYARD_TRY_SET(const bool more, query.next());
    if (!more) return out;
    out.push_back(
        {static_cast<merge::LogNumber>(query.integer(0)), query.natural(1), query.natural(2)});
  }
}

Result<Bytes> LogRows::hashes(std::uint64_t position) {
  Query query(database_, "SELECT hashes FROM lanyard_log WHERE position = ?");
  LANYARD_TRY_SET(const bool found, query.bind(position).next());
  if (!found) return fail(Code::kCorrupt, "a row of the log is missing");
  return to_bytes(query.blob(0));
}

Result<Bytes> LogRows::body(std::uint64_t position) {
  Query query(database_, "SELECT body FROM lanyard_log WHERE position = ?");
  LANYARD_TRY_SET(const bool found, query.bind(position).next());
  if (!found) return fail(Code::kCorrupt, "a row of the log is missing");
  return to_bytes(query.blob(0));
}

Result<Bytes> LogRows::readable_body(std::uint64_t position) {
  auto read = body(position);
  if (!read && read.error().is(Code::kCorrupt)) return Bytes{};
  return read;
}

}  // namespace lanyard::storage
