#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lanyard {

/// The known name that a person may have meant, by the letters to add, take out, change or swap;
/// nothing if none is near. Pure.
[[nodiscard]] std::optional<std::string> nearest_name(std::string_view wrong,
                                                      const std::vector<std::string>& known);

}  // namespace lanyard
