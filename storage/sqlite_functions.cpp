#include "storage/sqlite_functions.hpp"

#include <sqlite3.h>

#include "replication/types/ids.hpp"
#include "replication/types/json_text.hpp"
#include "storage/condition.hpp"
#include "storage/json_scan.hpp"
#include "storage/sql_value.hpp"

namespace lanyard::storage {
namespace {

std::string_view text_of(sqlite3_value* value) {
  const auto* const text = reinterpret_cast<const char*>(sqlite3_value_text(value));
  const int size = sqlite3_value_bytes(value);
  if (text == nullptr) return {};
  return {text, static_cast<std::size_t>(size)};
}

/// A key column (record_key.hpp) as text.
std::string key_of(sqlite3_value* value) {
  if (sqlite3_value_type(value) != SQLITE_BLOB) return std::string(text_of(value));
  const auto* const bytes = static_cast<const std::uint8_t*>(sqlite3_value_blob(value));
  const int size = sqlite3_value_bytes(value);
  return to_text(SpaceId::from({bytes, static_cast<std::size_t>(size)}).value_or(SpaceId{}));
}

void meets(sqlite3_context* context, int, sqlite3_value** values) {
  const auto* const where =
      static_cast<const Where*>(sqlite3_value_pointer(values[0], kWherePointer));
  if (where == nullptr) return sqlite3_result_null(context);
  const std::string key = where->asks_for_id() ? key_of(values[2]) : std::string();
  sqlite3_result_int(context, where->is_met_by(text_of(values[1]), key) ? 1 : 0);
}

void give(sqlite3_context* context, const SqlValue& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) {
    sqlite3_result_int64(context, *integer);
  } else if (const auto* real = std::get_if<double>(&value)) {
    sqlite3_result_double(context, *real);
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    sqlite3_result_text64(context, text->data(), text->size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  } else {
    sqlite3_result_null(context);
  }
}

void member(sqlite3_context* context, int, sqlite3_value** values) {
  const auto found = find_member(text_of(values[0]), text_of(values[1]));
  if (!found) return sqlite3_result_null(context);
  // Arrays and objects stand there as they are shown.
  if (found->starts_with('{') || found->starts_with('['))
    return sqlite3_result_text64(context, found->data(), found->size(), SQLITE_TRANSIENT,
                                 SQLITE_UTF8);
  const auto value = from_json(*found);
  value ? give(context, sql_value_of(*value)) : sqlite3_result_null(context);
}

}  // namespace

int make_record_functions(sqlite3* handle) {
  constexpr int kFlags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY;
  const int made = sqlite3_create_function_v2(handle, "lanyard_meets", 3, kFlags, nullptr, meets,
                                              nullptr, nullptr, nullptr);
  if (made != SQLITE_OK) return made;
  return sqlite3_create_function_v2(handle, "lanyard_member", 2, kFlags, nullptr, member, nullptr,
                                    nullptr, nullptr);
}

}  // namespace lanyard::storage
