#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "storage/member_sql.hpp"

/// Views with the columns of foreign schemas, over the collections in which compatibility listeners
/// keep their rows (docs/COMPAT.md). Pure.
namespace lanyard::storage {

struct CompatView {
  std::string name;
  std::string sql;  ///< as sqlite_schema has it
};

/// Those for which the collections (name -> number) are there, but for names of collections: those
/// have views of their own.
[[nodiscard]] std::vector<CompatView> compat_views(
    const std::map<std::string, std::int64_t>& collections, const ZeroFields& zeros);
/// The same for the `cloudapi` listener alone.
[[nodiscard]] std::vector<CompatView> cloudapi_views(
    const std::map<std::string, std::int64_t>& collections, const ZeroFields& zeros);

/// Whether such a view shows something that is made of this column, which is no record's value.
[[nodiscard]] bool is_read_by_compat_view(std::string_view view, std::string_view table,
                                          std::string_view column);

}  // namespace lanyard::storage
