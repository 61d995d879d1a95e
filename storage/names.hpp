#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "replication/types/result.hpp"

/// What people may call spaces and devices. Pure.
namespace lanyard::storage {

/// kUsage unless it is 1 to limits::kNameBytesMax bytes of UTF-8 without control characters.
[[nodiscard]] Status check_name(std::string_view name);

/// What somebody else calls a thing, as far as it can be a name here: cut to its size at a whole
/// character; empty if it is not UTF-8 or has control characters.
[[nodiscard]] std::string name_from_outside(std::string_view said);

/// The name, or the first of "name (2)", "name (3)", ... that is not taken, cut to its size.
[[nodiscard]] std::string free_name(std::string_view name,
                                    const std::function<bool(const std::string&)>& is_taken);

}  // namespace lanyard::storage
