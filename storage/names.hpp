#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "replication/types/ids.hpp"
#include "replication/types/result.hpp"

/// What people may call spaces and devices. Pure.
namespace lanyard::storage {

/// The name without white space at its ends and without what nobody sees: bidirectional controls,
/// characters without width or with nothing to show, and composed (NFC): an accent that is typed as
/// a character of its own is a part of its letter. Two names that look alike by these alone are
/// one. What is not UTF-8 stays as it is.
[[nodiscard]] std::string tidy_name(std::string_view name);

/// Whether a person who reads the name takes it for a device's id, or the beginning of one as lists
/// show it: groups of four of its letters, or all of them with or without dashes. In either case.
[[nodiscard]] bool reads_like_device_id(std::string_view name);
/// Letters and digits of what may be a device's id, with the spellings that Crockford allows: what
/// is typed is an id's beginning if this begins the same of the id.
[[nodiscard]] std::string device_id_letters(std::string_view text);
/// The space that a text means if it reads like a space's id: in either case, with dashes or
/// without, in braces or not.
[[nodiscard]] std::optional<SpaceId> space_id_of(std::string_view name);

/// tidy_name() of what a person here calls a device or a space. kUsage as check_name(), and for one
/// that reads like an id: what is meant for that id would come to whoever has the name.
[[nodiscard]] Result<std::string> device_name(std::string_view name);
[[nodiscard]] Result<std::string> space_name(std::string_view name);

/// kUsage unless it is 1 to limits::kNameBytesMax bytes of UTF-8 without control characters.
[[nodiscard]] Status check_name(std::string_view name);

/// kUsage for what no address can name, so that nothing is written that some door cannot reach:
/// "." and ".." lead to other places (RFC 3986, 5.2.4), also where they are escaped (URL Standard),
/// and U+0000 ends the text for many. `what`: a collection, a key.
[[nodiscard]] Status check_addressable(std::string_view name, const std::string& what);

/// What somebody else calls itself or a space, as far as it can be a name here: tidy, cut to its
/// size at a whole character; empty if it is not UTF-8, has control characters, or reads like an
/// id.
[[nodiscard]] std::string device_name_from_outside(std::string_view said);
[[nodiscard]] std::string space_name_from_outside(std::string_view said);

/// The name, or the first of "name (2)", "name (3)", ... that is not taken, cut to its size.
[[nodiscard]] std::string free_name(std::string_view name,
                                    const std::function<bool(const std::string&)>& is_taken);

}  // namespace lanyard::storage
