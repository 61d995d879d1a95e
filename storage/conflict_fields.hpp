#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "replication/merge/record_table.hpp"
#include "storage/sqlite.hpp"

namespace lanyard::storage {

/// Names of the record's fields that have more than one visible value, sorted by their bytes.
[[nodiscard]] Result<std::vector<std::string>> conflict_fields(Database& database,
                                                               merge::CollectionNumber collection,
                                                               std::string_view key);

}  // namespace lanyard::storage
