#include "storage/sql_value.hpp"

#include "replication/types/canonical.hpp"
#include "replication/types/json_text.hpp"
#include "replication/types/value_order.hpp"

namespace lanyard::storage {
namespace {

/// Null, numbers, texts, bytes.
int rank(const SqlValue& value) {
  switch (value.index()) {
    case 0: return 0;
    case 1:
    case 2: return 1;
    default: return static_cast<int>(value.index());
  }
}

std::strong_ordering compare_any_numbers(const SqlValue& left, const SqlValue& right) {
  const auto* const left_whole = std::get_if<std::int64_t>(&left);
  const auto* const right_whole = std::get_if<std::int64_t>(&right);
  if (left_whole != nullptr && right_whole != nullptr) return *left_whole <=> *right_whole;
  if (left_whole != nullptr) return compare_numbers(*left_whole, std::get<double>(right));
  if (right_whole != nullptr) return 0 <=> compare_numbers(*right_whole, std::get<double>(left));
  return compare_numbers(std::get<double>(left), std::get<double>(right));
}

}  // namespace

std::strong_ordering compare_sql(const SqlValue& left, const SqlValue& right) {
  if (const auto order = rank(left) <=> rank(right); order != 0) return order;
  if (std::holds_alternative<std::monostate>(left)) return std::strong_ordering::equal;
  if (const auto* text = std::get_if<std::string>(&left))
    return compare(as_bytes(*text), as_bytes(std::get<std::string>(right)));
  if (const auto* bytes = std::get_if<Bytes>(&left)) return compare(*bytes, std::get<Bytes>(right));
  return compare_any_numbers(left, right);
}

void bind(Query& query, const SqlValue& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) {
    query.bind(*integer);
  } else if (const auto* real = std::get_if<double>(&value)) {
    query.bind(*real);
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    query.bind(std::string_view(*text));
  } else if (const auto* bytes = std::get_if<Bytes>(&value)) {
    query.bind(ByteView(*bytes));
  } else {
    query.bind_null();
  }
}

SqlValue value_of(const Query& row, int column) {
  switch (row.type(column)) {
    case Query::Type::kNull: return std::monostate{};
    case Query::Type::kInteger: return row.integer(column);
    case Query::Type::kReal: return row.real(column);
    case Query::Type::kText: return std::string(row.text(column));
    case Query::Type::kBlob: return to_bytes(row.blob(column));
  }
  return std::monostate{};
}

SqlValue sql_value_of(ByteView canonical) {
  using Kind = CanonicalReader::Kind;
  CanonicalReader in(canonical);
  switch (in.peek()) {
    case Kind::kBoolean: return std::int64_t{in.boolean()};
    case Kind::kInteger: return in.integer();
    case Kind::kReal: return in.real();
    case Kind::kText: return std::string(in.text());
    case Kind::kArray:
    case Kind::kMap: return to_json(canonical);
    default: return std::monostate{};
  }
}

}  // namespace lanyard::storage
