#include "storage/record_rows.hpp"

/// Parts of values that were too large for one op.
namespace lanyard::storage {

Status RecordRows::may_use_chunks() const {
  return chunk_doubt_ ? Status(fail(*chunk_doubt_)) : Status();
}

Result<std::optional<RecordRows::Known>> RecordRows::known_chunk(merge::LogNumber log,
                                                                 const Hash& hash,
                                                                 std::uint64_t index,
                                                                 ByteView bytes) {
  LANYARD_TRY(may_use_chunks());
  // Lengths first: SQLite finds them without reading the bytes.
  Query query(*database_,
              "SELECT u.unused, length(c.bytes) = length(?4) AND c.bytes = ?4 FROM lanyard_chunks "
              "c LEFT JOIN lanyard_chunk_uses u ON u.log = c.log AND u.hash = c.hash AND u.part = "
              "c.part WHERE c.log = ?1 AND c.hash = ?2 AND c.part = ?3");
  LANYARD_TRY_SET(const bool found,
                  query.bind(log).bind(hash.view()).bind(index).bind(bytes).next());
  if (!found) return std::nullopt;
  return Known{query.natural(0), query.integer(1) != 0};
}

Result<std::optional<Bytes>> RecordRows::chunk(merge::LogNumber log, const Hash& hash,
                                               std::uint64_t index) {
  LANYARD_TRY(may_use_chunks());
  Query query(*database_,
              "SELECT bytes FROM lanyard_chunks WHERE log = ? AND hash = ? AND part = ?");
  query.bind(log).bind(hash.view()).bind(index);
  LANYARD_TRY_SET(const bool found, query.next());
  if (!found) return std::nullopt;
  return to_bytes(query.blob(0));
}

Status RecordRows::put_chunk(merge::LogNumber log, const Hash& hash, std::uint64_t index,
                             ByteView bytes, std::uint64_t unused) {
  LANYARD_TRY(may_use_chunks());
  Query query(*database_,
              "INSERT OR REPLACE INTO lanyard_chunks (log, hash, part, bytes) VALUES (?, ?, ?, ?)");
  LANYARD_TRY(query.bind(log).bind(hash.view()).bind(index).bind(bytes).run());
  return count_chunk(log, hash, index, unused);
}

Status RecordRows::count_chunk(merge::LogNumber log, const Hash& hash, std::uint64_t index,
                               std::uint64_t unused) {
  LANYARD_TRY(may_use_chunks());
  if (unused == 0) {
    Query none(*database_,
               "DELETE FROM lanyard_chunk_uses WHERE log = ? AND hash = ? AND part = ?");
    return none.bind(log).bind(hash.view()).bind(index).run();
  }
  Query query(*database_,
              "INSERT OR REPLACE INTO lanyard_chunk_uses (log, hash, part, unused) VALUES (?, ?, "
              "?, ?)");
  return query.bind(log).bind(hash.view()).bind(index).bind(unused).run();
}

}  // namespace lanyard::storage
