#include "agent/config_keys.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

#include "agent/display_text.hpp"
#include "agent/socket_owner.hpp"
#include "replication/types/limits.hpp"
#include "replication/types/utf8.hpp"
#include "storage/names.hpp"

namespace lanyard::agent {
namespace {

using Wrong = std::optional<std::string>;

/// As the kernel has it (IFNAMSIZ without its terminator).
constexpr std::size_t kInterfaceBytesMax = 15;

bool is_address(const std::string& text) {
  in6_addr room{};
  return inet_pton(AF_INET, text.c_str(), &room) == 1 ||
         inet_pton(AF_INET6, text.c_str(), &room) == 1;
}

Wrong device_name(std::string_view value) {
  if (value.size() > limits::kNameBytesMax) return "is longer than 64 bytes";
  if (!is_utf8(as_bytes(value)) || display_text(value) != value)
    return "has characters that cannot be shown";
  return std::nullopt;
}

Wrong own_name(std::string_view value) {
  if (const Wrong wrong = device_name(value)) return wrong;
  const auto name = storage::device_name(value);
  return name ? Wrong() : "cannot be a name: " + name.error().detail;
}

Wrong listen_address(std::string_view value) {
  if (value.empty() || is_address(std::string(value))) return std::nullopt;
  return "is not an IP address (leave it empty for all interfaces)";
}

Wrong loopback_address(std::string_view value) {
  if (value == "::1") return std::nullopt;
  const std::string text(value);
  in_addr four{};
  if (inet_pton(AF_INET, text.c_str(), &four) == 1 && (ntohl(four.s_addr) >> 24) == 127)
    return std::nullopt;
  return "is not a loopback address; the local API is never offered to other machines (use "
         "127.0.0.1 or ::1)";
}

Wrong local_user(std::string_view value) {
  if (allowed_users({std::string(value)})) return std::nullopt;
  return "is no user of this machine (a name or number that getent passwd shows, or \"*\")";
}

Wrong interface_pattern(std::string_view value) {
  const bool is_name = !value.empty() && value.size() <= kInterfaceBytesMax &&
                       std::all_of(value.begin(), value.end(),
                                   [](char c) { return c > ' ' && c < 0x7F && c != '/'; });
  if (is_name) return std::nullopt;
  return "is not the name of a network interface, nor a pattern for some";
}

Wrong host_and_port(std::string_view value) {
  if (is_host_and_port(value)) return std::nullopt;
  return "is not of the form host:port";
}

/// What other devices see of this one, and how it finds them.
std::vector<ConfigKey> network_keys() {
  return {
      {.name = "device.name",
       .type = KeyType::kText,
       .help = "what other devices call this one, at most 64 bytes; default: the host name",
       .rule = own_name},
      {.name = "sync.enabled",
       .type = KeyType::kBoolean,
       .default_text = "true",
       .help = "whether this device speaks with others at all; off, everything else goes on. The "
               "variable SYNC_ENABLED of older chat servers says it too"},
      {.name = "sync.port",
       .type = KeyType::kInteger,
       .default_text = "7761",
       .unit = "TCP port",
       .max = 65535,
       .help = "where other devices connect; 0: one that the system chooses. If the default is "
               "taken, the next free one is used and kept; one that is set here and taken is an "
               "error"},
      {.name = "sync.listen",
       .type = KeyType::kText,
       .default_text = "\"\"",
       .help = "the address to listen on for other devices; empty: all interfaces",
       .rule = listen_address},
      {.name = "sync.interfaces",
       .type = KeyType::kList,
       .default_text = "[\"auto\"]",
       .help = "where devices are looked for: names or patterns; auto: not docker*, veth*, wg* ...",
       .rule = interface_pattern},
      {.name = "discovery.mode",
       .type = KeyType::kChoice,
       .default_text = "\"auto\"",
       .choices = {"auto", "avahi", "embedded", "off"},
       .help = "how devices are found on the network"},
      {.name = "discovery.peers",
       .type = KeyType::kList,
       .default_text = "[]",
       .help = "host:port of devices to try beside those that are found",
       .rule = host_and_port},
  };
}

/// What is for this machine alone.
std::vector<ConfigKey> machine_keys() {
  return {
      {.name = "api.port",
       .type = KeyType::kInteger,
       .default_text = "7760",
       .unit = "TCP port",
       .max = 65535,
       .help = "the loopback port of the local API; 0: one that the system chooses. Taken: as for "
               "sync.port"},
      {.name = "api.listen",
       .type = KeyType::kList,
       .default_text = "[\"127.0.0.1\", \"::1\"]",
       .help = "the loopback addresses of the local API; others are refused",
       .rule = loopback_address},
      {.name = "api.users",
       .type = KeyType::kList,
       .default_text = "[]",
       .help = "users of this machine, by name or number, who may connect to the local API and the "
               "compatibility ports beside whoever runs the agent, and root; \"*\": all of them",
       .rule = local_user},
      {.name = "compat.device_id",
       .type = KeyType::kText,
       .default_text = "\"\"",
       .help =
           "what clients of the compatibility listeners are told as this device's id; empty: its "
           "short id. The variable DEVICE_ID of older chat servers says it too",
       .rule = device_name},
      {.name = "metrics.enabled",
       .type = KeyType::kBoolean,
       .default_text = "true",
       .help = "whether GET /metrics of the local API answers"},
      {.name = "log.level",
       .type = KeyType::kChoice,
       .default_text = "\"info\"",
       .choices = {"debug", "info", "warning", "error", "off"},
       .help = "how much is logged"},
      {.name = "log.target",
       .type = KeyType::kChoice,
       .default_text = "\"auto\"",
       .choices = {"auto", "journal", "stderr", "file"},
       .help = "where to: auto is the journal if there is one, else standard error; file is "
               "agent.log in the state folder"},
  };
}

const std::vector<ConfigKey>& all_keys() {
  static const std::vector<ConfigKey> keys = [] {
    std::vector<ConfigKey> all = network_keys();
    for (ConfigKey& key : machine_keys()) all.push_back(std::move(key));
    return all;
  }();
  return keys;
}

Status wrong_value(const ConfigKey& key, const std::string& what) {
  return fail(Code::kInvalidConfig, what, "Give " + expected_of(key) + ".");
}

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    std::string_view part = text.substr(0, comma);
    while (part.starts_with(' ')) part.remove_prefix(1);
    while (part.ends_with(' ')) part.remove_suffix(1);
    if (!part.empty()) out.emplace_back(part);
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return out;
}

std::string quoted_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

}  // namespace

std::span<const ConfigKey> config_keys() { return all_keys(); }

const ConfigKey* find_config_key(std::string_view name) {
  for (const ConfigKey& key : config_keys())
    if (key.name == name) return &key;
  return nullptr;
}

std::string variable_of(const ConfigKey& key) {
  std::string out = "LANYARD_";
  for (const char c : key.name) {
    const bool lower = c >= 'a' && c <= 'z';
    out += c == '.' ? '_' : static_cast<char>(lower ? c - 'a' + 'A' : c);
  }
  return out;
}

Result<ConfigValue> config_value_from_text(const ConfigKey& key, std::string_view text) {
  ConfigValue value;
  switch (key.type) {
    case KeyType::kText:
    case KeyType::kChoice: value = std::string(text); break;
    case KeyType::kList: value = split_list(text); break;
    case KeyType::kBoolean:
      if (text != "true" && text != "false")
        return fail(wrong_value(key, quoted_text(text) + " is neither true nor false").error());
      value = text == "true";
      break;
    case KeyType::kInteger: {
      std::int64_t number = 0;
      const auto end = text.data() + text.size();
      if (const auto read = std::from_chars(text.data(), end, number);
          text.empty() || read.ec != std::errc{} || read.ptr != end)
        return fail(wrong_value(key, quoted_text(text) + " is not an integer").error());
      value = number;
      break;
    }
  }
  LANYARD_TRY(check_config_value(key, value));
  return value;
}

Status check_config_value(const ConfigKey& key, const ConfigValue& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) {
    if (*number < key.min || *number > key.max)
      return wrong_value(key, std::to_string(*number) + " is out of range");
  }
  const auto check_text = [&](const std::string& text) -> Status {
    if (!key.choices.empty() &&
        std::find(key.choices.begin(), key.choices.end(), text) == key.choices.end())
      return wrong_value(key, quoted_text(text) + " is not one of the choices");
    if (key.rule == nullptr) return {};
    const auto wrong = key.rule(text);
    return wrong ? wrong_value(key, quoted_text(text) + " " + *wrong) : Status{};
  };
  if (const auto* text = std::get_if<std::string>(&value)) return check_text(*text);
  if (const auto* list = std::get_if<std::vector<std::string>>(&value))
    for (const std::string& element : *list) LANYARD_TRY(check_text(element));
  return {};
}

std::string config_text(const ConfigValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return quoted_text(*text);
  if (const auto* number = std::get_if<std::int64_t>(&value)) return std::to_string(*number);
  if (const auto* yes = std::get_if<bool>(&value)) return *yes ? "true" : "false";
  std::string out = "[";
  for (const std::string& element : std::get<std::vector<std::string>>(value))
    out += (out.size() > 1 ? ", " : "") + quoted_text(element);
  return out + "]";
}

std::string expected_of(const ConfigKey& key) {
  switch (key.type) {
    case KeyType::kText: return "a text";
    case KeyType::kBoolean: return "true or false";
    case KeyType::kList: return "a list of texts";
    case KeyType::kInteger:
      return "an integer from " + std::to_string(key.min) + " to " + std::to_string(key.max);
    case KeyType::kChoice: {
      std::string out = "one of ";
      for (const std::string_view choice : key.choices)
        out += (choice == key.choices.front() ? "" : ", ") + quoted_text(choice);
      return out;
    }
  }
  return "another value";
}

bool is_host_and_port(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0 || text.size() > 255 + 6) return false;
  std::string_view host = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);
  unsigned port = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (digits.empty() || read.ec != std::errc{} || read.ptr != digits.data() + digits.size() ||
      port < 1 || port > 65535)
    return false;
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
    const std::string address(host.substr(0, host.find('%')));
    in6_addr room{};
    return inet_pton(AF_INET6, address.c_str(), &room) == 1;
  }
  return std::all_of(host.begin(), host.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_';
  });
}

}  // namespace lanyard::agent
