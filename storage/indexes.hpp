#pragma once

#include <optional>
#include <string>
#include <vector>

#include "storage/sqlite.hpp"

/// Indexes that apps declare: of one field of one collection, on this device alone.
namespace lanyard::storage {

struct DeclaredIndex {
  std::string collection;
  std::string field;
  friend auto operator<=>(const DeclaredIndex&, const DeclaredIndex&) = default;
};

/// Most that one collection has.
inline constexpr std::size_t kIndexesOfCollectionMax = 16;

/// The expression of the index, as SQLite compares it with a query; nothing where none is declared.
[[nodiscard]] Result<std::optional<std::string>> indexed_expression(Database& database,
                                                                    const DeclaredIndex& index,
                                                                    std::int64_t collection);
[[nodiscard]] Result<std::vector<DeclaredIndex>> read_indexes(Database& database);
/// Notes the wish, or that it is none any more. kUsage, kTooLarge.
[[nodiscard]] Status note_index(Database& database, const DeclaredIndex& index, bool is_wanted);
/// Makes the indexes what was declared, as far as their collections are there. Inside the caller's
/// transaction.
[[nodiscard]] Status write_indexes(Database& database);

}  // namespace lanyard::storage
