#include "storage/record_rows.hpp"

/// Parts of values that were too large for one op.
namespace lanyard::storage {

Result<std::optional<RecordRows::Known>> RecordRows::known_chunk(merge::LogNumber log,
                                                                 const Hash& hash,
                                                                 std::uint64_t index,
                                                                 ByteView bytes) {
  // Lengths first: SQLite finds them without reading the bytes.
  Query query(*database_,
              "SELECT unused, length(bytes) = length(?4) AND bytes = ?4 FROM lanyard_chunks WHERE "
              "log = ?1 AND hash = ?2 AND part = ?3");
  LANYARD_TRY_SET(const bool found,
                  query.bind(log).bind(hash.view()).bind(index).bind(bytes).next());
  if (!found) return std::nullopt;
  return Known{query.natural(0), query.integer(1) != 0};
}

Result<std::optional<Bytes>> RecordRows::chunk(merge::LogNumber log, const Hash& hash,
                                               std::uint64_t index) {
  Query query(*database_,
              "SELECT bytes FROM lanyard_chunks WHERE log = ? AND hash = ? AND part = ?");
  query.bind(log).bind(hash.view()).bind(index);
  LANYARD_TRY_SET(const bool found, query.next());
  if (!found) return std::nullopt;
  return to_bytes(query.blob(0));
}

Status RecordRows::put_chunk(merge::LogNumber log, const Hash& hash, std::uint64_t index,
                             ByteView bytes, std::uint64_t unused) {
  Query query(*database_,
              "INSERT OR REPLACE INTO lanyard_chunks (log, hash, part, bytes, unused) VALUES (?, "
              "?, ?, ?, ?)");
  return query.bind(log).bind(hash.view()).bind(index).bind(bytes).bind(unused).run();
}

Status RecordRows::count_chunk(merge::LogNumber log, const Hash& hash, std::uint64_t index,
                               std::uint64_t unused) {
  Query query(*database_,
              "UPDATE lanyard_chunks SET unused = ?4 WHERE log = ?1 AND hash = ?2 AND part = ?3");
  return query.bind(log).bind(hash.view()).bind(index).bind(unused).run();
}

}  // namespace lanyard::storage
