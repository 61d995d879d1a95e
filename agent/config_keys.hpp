#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "replication/types/result.hpp"

/// Every key of the configuration with its default, unit and range:
/// those that something reads today. A new key is one row here, and one line in Config.
namespace lanyard::agent {

enum class KeyType { kText, kInteger, kBoolean, kList, kChoice };

struct ConfigKey {
  std::string_view name;  ///< "sync.port": the table and the key in it
  KeyType type = KeyType::kText;
  std::string_view default_text = {};  ///< as it is written in the file; empty: see `help`
  std::string_view unit = {};
  std::int64_t min = 0;
  std::int64_t max = 0;
  std::vector<std::string_view> choices = {};
  std::string_view help;
  /// The rule on a text, or on each element of a list, that its type does not say. The answer is
  /// what is wrong with it, or nothing.
  std::optional<std::string> (*rule)(std::string_view value) = nullptr;
};

[[nodiscard]] std::span<const ConfigKey> config_keys();
[[nodiscard]] const ConfigKey* find_config_key(std::string_view name);
/// "LANYARD_SYNC_PORT" for "sync.port".
[[nodiscard]] std::string variable_of(const ConfigKey& key);

using ConfigValue = std::variant<std::string, std::int64_t, bool, std::vector<std::string>>;

/// A value from a variable or flag: lists are separated by commas. What is wrong with it as error
/// detail, without saying where it stood.
[[nodiscard]] Result<ConfigValue> config_value_from_text(const ConfigKey& key,
                                                         std::string_view text);
/// Range, choice and rule.
[[nodiscard]] Status check_config_value(const ConfigKey& key, const ConfigValue& value);
/// As it is written in the file: `"text"`, `7761`, `["a", "b"]`.
[[nodiscard]] std::string config_text(const ConfigValue& value);
/// "an integer from 1 to 65535", for messages and help.
[[nodiscard]] std::string expected_of(const ConfigKey& key);

/// "host:port", "1.2.3.4:5" or "[::1]:5", with a port from 1 to 65535.
[[nodiscard]] bool is_host_and_port(std::string_view text);

}  // namespace lanyard::agent
