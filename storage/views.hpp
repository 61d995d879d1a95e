#pragma once

#include <string>
#include <utility>
#include <vector>

#include "storage/sqlite.hpp"

namespace lanyard::storage {

/// Makes the read-only view of each collection what it should be: named like the collection, with
/// the column `id` (the member, or else the key) and one for each top-level field seen. The result
/// depends on the collections and fields alone, not on the order in which they came. `notes`: what
/// has no view, and why. Inside the caller's transaction, which must not be one that merges.
[[nodiscard]] Status write_views(Database& database, std::vector<std::string>& notes);

/// Whether a collection of this name can have a view: it is one that people can write in SQL, and
/// stands for nothing else there.
[[nodiscard]] bool may_have_view(std::string_view collection);

/// A name as SQLite compares it: in small letters, of ASCII alone.
[[nodiscard]] std::string sql_name(std::string_view text);

/// Fields of a collection that were met, in the order of their bytes.
[[nodiscard]] Result<std::vector<std::string>> known_fields(Database& database,
                                                            std::int64_t collection);

/// What a view makes of them.
struct ViewColumns {
  std::vector<std::string> shown;  ///< beside `id`
  /// Not shown, and the column that has its name, as SQLite compares them.
  std::vector<std::pair<std::string, std::string>> twins;
  std::vector<std::string> unnamed;  ///< not shown: with quotes, backslashes or control characters
  std::size_t beyond = 0;            ///< not shown: limits::kViewColumnsMax others are
};
[[nodiscard]] ViewColumns columns_of(const std::vector<std::string>& fields);

}  // namespace lanyard::storage
