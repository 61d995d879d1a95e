#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "agent/json_writer.hpp"
#include "storage/space_reader.hpp"

/// What the server says on /v1/live (docs/API.md). Pure.
namespace lanyard::agent {

/// {"type","id","cursor", ...}: `id` is the client's own, or empty for null, as is `cursor`.
[[nodiscard]] JsonWriter begin_frame(std::string_view type, std::string_view id,
                                     std::string_view cursor);
[[nodiscard]] std::string error_frame(std::string_view id, const Error& error);
/// A record as it is now; value null: it is not there any more.
[[nodiscard]] std::string change_frame(std::string_view id, std::string_view cursor,
                                       const storage::ReadRecord& record);

}  // namespace lanyard::agent
