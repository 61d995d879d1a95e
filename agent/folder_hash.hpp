#pragma once

#include <string>
#include <string_view>

namespace lanyard::agent {

/// Sixteen hexadecimal digits by FNV-1a, only to give what belongs to each data folder a name of
/// its own.
[[nodiscard]] std::string folder_hash(std::string_view text);

}  // namespace lanyard::agent
