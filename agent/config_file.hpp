#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/config_keys.hpp"

namespace lanyard::agent {

/// One key as a file sets it, checked.
struct FileSetting {
  const ConfigKey* key = nullptr;
  ConfigValue value;
  std::size_t line = 0;
};

/// The whole text of a configuration file; nothing if there is none. kInvalidConfig for a folder, a
/// device, a file above 64 KiB or one that cannot be read: without reading it.
[[nodiscard]] Result<std::optional<std::string>> read_config_file(
    const std::filesystem::path& file);

/// Every setting of a text. `name` stands for it in messages.
[[nodiscard]] Result<std::vector<FileSetting>> parse_config(std::string_view text,
                                                            const std::string& name);

/// The text with one key set: its line replaced, or a line added to its table, or a table added.
/// `text` must parse.
[[nodiscard]] std::string with_setting(const std::string& text, const ConfigKey& key,
                                       const ConfigValue& value,
                                       const std::vector<FileSetting>& settings);

}  // namespace lanyard::agent
