#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lanyard::agent {

/// The words of a member's name, in small letters: "openAIApiKey" and "OPENAI_API_KEY" have "api"
/// and "key" in common. Pure.
[[nodiscard]] std::vector<std::string> words_of(std::string_view name);

/// Whether a member of this name holds what nobody else may have: API keys, passwords, tokens.
/// "maxTokens" counts, and "keyboard" is none. Pure.
[[nodiscard]] bool is_secret_name(std::string_view name);

/// Whether a text stands where an export has left a secret out: "***", "[redacted]". Pure.
[[nodiscard]] bool is_redaction(std::string_view text);

}  // namespace lanyard::agent
