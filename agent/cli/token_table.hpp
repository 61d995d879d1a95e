#pragma once

#include "agent/cli/json_read.hpp"

/// How tokens are shown to people. Pure.
namespace lanyard::agent {

/// "notes rw, chats r, manage"
[[nodiscard]] std::string rights_text(const Json& token);
/// A row for each of `tokens`, as the agent lists them, below one of headings.
[[nodiscard]] std::vector<std::vector<std::string>> token_rows(const Json& tokens,
                                                               std::int64_t now_ms);

}  // namespace lanyard::agent
