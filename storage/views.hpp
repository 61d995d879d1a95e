#pragma once

#include "storage/sqlite.hpp"

namespace lanyard::storage {

/// Makes the read-only view of each collection what it should be: named like the collection, with
/// the column `id` (the member, or else the key) and one for each top-level field seen. The result
/// depends on the collections and fields alone, not on the order in which they came. `notes`: what
/// has no view, and why. Inside the caller's transaction, which must not be one that merges.
[[nodiscard]] Status write_views(Database& database, std::vector<std::string>& notes);

/// Whether a collection of this name can have a view.
[[nodiscard]] bool may_have_view(std::string_view collection);

}  // namespace lanyard::storage
