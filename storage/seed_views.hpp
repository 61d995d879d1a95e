#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

/// Views with the columns of foreign schemas, over the collections in which compatibility listeners
/// keep their rows (docs/COMPAT.md). Pure.
namespace lanyard::storage {

struct SeedView {
  std::string name;
  std::string sql;  ///< as sqlite_schema has it
};

/// Those for which the collections (name -> number) are there, but for names of collections: those
/// have views of their own.
[[nodiscard]] std::vector<SeedView> seed_views(
    const std::map<std::string, std::int64_t>& collections);

}  // namespace lanyard::storage
