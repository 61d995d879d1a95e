#include "storage/log_backwards.hpp"

#include "replication/types/canonical.hpp"

namespace lanyard::storage {

Result<std::optional<std::uint64_t>> read_backwards(Database& database, std::uint64_t before,
                                                    const UseChange& use,
                                                    const std::function<bool()>& is_late) {
  Query rows(database,
             "SELECT position, body FROM lanyard_log WHERE position < ? ORDER BY position DESC");
  rows.bind(before);
  while (true) {
    LANYARD_TRY_SET(const bool more, rows.next());
    if (!more) return std::nullopt;
    LANYARD_TRY_SET(const oplog::Pack pack, oplog::read_proven_pack(rows.blob(1)));
    const std::uint64_t first = rows.natural(0);
    for (std::size_t at = pack.changes.size(); at-- > 0;) {
      if (first + at >= before) continue;
      LANYARD_TRY_SET(const bool go_on, use(pack.changes[at]));
      if (!go_on) return first + at;
    }
    if (is_late()) return first;
  }
}

bool is_about(const oplog::Op& op, std::string_view collection, std::string_view key) {
  using oplog::OpKind;
  if (op.kind == OpKind::kChunk) return false;
  if (op.kind == OpKind::kClear) return op.whole_space || op.collection == collection;
  return op.collection == collection && op.key == key;
}

Result<bool> has_effect(Database& database, std::uint32_t log, Seq seq) {
  Query query(database, "SELECT 1 FROM lanyard_ineffective WHERE log = ? AND seq = ?");
  LANYARD_TRY_SET(const bool found, query.bind(log).bind(seq.value).next());
  return !found;
}

Result<Bytes> value_of(Database& database, const oplog::FieldValue& field, std::uint32_t log) {
  if (!field.chunked) return to_bytes(field.value);
  const Hash hash = Hash::from(field.value).value_or(Hash{});
  Query parts(database,
              "SELECT bytes FROM lanyard_chunks WHERE log = ? AND hash = ? ORDER BY part");
  parts.bind(log).bind(hash.view());
  Bytes out;
  while (true) {
    LANYARD_TRY_SET(const bool more, parts.next());
    if (!more) break;
    // A log may have brought more under this hash since.
    if (out.size() + parts.blob(0).size() > limits::kChunkedValueBytesMax) break;
    append(out, parts.blob(0));
  }
  CanonicalReader in(out, limits::kTextDepthMax);
  in.value();
  if (in.finish()) return out;
  // Of a change that has no effect, which is passed over, or of a log that has brought other bytes.
  out.clear();
  CanonicalWriter(out).nil();
  return out;
}

Result<std::map<LogId, NumberedLog>> numbered_logs(Database& database) {
  std::map<LogId, NumberedLog> out;
  Query query(database, "SELECT number, log, device FROM lanyard_logs");
  while (true) {
    LANYARD_TRY_SET(const bool more, query.next());
    if (!more) return out;
    out[query.fixed<LogId>(1)] = {static_cast<std::uint32_t>(query.natural(0)),
                                  query.fixed<DeviceId>(2)};
  }
}

}  // namespace lanyard::storage
