#pragma once

#include <optional>
#include <string_view>

#include "replication/types/result.hpp"

namespace lanyard::agent {

/// The error that error_text() made, out of what a program of ours printed before it ended; nothing
/// if there is none in it. So it is shown once, and not inside of another. Pure.
[[nodiscard]] std::optional<Error> printed_error(std::string_view output);

}  // namespace lanyard::agent
