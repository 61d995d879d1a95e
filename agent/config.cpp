#include "agent/config.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "agent/config_file.hpp"
#include "agent/display_text.hpp"
#include "replication/types/nearest_name.hpp"
#include "storage/names.hpp"

namespace lanyard::agent {
namespace {

namespace fs = std::filesystem;

constexpr const char* kDefault = "default";

void set_default(Config& config, const ConfigKey& key, const std::string& host_name) {
  ConfigValue value;
  switch (key.type) {
    case KeyType::kText: value = std::string(); break;
    case KeyType::kChoice:
      value = std::string(key.default_text.substr(1, key.default_text.size() - 2));
      break;
    case KeyType::kInteger: {
      std::int64_t number = 0;
      for (const char digit : key.default_text) number = number * 10 + (digit - '0');
      value = number;
      break;
    }
    case KeyType::kBoolean: value = key.default_text == "true"; break;
    case KeyType::kList: value = std::vector<std::string>(); break;
  }
  if (key.name == "device.name") value = host_name;
  if (key.name == "api.listen") value = std::vector<std::string>{"127.0.0.1", "::1"};
  if (key.name == "sync.interfaces") value = std::vector<std::string>{"auto"};
  config.values[std::string(key.name)] = value;
  config.sources[std::string(key.name)] = kDefault;
}

Status take_file(const fs::path& file, bool must_exist, Config& config) {
  LANYARD_TRY_SET(const std::optional<std::string> text, read_config_file(file));
  if (!text && must_exist)
    return fail(Code::kInvalidConfig, file.string() + ": there is no such file",
                "Make it, or leave --config (LANYARD_CONFIG) out.");
  if (!text) return {};
  LANYARD_TRY_SET(const std::vector<FileSetting> settings, parse_config(*text, file.string()));
  for (const FileSetting& setting : settings) {
    const std::string key(setting.key->name);
    config.values[key] = setting.value;
    config.sources[key] = file.string() + ":" + std::to_string(setting.line);
  }
  return {};
}

Status take_drop_ins(const fs::path& folder, Config& config) {
  std::error_code missing;
  std::vector<fs::path> files;
  for (fs::directory_iterator entry(folder, missing), end; !missing && entry != end;
       entry.increment(missing)) {
    if (entry->path().extension() == ".toml") files.push_back(entry->path());
  }
  std::sort(files.begin(), files.end());
  for (const fs::path& file : files) LANYARD_TRY(take_file(file, false, config));
  return {};
}

Status take_text(const ConfigKey& key, const std::string& text, const std::string& said_by,
                 Config& config) {
  auto value = config_value_from_text(key, text);
  if (!value) {
    return fail(Code::kInvalidConfig,
                said_by + " (" + std::string(key.name) + "): " + value.error().detail,
                value.error().fix);
  }
  config.values[std::string(key.name)] = std::move(*value);
  config.sources[std::string(key.name)] = said_by;
  return {};
}

/// A name of ours with a slip would else be ignored without a word; names of other programs that
/// happen to begin alike are none of our business.
Status check_misspelt(const Environment& environment, const std::vector<std::string>& known) {
  for (const auto& [name, value] : environment) {
    if (!name.starts_with("LANYARD_") || std::find(known.begin(), known.end(), name) != known.end())
      continue;
    const auto nearest = nearest_name(name.substr(8), [&] {
      std::vector<std::string> ends;
      ends.reserve(known.size());
      for (const std::string& one : known) ends.push_back(one.substr(8));
      return ends;
    }());
    if (nearest) {
      return fail(Code::kInvalidConfig, display_text(name) + ": there is no such variable",
                  "Did you mean LANYARD_" + *nearest + "?");
    }
  }
  return {};
}

/// Names that the chat servers had whose clients the compatibility listeners serve. Ours say more.
constexpr auto kForeignVariables = std::to_array<std::pair<const char*, const char*>>(
    {{"SYNC_ENABLED", "sync.enabled"}, {"DEVICE_ID", "compat.device_id"}});

Status take_environment(const Environment& environment, Config& config) {
  for (const auto& [name, key] : kForeignVariables) {
    const auto found = environment.find(name);
    if (found == environment.end() || found->second.empty()) continue;
    LANYARD_TRY(take_text(*find_config_key(key), found->second, name, config));
  }
  std::vector<std::string> known = {"LANYARD_DATA_DIR", "LANYARD_STATE_DIR", "LANYARD_CONFIG"};
  for (const ConfigKey& key : config_keys()) {
    known.push_back(variable_of(key));
    const auto found = environment.find(known.back());
    if (found != environment.end())
      LANYARD_TRY(take_text(key, found->second, known.back(), config));
  }
  return check_misspelt(environment, known);
}

template <class T>
const T& get(const Config& config, const char* key) {
  return std::get<T>(config.values.at(key));
}

template <class Enum>
Enum choice(const Config& config, const char* key) {
  const auto& choices = find_config_key(key)->choices;
  const auto found = std::find(choices.begin(), choices.end(), get<std::string>(config, key));
  return static_cast<Enum>(found - choices.begin());
}

Status fill_in(Config& config) {
  // What was checked as it was read, and the host's name, which nobody chose for this.
  const std::string& called = get<std::string>(config, "device.name");
  config.device_name = storage::device_name_from_outside(called);
  if (config.device_name.empty() && storage::reads_like_device_id(called))
    config.device_name = "host " + called;
  if (config.device_name.empty())
    return fail(Code::kInvalidConfig,
                config.sources.at("device.name") + " (device.name): the name is empty",
                "Give this device a name.");
  const auto port = [&](const char* key, std::uint16_t& to, bool& is_default) {
    to = static_cast<std::uint16_t>(get<std::int64_t>(config, key));
    is_default = config.sources.at(key) == kDefault;
  };
  port("sync.port", config.sync_port, config.sync_port_is_default);
  port("api.port", config.api_port, config.api_port_is_default);
  config.sync_listen = get<std::string>(config, "sync.listen");
  config.sync_interfaces = get<std::vector<std::string>>(config, "sync.interfaces");
  config.api_listen = get<std::vector<std::string>>(config, "api.listen");
  config.api_users = get<std::vector<std::string>>(config, "api.users");
  config.discovery_mode = choice<DiscoveryMode>(config, "discovery.mode");
  config.discovery_peers = get<std::vector<std::string>>(config, "discovery.peers");
  config.metrics_enabled = get<bool>(config, "metrics.enabled");
  config.sync_enabled = get<bool>(config, "sync.enabled");
  config.compat_device_id = get<std::string>(config, "compat.device_id");
  config.log = {choice<LogLevel>(config, "log.level"), choice<LogTarget>(config, "log.target"),
                config.paths.log()};
  return {};
}

/// The file itself, where its name is a link to it: a link that somebody made stays one.
fs::path followed(fs::path file) {
  constexpr int kLinksMax = 40;  // as many as the kernel follows
  std::error_code failed;
  for (int links = 0; links < kLinksMax && fs::is_symlink(file, failed); ++links) {
    const fs::path target = fs::read_symlink(file, failed);
    if (failed) break;
    file = file.parent_path() / target;  // an absolute one replaces all of it
  }
  return file;
}

Status write_in_place(const fs::path& named, const std::string& text) {
  const fs::path file = followed(named);
  const fs::path fresh = file.string() + ".new";
  const auto failed = [&](const std::string& doing) {
    const int number = errno;
    unlink(fresh.c_str());
    return fail(number == ENOSPC ? Code::kDiskFull : Code::kReadOnly,
                doing + " " + fresh.string() + ": " + std::generic_category().message(number),
                "Make the folder writable, then try again.");
  };
  std::error_code ignored;
  fs::create_directories(file.parent_path(), ignored);
  const int out = open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (out < 0) return failed("cannot write");
  // Whoever could read it still can.
  struct stat old {};
  if (stat(file.c_str(), &old) == 0) static_cast<void>(fchmod(out, old.st_mode & 07777));
  const ssize_t written = write(out, text.data(), text.size());
  const bool whole = written == static_cast<ssize_t>(text.size()) && fsync(out) == 0;
  close(out);
  if (!whole) return failed("cannot write");
  if (rename(fresh.c_str(), file.c_str()) != 0) return failed("cannot rename");
  return {};
}

}  // namespace

Result<Config> load_config(const ConfigRequest& request) {
  Config config;
  LANYARD_TRY_SET(config.paths, find_paths(request.paths, request.environment));
  for (const ConfigKey& key : config_keys()) set_default(config, key, request.host_name);
  if (config.paths.config_file_is_default)
    LANYARD_TRY(take_file(request.system_file, false, config));
  LANYARD_TRY(take_file(config.paths.config_file, !config.paths.config_file_is_default, config));
  LANYARD_TRY(take_drop_ins(config.paths.drop_ins(), config));
  LANYARD_TRY(take_environment(request.environment, config));
  for (const ConfigFlag& flag : request.flags) {
    const ConfigKey* key = find_config_key(flag.key);
    if (key == nullptr) return fail(Code::kInvalidConfig, flag.key + ": there is no such key");
    LANYARD_TRY(take_text(*key, flag.text, flag.flag, config));
  }
  LANYARD_TRY(fill_in(config));
  return config;
}

Status set_config(const fs::path& file, const std::string& key, const std::string& text) {
  const ConfigKey* known = find_config_key(key);
  if (known == nullptr) {
    std::vector<std::string> names;
    for (const ConfigKey& one : config_keys()) names.emplace_back(one.name);
    const auto nearest = nearest_name(key, names);
    return fail(
        Code::kInvalidConfig, display_text(key) + ": there is no such key",
        nearest ? "Did you mean " + *nearest + "?" : "`lanyard config list` shows every key.");
  }
  LANYARD_TRY_SET(const ConfigValue value, config_value_from_text(*known, text));
  LANYARD_TRY_SET(const std::optional<std::string> old, read_config_file(file));
  const std::string before = old.value_or("");
  LANYARD_TRY_SET(const std::vector<FileSetting> settings, parse_config(before, file.string()));
  const std::string after = with_setting(before, *known, value, settings);
  LANYARD_TRY_SET(const std::vector<FileSetting> check, parse_config(after, file.string()));
  const bool is_set = std::any_of(check.begin(), check.end(), [&](const FileSetting& setting) {
    return setting.key == known && setting.value == value;
  });
  if (!is_set) {
    return fail(Code::kInvalidConfig,
                file.string() +
                    ": the file is laid out in a way that this "
                    "command cannot edit",
                "Set " + key + " = " + config_text(value) + " in it by hand.");
  }
  return write_in_place(file, after);
}

Status put_back_config(const fs::path& file, const std::optional<std::string>& text) {
  if (text) return write_in_place(file, *text);
  std::error_code failed;
  fs::remove(followed(file), failed);
  if (failed)
    return fail(Code::kReadOnly, "cannot remove " + file.string() + ": " + failed.message(),
                "Make the folder writable, then try again.");
  return {};
}

}  // namespace lanyard::agent
