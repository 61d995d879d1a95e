#include <algorithm>
#include <bit>
#include <variant>

#include "replication/types/canonical.hpp"
#include "replication/types/json_text.hpp"
#include "replication/types/limits.hpp"
#include "storage/indexes.hpp"
#include "storage/record_key.hpp"
#include "storage/sqlite_reader.hpp"
#include "storage/varint.hpp"

/// Queries over one collection: conditions become SQL over json_extract, values stay parameters.
namespace lanyard::storage {
namespace {

/// First bytes of `dots` that say that the id was left out (dots_blob.cpp, kIdLeftOut).
constexpr const char* kIdLeftOut =
    "substr(dots,1,1) IN (x'02',x'03',x'06',x'07',x'0A',x'0B',x'0E',x'0F',x'12',x'13',x'16',x'17',"
    "x'1A',x'1B',x'1E',x'1F')";
constexpr const char* kKeyText =
    "CASE typeof(key) WHEN 'blob' THEN lower(substr(hex(key),1,8)||'-'||substr(hex(key),9,4)||'-'||"
    "substr(hex(key),13,4)||'-'||substr(hex(key),17,4)||'-'||substr(hex(key),21)) ELSE key END";

using Parameter = std::variant<std::monostate, std::int64_t, double, std::string>;

void bind(Query& query, const Parameter& parameter) {
  if (const auto* integer = std::get_if<std::int64_t>(&parameter)) {
    query.bind(*integer);
  } else if (const auto* real = std::get_if<double>(&parameter)) {
    query.bind(*real);
  } else if (const auto* text = std::get_if<std::string>(&parameter)) {
    query.bind(std::string_view(*text));
  } else {
    query.bind_null();
  }
}

/// SQL for the value and the type of one field.
struct FieldSql {
  std::string value;
  std::string type;
};

Result<FieldSql> field_sql(const std::string& field) {
  FieldSql sql;
  LANYARD_TRY_SET(sql.value, field_value_sql(field));
  sql.type = "json_type" + sql.value.substr(std::string_view("json_extract").size());
  if (field == "id") {
    const std::string when = std::string("CASE WHEN ") + kIdLeftOut + " THEN ";
    sql.value = when + kKeyText + " ELSE " + sql.value + " END";
    sql.type = when + "'text' ELSE " + sql.type + " END";
  }
  return sql;
}

class Builder {
 public:
  std::string sql;
  std::vector<Parameter> parameters;

  Status add(const Condition& condition) {
    LANYARD_TRY_SET(const FieldSql field, field_sql(condition.field));
    const bool in = condition.comparison == Comparison::kIn;
    if (!in && condition.values.size() != 1)
      return fail(Code::kUsage, "a condition compares with one value");
    sql += condition.comparison == Comparison::kNotEqual ? " AND NOT coalesce(" : " AND (";
    if (condition.values.empty()) sql += "0";
    for (std::size_t i = 0; i < condition.values.size(); ++i) {
      if (i > 0) sql += " OR ";
      LANYARD_TRY(add_value(field, condition.comparison, condition.values[i]));
    }
    sql += condition.comparison == Comparison::kNotEqual ? ",0)" : ")";
    return {};
  }

  void use(Parameter parameter) { parameters.push_back(std::move(parameter)); }

 private:
  static const char* sign(Comparison comparison) {
    switch (comparison) {
      case Comparison::kGreater: return ">";
      case Comparison::kGreaterOrEqual: return ">=";
      case Comparison::kLess: return "<";
      case Comparison::kLessOrEqual: return "<=";
      default: return "=";
    }
  }

  Status add_value(const FieldSql& field, Comparison comparison, ByteView value) {
    using Kind = CanonicalReader::Kind;
    CanonicalReader in(value);
    const Kind kind = in.peek();
    if (kind == Kind::kText) {
      return add_text(field, comparison, std::string(in.text()));
    }
    if (comparison == Comparison::kPrefix)
      return fail(Code::kUsage, "only a text can be the beginning of another");
    if (kind == Kind::kInteger || kind == Kind::kReal) {
      sql +=
          "(" + field.type + " IN ('integer','real') AND " + field.value + sign(comparison) + "?)";
      if (kind == Kind::kInteger) {
        use(in.integer());
      } else {
        use(in.real());
      }
      return {};
    }
    if (std::string_view(sign(comparison)) != "=")
      return fail(Code::kUsage, "only numbers and texts have an order");
    if (kind == Kind::kNil || kind == Kind::kBoolean) {
      const char* name = kind == Kind::kNil ? "null" : in.boolean() ? "true" : "false";
      sql += "(" + field.type + "='" + name + "')";
      return {};
    }
    sql += "(" + field.type + (kind == Kind::kArray ? "='array' AND " : "='object' AND ") +
           field.value + "=?)";
    use(to_json(value));
    return {};
  }

  Status add_text(const FieldSql& field, Comparison comparison, std::string text) {
    sql += "(" + field.type + "='text' AND ";
    if (comparison == Comparison::kPrefix) {
      sql += "substr(" + field.value + ",1,length(?))=?)";
      use(text);
    } else {
      sql += field.value + sign(comparison) + "?)";
    }
    use(std::move(text));
    return {};
  }
};

// ---- cursors: where a page ended, as hex: the value that orders (its type first), then the key

struct Cursor {
  Parameter order;
  std::string key;
};

std::string to_text(const Cursor& cursor) {
  Bytes out{static_cast<std::uint8_t>(cursor.order.index())};
  if (const auto* integer = std::get_if<std::int64_t>(&cursor.order))
    write_stamp(out, {static_cast<std::uint64_t>(*integer)});
  if (const auto* real = std::get_if<double>(&cursor.order))
    write_stamp(out, {std::bit_cast<std::uint64_t>(*real)});
  if (const auto* text = std::get_if<std::string>(&cursor.order)) {
    write_varint(out, text->size());
    append(out, as_bytes(*text));
  }
  append(out, as_bytes(cursor.key));
  return to_hex(out);
}

Result<Cursor> cursor_from_text(std::string_view text) {
  const auto bytes = from_hex(text);
  if (!bytes || bytes->empty()) return fail(Code::kUsage, "the cursor is not one of a page");
  BlobReader in(*bytes);
  const std::uint8_t type = in.byte();
  Cursor cursor;
  std::size_t size = 0;
  if (type == 1) cursor.order = static_cast<std::int64_t>(in.stamp().value);
  if (type == 2) cursor.order = std::bit_cast<double>(in.stamp().value);
  if (type == 3) size = in.count();
  std::string rest;
  while (!in.at_end() && !in.failed()) rest += static_cast<char>(in.byte());
  if (in.failed() || type > 3 || size > rest.size())
    return fail(Code::kUsage, "the cursor is not one of a page");
  if (type == 3) cursor.order = rest.substr(0, size);
  cursor.key = rest.substr(size);
  return cursor;
}

Parameter parameter_of(const Query& row, int column) {
  switch (row.type(column)) {
    case Query::Type::kInteger: return row.integer(column);
    case Query::Type::kReal: return row.real(column);
    case Query::Type::kText: return std::string(row.text(column));
    default: return std::monostate{};
  }
}

/// What comes behind the cursor. Nothing sorts before everything, as SQLite has it.
void add_behind(Builder& builder, const std::string& order, const Cursor& cursor, bool descending) {
  const std::string sign = descending ? "<" : ">";
  if (order.empty()) {
    builder.sql += " AND key" + sign + "?";
    return;
  }
  if (std::holds_alternative<std::monostate>(cursor.order)) {
    builder.sql += descending ? " AND (" + order + " IS NULL AND key<?)"
                              : " AND (" + order + " IS NOT NULL OR key>?)";
    return;
  }
  builder.sql += " AND (" + order + sign + "? OR " +
                 (descending ? order + " IS NULL OR (" : std::string("(")) + order + "=? AND key" +
                 sign + "?))";
  builder.use(cursor.order);
  builder.use(cursor.order);
}

}  // namespace

Result<RecordPage> SqliteSpaceReader::query(const RecordQuery& query) {
  Builder builder;
  for (const Condition& condition : query.where) LANYARD_TRY(builder.add(condition));
  FieldSql order;
  if (!query.order_field.empty()) {
    LANYARD_TRY_SET(order, field_sql(query.order_field));
  }
  std::optional<Cursor> cursor;
  if (!query.cursor.empty()) {
    LANYARD_TRY_SET(cursor, cursor_from_text(query.cursor));
    add_behind(builder, order.value, *cursor, query.descending);
  }
  const char* direction = query.descending ? " DESC" : "";
  const std::string by = order.value.empty() ? std::string() : order.value + direction + ",";
  const std::string sql = "SELECT key,value,dots," +
                          (order.value.empty() ? std::string("NULL") : order.value) +
                          " FROM lanyard_records WHERE collection=";
  // Its number as text: only so does SQLite see that an index of this collection holds all.
  const std::string behind_number =
      " AND value IS NOT NULL" + builder.sql + " ORDER BY " + by + "key" + direction + " LIMIT ?";
  const std::size_t limit = std::clamp<std::size_t>(query.limit, 1, limits::kPageRows);
  RecordPage page;
  LANYARD_TRY(at_one_moment([&]() -> Status {
    LANYARD_TRY_SET(const auto number, number_of(query.collection));
    if (!number) return {};
    Query rows(database_, sql + std::to_string(*number) + behind_number);
    for (const Parameter& parameter : builder.parameters) bind(rows, parameter);
    const RecordKey behind(cursor ? std::string_view(cursor->key) : std::string_view{});
    if (cursor) behind.bind_to(rows);
    rows.bind(std::uint64_t{limit + 1});
    Cursor last;
    std::size_t bytes = 0;
    while (true) {
      LANYARD_TRY_SET(const bool more, rows.next());
      if (!more) return {};
      if (page.records.size() == limit || bytes > limits::kPageBytes) {
        page.cursor = to_text(last);
        return {};
      }
      LANYARD_TRY_SET(ReadRecord record, record_of(rows, query.collection, *number));
      last = {parameter_of(rows, 3), record.key};
      bytes += record.json.size();
      page.records.push_back(std::move(record));
    }
  }));
  return page;
}

Result<std::uint64_t> SqliteSpaceReader::count(const RecordQuery& query) {
  Builder builder;
  for (const Condition& condition : query.where) LANYARD_TRY(builder.add(condition));
  std::uint64_t count = 0;
  LANYARD_TRY(at_one_moment([&]() -> Status {
    LANYARD_TRY_SET(const auto number, number_of(query.collection));
    if (!number) return {};
    Query rows(database_, "SELECT count(*) FROM lanyard_records WHERE collection=" +
                              std::to_string(*number) + " AND value IS NOT NULL" + builder.sql);
    for (const Parameter& parameter : builder.parameters) bind(rows, parameter);
    LANYARD_TRY(rows.next());
    count = rows.natural(0);
    return {};
  }));
  return count;
}

}  // namespace lanyard::storage
