#include "storage/member_sql.hpp"

#include <algorithm>

namespace lanyard::storage {
namespace {

/// The text that a JSON string stands for. U+0000 is U+0001 and "b" while json_extract decodes it,
/// and U+0001 itself U+0001 and "a"; that a backslash is spelled as a number first keeps it from
/// being taken for the beginning of either.
std::string decoded_sql(const std::string& string) {
  return "replace(replace(json_extract(replace(replace(replace(" + string +
         ",'\\\\','\\u005c'),'\\u0001','\\u0001a'),'\\u0000','\\u0001b'),'$'),char(1)||'b',char(0))"
         ",char(1)||'a',char(1))";
}

}  // namespace

bool can_be_path(std::string_view field) {
  return !field.empty() && std::none_of(field.begin(), field.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\';
  });
}

std::string member_sql(std::string_view field, bool has_zero) {
  const std::string path = sql_quoted("$.\"" + std::string(field) + "\"", '\'');
  const std::string plain = "json_extract(value," + path + ")";
  if (!has_zero) return plain;
  const std::string spelled = "value->" + path;
  return "CASE WHEN instr(" + spelled + ",'\\u0000') AND json_type(value," + path +
         ")='text' THEN " + decoded_sql(spelled) + " ELSE " + plain + " END";
}

Result<ZeroFields> ZeroFields::read(Database& database) {
  ZeroFields out;
  Query query(database, "SELECT collection, name FROM lanyard_zero_fields");
  while (true) {
    LANYARD_TRY_SET(const bool more, query.next());
    if (!more) return out;
    out.fields_.emplace(query.integer(0), query.text(1));
  }
}

}  // namespace lanyard::storage
