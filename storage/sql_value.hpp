#pragma once

#include <compare>
#include <string>
#include <variant>

#include "storage/sqlite.hpp"

/// Values as SQLite has them in a statement's parameters and columns.
namespace lanyard::storage {

/// Null, a number, a text, or bytes.
using SqlValue = std::variant<std::monostate, std::int64_t, double, std::string, Bytes>;

/// In SQLite's order: null, numbers by their mathematical value, texts by their bytes, bytes.
[[nodiscard]] std::strong_ordering compare_sql(const SqlValue& left, const SqlValue& right);

/// The value lives as long as the query.
void bind(Query& query, const SqlValue& value);
[[nodiscard]] SqlValue value_of(const Query& row, int column);

/// What json_extract makes of a canonical value, but a text whole, also behind U+0000: true and
/// false are 1 and 0, arrays and objects their JSON.
[[nodiscard]] SqlValue sql_value_of(ByteView canonical);

}  // namespace lanyard::storage
