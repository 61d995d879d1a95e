#pragma once

#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "storage/sqlite.hpp"

/// A member of a record in SQL that every SQLite can run, for views and indexes.
namespace lanyard::storage {

/// Whether a JSON path of SQLite can name the field: it compares with the text as it is written.
[[nodiscard]] bool can_be_path(std::string_view field);

/// The member of `value`, the JSON of a record: the same text in an index and in a query, or SQLite
/// would not know that they are the same. `has_zero`: some text of the field has U+0000, at which
/// json_extract of SQLite 3.40 ends; such texts are decoded around it, which takes longer.
[[nodiscard]] std::string member_sql(std::string_view field, bool has_zero);

/// Fields of which some record has, or had, a text with U+0000, by the number of their collection.
class ZeroFields {
 public:
  [[nodiscard]] static Result<ZeroFields> read(Database& database);
  [[nodiscard]] bool contains(std::int64_t collection, std::string_view field) const {
    return fields_.contains({collection, std::string(field)});
  }

 private:
  std::set<std::pair<std::int64_t, std::string>> fields_;
};

/// The members of one collection's records.
struct MembersOf {
  std::int64_t collection = 0;
  const ZeroFields& zeros;

  [[nodiscard]] std::string operator()(std::string_view field) const {
    return member_sql(field, zeros.contains(collection, field));
  }
};

}  // namespace lanyard::storage
