#include "storage/views.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <vector>

#include "replication/types/limits.hpp"
#include "storage/compat_views.hpp"
#include "storage/member_sql.hpp"
#include "storage/record_key.hpp"

namespace lanyard::storage {
namespace {

constexpr std::size_t kNameMax = 64;
/// Beyond this many, the schema that every connection reads would grow without end.
constexpr std::size_t kViewsMax = 1000;

/// Names that SQLite itself gives to what can be read like a table, or that are ours, or may become
/// so: a view would stand in their way. Not only those that this device's SQLite has: all members
/// have the same views.
constexpr auto kTakenNames = std::to_array<std::string_view>(
    {"bytecode", "carray", "completion", "csv", "dbstat", "fsdir", "generate_series", "json_each",
     "json_tree", "jsonb_each", "jsonb_tree", "prefixes", "spaces", "tables_used", "tree_ops",
     "wholenumber", "zipfile"});
constexpr auto kTakenBeginnings =
    std::to_array<std::string_view>({"fts3", "fts4", "fts5", "lanyard_", "pragma_", "sqlite_"});

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string view_sql(std::string_view name, const MembersOf& member,
                     const std::vector<std::string>& fields) {
  std::string sql = "CREATE VIEW " + sql_quoted(name, '"') + " AS SELECT coalesce(" + member("id") +
                    "," + key_sql("key") + ") AS id";
  for (const std::string& field : columns_of(fields).shown)
    sql += "," + member(field) + " AS " + sql_quoted(field, '"');
  return sql + " FROM lanyard_records WHERE collection=" + std::to_string(member.collection) +
         " AND value IS NOT NULL";
}

/// Name of each view that is there -> how it was made.
Result<std::map<std::string, std::string>> present_views(Database& database) {
  Query query(database, "SELECT name, sql FROM sqlite_schema WHERE type = 'view'");
  std::map<std::string, std::string> out;
  while (true) {
    LANYARD_TRY_SET(const bool more, query.next());
    if (!more) return out;
    out.emplace(query.text(0), query.text(1));
  }
}

Result<std::map<std::string, std::string>> wanted_views(Database& database,
                                                        std::vector<std::string>& notes) {
  LANYARD_TRY_SET(const ZeroFields zeros, ZeroFields::read(database));
  Query query(database, "SELECT number, name FROM lanyard_collections ORDER BY name");
  std::map<std::string, std::string> out;
  std::set<std::string> taken;
  std::map<std::string, std::int64_t> collections;
  while (true) {
    LANYARD_TRY_SET(const bool more, query.next());
    if (!more) break;
    const std::string name(query.text(1));
    collections.emplace(sql_name(name), query.integer(0));
    if (!may_have_view(name) || !taken.insert(sql_name(name)).second) continue;
    if (out.size() >= kViewsMax) {
      notes.emplace_back("there are more than 1,000 collections; the others have no view");
      return out;
    }
    LANYARD_TRY_SET(const auto fields, known_fields(database, query.integer(0)));
    out.emplace(name, view_sql(name, {query.integer(0), zeros}, fields));
  }
  for (CompatView& view : compat_views(collections, zeros))
    out.emplace(view.name, std::move(view.sql));
  return out;
}

}  // namespace

std::string sql_name(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

Result<std::vector<std::string>> known_fields(Database& database, std::int64_t collection) {
  Query query(database, "SELECT name FROM lanyard_fields WHERE collection = ? ORDER BY name");
  query.bind(collection);
  std::vector<std::string> out;
  while (true) {
    LANYARD_TRY_SET(const bool more, query.next());
    if (!more) return out;
    out.emplace_back(query.text(0));
  }
}

ViewColumns columns_of(const std::vector<std::string>& fields) {
  ViewColumns out;
  std::map<std::string, std::string> shown{{"id", "id"}};
  for (const std::string& field : fields) {
    if (field == "id") continue;
    const auto twin = shown.find(sql_name(field));
    if (!can_be_path(field)) {
      out.unnamed.push_back(field);
    } else if (twin != shown.end()) {
      out.twins.emplace_back(field, twin->second);
    } else if (shown.size() >= limits::kViewColumnsMax) {
      ++out.beyond;
    } else {
      shown.emplace(sql_name(field), field);
      out.shown.push_back(field);
    }
  }
  return out;
}

bool may_have_view(std::string_view collection) {
  if (collection.empty() || collection.size() > kNameMax || !is_letter(collection.front()))
    return false;
  const auto allowed = [](char c) { return is_letter(c) || is_digit(c); };
  if (!std::all_of(collection.begin(), collection.end(), allowed)) return false;
  const std::string name = sql_name(collection);
  return std::find(kTakenNames.begin(), kTakenNames.end(), name) == kTakenNames.end() &&
         std::none_of(kTakenBeginnings.begin(), kTakenBeginnings.end(),
                      [&](std::string_view begin) { return name.starts_with(begin); });
}

Status write_views(Database& database, std::vector<std::string>& notes) {
  LANYARD_TRY_SET(const auto present, present_views(database));
  LANYARD_TRY_SET(const auto wanted, wanted_views(database, notes));
  for (const auto& [name, sql] : present) {
    const auto same = wanted.find(name);
    if (same != wanted.end() && same->second == sql) continue;
    LANYARD_TRY(database.execute("DROP VIEW " + sql_quoted(name, '"')));
  }
  for (const auto& [name, sql] : wanted) {
    const auto same = present.find(name);
    if (same != present.end() && same->second == sql) continue;
    if (Status made = database.execute(sql); !made)
      notes.push_back("no view for the collection " + name + ": " + made.error().detail);
  }
  return {};
}

}  // namespace lanyard::storage
