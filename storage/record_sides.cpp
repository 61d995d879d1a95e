#include "storage/record_key.hpp"
#include "storage/record_rows.hpp"
#include "storage/varint.hpp"

/// The inbox and the trash of records.
namespace lanyard::storage {
namespace {

SideRow side_row(const Query& row) {
  SideRow out;
  out.field = row.text(0);
  out.kind = static_cast<merge::SlotKind>(row.integer(1));
  out.dot = {static_cast<merge::LogNumber>(row.integer(2)), row.natural(3)};
  out.value = row.text(4);
  out.timestamp = {row.natural(5)};
  return out;
}

/// What a query for one record finds. In the trash, column 6 has the deletes that hide a value.
Result<std::vector<SideRow>> side_rows(Query& query, merge::CollectionNumber collection,
                                       std::string_view key, bool is_trash) {
  const RecordKey bound_key(key);
  query.bind(collection);
  bound_key.bind_to(query);
  std::vector<SideRow> out;
  while (true) {
    LANYARD_TRY_SET(const bool more, query.next());
    if (!more) return out;
    out.push_back(side_row(query));
    if (!is_trash) continue;
    BlobReader in(query.blob(6));
    out.back().hidden_by = in.dots();
    LANYARD_TRY(in.finish("deletes of a row in the trash"));
  }
}

}  // namespace

Status RecordRows::delete_sides(merge::CollectionNumber collection, std::string_view key,
                                std::uint32_t marks) {
  const RecordKey bound_key(key);
  if ((marks & kMarkConflicts) != 0) {
    Query query(*database_, "DELETE FROM lanyard_conflicts WHERE collection = ? AND key = ?");
    query.bind(collection);
    bound_key.bind_to(query);
    LANYARD_TRY(query.run());
  }
  if ((marks & kMarkTrash) != 0) {
    Query query(*database_, "DELETE FROM lanyard_trash WHERE collection = ? AND key = ?");
    query.bind(collection);
    bound_key.bind_to(query);
    LANYARD_TRY(query.run());
  }
  return {};
}

Status RecordRows::insert_sides(merge::CollectionNumber collection, std::string_view key,
                                const RecordRowSet& rows) {
  const RecordKey bound_key(key);
  const auto bind = [&](Query& query, const SideRow& row) -> Query& {
    query.bind(std::string_view(row.field)).bind(static_cast<std::int64_t>(row.kind));
    query.bind(row.dot.log).bind(row.dot.seq).bind(std::string_view(row.value));
    query.bind(row.timestamp.value).bind(collection);
    bound_key.bind_to(query);
    return query;
  };
  for (const SideRow& row : rows.conflicts) {
    Query query(*database_,
                "INSERT INTO lanyard_conflicts (field, kind, log, seq, value, timestamp, "
                "collection, key) VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
    LANYARD_TRY(bind(query, row).run());
  }
  for (const SideRow& row : rows.trash) {
    Bytes hidden_by;
    write_dots(hidden_by, row.hidden_by);
    Query query(*database_,
                "INSERT INTO lanyard_trash (field, kind, log, seq, value, timestamp, collection, "
                "key, hidden_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
    LANYARD_TRY(bind(query, row).bind(ByteView(hidden_by)).run());
  }
  return {};
}

Result<std::vector<SideRow>> read_conflicts(Database& database, merge::CollectionNumber collection,
                                            std::string_view key) {
  Query query(database,
              "SELECT field, kind, log, seq, value, timestamp FROM lanyard_conflicts WHERE "
              "collection = ? AND key = ?");
  return side_rows(query, collection, key, false);
}

Result<std::uint64_t> count_conflicts(Database& database) {
  LANYARD_TRY_SET(const std::int64_t count,
                  database.number("SELECT count(*) FROM (SELECT DISTINCT collection, key, field "
                                  "FROM lanyard_conflicts)"));
  return static_cast<std::uint64_t>(count);
}

Result<std::vector<SideRow>> read_trash(Database& database, merge::CollectionNumber collection,
                                        std::string_view key) {
  Query query(database,
              "SELECT field, kind, log, seq, value, timestamp, hidden_by FROM lanyard_trash WHERE "
              "collection = ? AND key = ?");
  return side_rows(query, collection, key, true);
}

}  // namespace lanyard::storage
