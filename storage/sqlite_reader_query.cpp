#include <algorithm>
#include <memory>

#include "replication/types/limits.hpp"
#include "replication/types/nearest_name.hpp"
#include "storage/indexes.hpp"
#include "storage/query_parts.hpp"
#include "storage/record_key.hpp"
#include "storage/record_rows.hpp"
#include "storage/sqlite_reader.hpp"

/// Queries over one collection: statements that find what the conditions are asked of, merged in
/// the query's order.
namespace lanyard::storage {
namespace {

constexpr std::int64_t kVersionWithOwnIds = 5;

/// A part that is being read, at its next record.
class PartRows {
 public:
  PartRows(Database& database, const QueryPart& part, const Where& where)
      : part_(part),
        rows_(database, "SELECT r.key,value,dots," + part.order + part.rows.text + " ORDER BY " +
                            part.order_by + " LIMIT ?") {
    if (!where.empty()) rows_.bind(where);
    for (const SqlValue& each : part_.rows.values) bind(rows_, each);
  }
  PartRows(const PartRows&) = delete;
  PartRows& operator=(const PartRows&) = delete;

  Status begin(std::size_t limit) {
    rows_.bind(std::uint64_t{limit});
    return next();
  }
  Status next() {
    LANYARD_TRY_SET(has_row_, rows_.next());
    if (!has_row_) return {};
    key_ = value_of(rows_, 0);
    order_ = value_of(rows_, 3);
    return {};
  }
  [[nodiscard]] bool has_row() const { return has_row_; }
  [[nodiscard]] const Query& row() const { return rows_; }
  [[nodiscard]] const SqlValue& order() const { return order_; }
  [[nodiscard]] bool is_before(const PartRows& other) const {
    const auto order = compare_sql(order_, other.order_);
    return order != 0 ? order < 0 : compare_sql(key_, other.key_) < 0;
  }

 private:
  const QueryPart& part_;  // whose values are bound
  Query rows_;
  bool has_row_ = false;
  SqlValue key_;
  SqlValue order_;
};

using AllParts = std::vector<std::unique_ptr<PartRows>>;

/// The part whose record comes first; nothing once all are read.
PartRows* first_of(const AllParts& parts, bool descending) {
  PartRows* first = nullptr;
  for (const auto& each : parts) {
    if (!each->has_row()) continue;
    if (first == nullptr || (descending ? first->is_before(*each) : each->is_before(*first)))
      first = each.get();
  }
  return first;
}

}  // namespace

Result<QueryGround> SqliteSpaceReader::ground_of(const RecordQuery& query,
                                                 merge::CollectionNumber number) {
  QueryGround ground;
  ground.collection = number;
  LANYARD_TRY_SET(const std::int64_t version, database_.number("PRAGMA user_version"));
  ground.has_own_ids = version >= kVersionWithOwnIds;
  if (!ground.has_own_ids) return ground;
  std::vector<std::string> fields{query.order_field};
  for (const Condition& each : query.where.conditions()) fields.push_back(each.field);
  for (const std::string& field : fields) {
    if (field.empty() || ground.indexed.contains(field)) continue;
    LANYARD_TRY_SET(const auto expression,
                    indexed_expression(database_, {query.collection, field}, number));
    if (expression) ground.indexed.emplace(field, *expression);
  }
  return ground;
}

Status SqliteSpaceReader::check_order(const RecordQuery& query, merge::CollectionNumber number) {
  if (!query.must_know_order || query.order_field.empty() || query.order_field == "id") return {};
  Query known(database_, "SELECT name FROM lanyard_fields WHERE collection = ? ORDER BY name");
  known.bind(number);
  std::vector<std::string> names;
  while (true) {
    LANYARD_TRY_SET(const bool more, known.next());
    if (!more) break;
    names.emplace_back(known.text(0));
  }
  const bool is_there = std::binary_search(names.begin(), names.end(), query.order_field);
  // Of many fields only the least are known.
  const bool may_be_there =
      names.empty() || (names.size() >= RecordRows::kFieldsMax && query.order_field > names.back());
  if (is_there || may_be_there) return {};
  const auto near = nearest_name(query.order_field, names);
  return fail(Code::kUsage,
              "no record of \"" + query.collection + "\" has a field \"" + query.order_field +
                  "\" to order by",
              near ? "Did you mean \"" + *near + "\"?" : std::string());
}

Result<std::optional<PageCursor>> SqliteSpaceReader::cursor_of(const RecordQuery& query,
                                                               merge::CollectionNumber number) {
  if (query.cursor.empty()) return std::nullopt;
  LANYARD_TRY_SET(PageCursor cursor, cursor_from_text(query.cursor, query, hasher_));
  if (!cursor.cut) return std::optional(std::move(cursor));
  Query row(database_, "SELECT value FROM lanyard_records WHERE collection = ? AND key = ?");
  row.bind(number);
  const RecordKey key(cursor.key);
  key.bind_to(row);
  LANYARD_TRY_SET(const bool found, row.next());
  if (!found || row.is_null(0)) return std::optional(std::move(cursor));
  SqlValue present = order_value(query, row.text(0), cursor.key);
  const auto* const text = std::get_if<std::string>(&present);
  // Where the text is another one by now, the page begins with all that begin like the old one:
  // some may come twice, and none is left out.
  if (text == nullptr || text->size() != cursor.cut->size ||
      hasher_.hash({as_bytes(*text)}) != cursor.cut->hash)
    return std::optional(std::move(cursor));
  cursor.order = std::move(present);
  cursor.cut.reset();
  return std::optional(std::move(cursor));
}

Status SqliteSpaceReader::read_page(const RecordQuery& query, merge::CollectionNumber number,
                                    RecordPage& page) {
  LANYARD_TRY(check_order(query, number));
  LANYARD_TRY_SET(const std::optional<PageCursor> cursor, cursor_of(query, number));
  LANYARD_TRY_SET(const QueryGround ground, ground_of(query, number));
  const std::vector<QueryPart> parts = parts_of(query, ground, cursor);
  const std::size_t limit = std::clamp<std::size_t>(query.limit, 1, limits::kPageRows);
  AllParts all;
  for (const QueryPart& part : parts) {
    all.push_back(std::make_unique<PartRows>(database_, part, query.where));
    LANYARD_TRY(all.back()->begin(limit + 1));
  }
  std::size_t bytes = 0;
  SqlValue last;
  while (PartRows* const next = first_of(all, query.descending)) {
    if (page.records.size() == limit || bytes > limits::kPageBytes) {
      page.cursor =
          to_text(cursor_at(std::move(last), page.records.back().key, hasher_), query, hasher_);
      return {};
    }
    LANYARD_TRY_SET(ReadRecord record, record_of(next->row(), query.collection, number));
    last = query.order_field.empty() ? SqlValue() : next->order();
    bytes += record.json.size();
    page.records.push_back(std::move(record));
    LANYARD_TRY(next->next());
  }
  return {};
}

Result<RecordPage> SqliteSpaceReader::query(const RecordQuery& query) {
  RecordPage page;
  if (!query.cursor.empty()) LANYARD_TRY(cursor_from_text(query.cursor, query, hasher_));
  LANYARD_TRY(at_one_moment([&]() -> Status {
    LANYARD_TRY_SET(const auto number, number_of(query.collection));
    return number ? read_page(query, *number, page) : Status();
  }));
  return page;
}

Result<std::uint64_t> SqliteSpaceReader::count(const RecordQuery& query) {
  RecordQuery all;
  all.collection = query.collection;
  all.where = query.where;
  std::uint64_t count = 0;
  LANYARD_TRY(at_one_moment([&]() -> Status {
    LANYARD_TRY_SET(const auto number, number_of(all.collection));
    if (!number) return {};
    LANYARD_TRY_SET(const QueryGround ground, ground_of(all, *number));
    for (const QueryPart& part : parts_of(all, ground, std::nullopt)) {
      Query rows(database_, "SELECT count(*)" + part.rows.text);
      if (!all.where.empty()) rows.bind(all.where);
      for (const SqlValue& each : part.rows.values) bind(rows, each);
      LANYARD_TRY(rows.next());
      count += rows.natural(0);
    }
    return {};
  }));
  return count;
}

}  // namespace lanyard::storage
