#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "replication/types/result.hpp"

/// What people may call spaces and devices. Pure.
namespace lanyard::storage {

/// kUsage unless it is 1 to limits::kNameBytesMax bytes of UTF-8 without control characters.
[[nodiscard]] Status check_name(std::string_view name);

/// kUsage for what no address can name, so that nothing is written that some door cannot reach:
/// "." and ".." lead to other places (RFC 3986, 5.2.4), also where they are escaped (URL Standard),
/// and U+0000 ends the text for many. `what`: a collection, a key.
[[nodiscard]] Status check_addressable(std::string_view name, const std::string& what);

/// What somebody else calls a thing, as far as it can be a name here: cut to its size at a whole
/// character; empty if it is not UTF-8 or has control characters.
[[nodiscard]] std::string name_from_outside(std::string_view said);

/// The name, or the first of "name (2)", "name (3)", ... that is not taken, cut to its size.
[[nodiscard]] std::string free_name(std::string_view name,
                                    const std::function<bool(const std::string&)>& is_taken);

}  // namespace lanyard::storage
