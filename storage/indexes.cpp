#include "storage/indexes.hpp"

#include <algorithm>
#include <map>

#include "storage/member_sql.hpp"

namespace lanyard::storage {
namespace {

std::string index_sql(std::string_view name, const std::string& collection,
                      const std::string& value) {
  return "CREATE INDEX " + sql_quoted(name, '"') + " ON lanyard_records(" + value +
         ",key) WHERE collection=" + collection + " AND value IS NOT NULL";
}

/// Name of each index that is there -> how it was made.
Result<std::map<std::string, std::string>> present_indexes(Database& database) {
  Query query(database,
              "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND name GLOB "
              "'lanyard_by_*'");
  std::map<std::string, std::string> out;
  while (true) {
    LANYARD_TRY_SET(const bool more, query.next());
    if (!more) return out;
    out.emplace(query.text(0), query.text(1));
  }
}

Result<std::map<std::string, std::string>> wanted_indexes(Database& database) {
  LANYARD_TRY_SET(const ZeroFields zeros, ZeroFields::read(database));
  Query query(database,
              "SELECT c.number, i.field FROM lanyard_indexes i JOIN lanyard_collections c ON "
              "c.name = i.collection");
  std::map<std::string, std::string> out;
  while (true) {
    LANYARD_TRY_SET(const bool more, query.next());
    if (!more) return out;
    const std::string number = std::to_string(query.integer(0));
    const std::string name = "lanyard_by_" + number + "_" + to_hex(as_bytes(query.text(1)));
    const MembersOf member{query.integer(0), zeros};
    out.emplace(name, index_sql(name, number, member(query.text(1))));
  }
}

/// SQLite takes a condition on the collection for selective, and would rather sort what it finds by
/// that than use an index in whose order the rows are. These figures tell it otherwise; counting
/// would cost more and say the same.
Status write_statistics(Database& database, const std::map<std::string, std::string>& indexes) {
  LANYARD_TRY(database.execute(
      "ANALYZE lanyard_space;DELETE FROM sqlite_stat1 WHERE tbl='lanyard_records'"));
  if (indexes.empty()) return database.execute("ANALYZE sqlite_schema");
  std::string sql =
      "INSERT INTO sqlite_stat1(tbl,idx,stat) VALUES('lanyard_records',"
      "'sqlite_autoindex_lanyard_records_1','1000000 500000 1')";
  for (const auto& [name, made] : indexes)
    sql += ",('lanyard_records'," + sql_quoted(name, '\'') + ",'500000 20 1')";
  return database.execute(sql + ";ANALYZE sqlite_schema");
}

}  // namespace

Result<std::optional<std::string>> indexed_expression(Database& database,
                                                      const DeclaredIndex& index,
                                                      std::int64_t collection) {
  Query query(database,
              "SELECT EXISTS(SELECT 1 FROM lanyard_zero_fields WHERE collection = ? AND name = ?) "
              "FROM lanyard_indexes WHERE collection = ? AND field = ?");
  query.bind(collection).bind(std::string_view(index.field));
  query.bind(std::string_view(index.collection)).bind(std::string_view(index.field));
  LANYARD_TRY_SET(const bool is_declared, query.next());
  if (!is_declared) return std::nullopt;
  return member_sql(index.field, query.integer(0) != 0);
}

Result<std::vector<DeclaredIndex>> read_indexes(Database& database) {
  Query query(database, "SELECT collection, field FROM lanyard_indexes ORDER BY collection, field");
  std::vector<DeclaredIndex> out;
  while (true) {
    LANYARD_TRY_SET(const bool more, query.next());
    if (!more) return out;
    out.push_back({std::string(query.text(0)), std::string(query.text(1))});
  }
}

Status note_index(Database& database, const DeclaredIndex& index, bool is_wanted) {
  if (!can_be_path(index.field))
    return fail(Code::kUsage, "a field with quotes or control characters cannot have an index");
  if (index.field == "id")
    return fail(Code::kUsage, "records have an index by \"id\" already: it is their key");
  LANYARD_TRY_SET(const auto present, read_indexes(database));
  const bool is_present = std::find(present.begin(), present.end(), index) != present.end();
  const auto count = std::count_if(present.begin(), present.end(), [&](const auto& each) {
    return each.collection == index.collection;
  });
  if (is_wanted && !is_present && static_cast<std::size_t>(count) >= kIndexesOfCollectionMax)
    return fail(Code::kTooLarge, "a collection has at most 16 indexes", "Drop one of them.");
  Query insert(database, "INSERT OR IGNORE INTO lanyard_indexes (collection, field) VALUES (?, ?)");
  Query remove(database, "DELETE FROM lanyard_indexes WHERE collection = ? AND field = ?");
  Query& query = is_wanted ? insert : remove;
  return query.bind(std::string_view(index.collection)).bind(std::string_view(index.field)).run();
}

Status write_indexes(Database& database) {
  LANYARD_TRY_SET(const auto present, present_indexes(database));
  LANYARD_TRY_SET(const auto wanted, wanted_indexes(database));
  for (const auto& [name, sql] : present) {
    const auto same = wanted.find(name);
    if (same != wanted.end() && same->second == sql) continue;
    LANYARD_TRY(database.execute("DROP INDEX " + sql_quoted(name, '"')));
  }
  for (const auto& [name, sql] : wanted)
    if (!present.contains(name)) LANYARD_TRY(database.execute(sql));
  return present == wanted ? Status() : write_statistics(database, wanted);
}

}  // namespace lanyard::storage
