#pragma once

#include <filesystem>

#include "replication/types/result.hpp"

namespace lanyard::storage {

/// Ends a rescue() that was cut short after its copy was whole: the copy takes the file's place.
/// Nothing to do in all other cases. To be called before the file is opened.
[[nodiscard]] Status finish_rescue(const std::filesystem::path& file);

}  // namespace lanyard::storage
