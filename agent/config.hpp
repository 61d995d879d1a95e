#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/config_keys.hpp"
#include "agent/logging.hpp"
#include "agent/paths.hpp"
#include "discovery/supervision.hpp"

/// What the agent is told at its start. Read once: from /etc/lanyard/config.toml, the person's
/// config.toml, its conf.d/*.toml in the order of their names, LANYARD_SYNC_PORT and its like, and
/// flags; the last one that speaks wins.
namespace lanyard::agent {

/// In the order of the key's choices.
using DiscoveryMode = discovery::Mode;

struct Config {
  Paths paths;
  std::string device_name;
  std::uint16_t sync_port = 7761;
  bool sync_port_is_default = true;  ///< nobody asked for it: if it is taken, the next free one
  std::string sync_listen;           ///< empty: all interfaces
  std::vector<std::string> sync_interfaces;  ///< names and patterns; "auto": the default rule
  std::uint16_t api_port = 7760;
  bool api_port_is_default = true;
  std::vector<std::string> api_listen;
  std::vector<std::string> api_users;  ///< beside our own; "*": everybody
  DiscoveryMode discovery_mode = DiscoveryMode::kAuto;
  std::vector<std::string> discovery_peers;  ///< host:port
  bool metrics_enabled = true;
  bool sync_enabled = true;
  std::string compat_device_id;  ///< empty: the device's short id
  LogOptions log;

  /// Where each value came from, by key: "default", "~/.config/lanyard/config.toml:3",
  /// "LANYARD_SYNC_PORT" or "--sync-port"; for messages and `lanyard config list`.
  std::map<std::string, std::string> sources;
  std::map<std::string, ConfigValue> values;
};

/// A value from the command line, already in the text form of variables.
struct ConfigFlag {
  std::string key;
  std::string flag;  ///< "--sync-port": for messages
  std::string text;
};

struct ConfigRequest {
  PathFlags paths;
  std::vector<ConfigFlag> flags;
  Environment environment;
  std::string host_name;  ///< default of device.name
  std::filesystem::path system_file = "/etc/lanyard/config.toml";
};

/// kInvalidConfig for anything that is not right, with file:line:key or the variable or flag that
/// said it, and for an unknown key the nearest known one. A file that is missing is empty, unless
/// it was asked for by name; a folder, a device, one that cannot be read, or one above 64 KiB is
/// refused unread.
[[nodiscard]] Result<Config> load_config(const ConfigRequest& request);

/// Sets one key in the file, which is made if it is missing, and leaves every other line as it is.
/// The new content is checked as a whole before it takes the old one's place at once.
[[nodiscard]] Status set_config(const std::filesystem::path& file, const std::string& key,
                                const std::string& text);

/// The file with the text that it had; nothing: none, as before. For what was set and did not hold.
[[nodiscard]] Status put_back_config(const std::filesystem::path& file,
                                     const std::optional<std::string>& text);

}  // namespace lanyard::agent
