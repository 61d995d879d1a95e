#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "storage/sqlite.hpp"

namespace lanyard::storage {

/// What the views do not show of the collections that a statement names, a sentence each: nobody
/// should take a column that is not there for one that is empty. At most kViewNotesMax.
[[nodiscard]] Result<std::vector<std::string>> view_notes(Database& database, std::string_view sql);

inline constexpr std::size_t kViewNotesMax = 20;

}  // namespace lanyard::storage
