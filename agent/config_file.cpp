#include "agent/config_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <toml++/toml.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "agent/display_text.hpp"
#include "replication/types/nearest_name.hpp"

namespace lanyard::agent {
namespace {

constexpr std::size_t kConfigBytesMax = 1U << 16U;
/// Each dot of a key makes a table inside a table, and the parser takes them apart by recursion.
constexpr std::size_t kLineBytesMax = 4096;
constexpr std::size_t kFileDepthMax = 8;

std::string place(const std::string& name, const toml::node& node, const std::string& key) {
  return name + ":" + std::to_string(node.source().begin.line) + ":" + display_text(key);
}

tl::unexpected<Error> unknown_key(const std::string& where, const std::string& key) {
  std::vector<std::string> known;
  for (const ConfigKey& one : config_keys()) known.emplace_back(one.name);
  auto nearest = nearest_name(key, known);
  // "port" alone: the table was forgotten.
  for (const std::string& name : known)
    if (!nearest && name.ends_with("." + key)) nearest = name;
  return fail(Code::kInvalidConfig, where + ": there is no such key",
              nearest ? "Did you mean " + *nearest + "?"
                      : "Take it out; `lanyard config list` shows every key.");
}

tl::unexpected<Error> wrong_type(const std::string& where, const ConfigKey& key) {
  return fail(Code::kInvalidConfig, where + ": the value has the wrong type",
              "Give " + expected_of(key) + ".");
}

Result<ConfigValue> list_of(const toml::array& array, const std::string& where,
                            const ConfigKey& key) {
  std::vector<std::string> out;
  for (const toml::node& element : array) {
    const auto text = element.value_exact<std::string>();
    if (!text) return wrong_type(where, key);
    out.push_back(*text);
  }
  return out;
}

Result<ConfigValue> value_from_toml(const toml::node& node, const std::string& where,
                                    const ConfigKey& key) {
  ConfigValue value;
  switch (key.type) {
    case KeyType::kText:
    case KeyType::kChoice: {
      const auto text = node.value_exact<std::string>();
      if (!text) return wrong_type(where, key);
      value = *text;
      break;
    }
    case KeyType::kInteger: {
      const auto number = node.value_exact<std::int64_t>();
      if (!number) return wrong_type(where, key);
      value = *number;
      break;
    }
    case KeyType::kBoolean: {
      const auto yes = node.value_exact<bool>();
      if (!yes) return wrong_type(where, key);
      value = *yes;
      break;
    }
    case KeyType::kList: {
      if (node.as_array() == nullptr) return wrong_type(where, key);
      LANYARD_TRY_SET(value, list_of(*node.as_array(), where, key));
      break;
    }
  }
  if (Status checked = check_config_value(key, value); !checked)
    return fail(Code::kInvalidConfig, where + ": " + checked.error().detail, checked.error().fix);
  return value;
}

Status walk(const toml::table& table, const std::string& prefix, const std::string& name,
            std::size_t depth, std::vector<FileSetting>& out) {
  for (const auto& [part, node] : table) {
    const std::string key = prefix + std::string(part.str());
    const std::string where = place(name, node, key);
    if (const ConfigKey* known = find_config_key(key)) {
      LANYARD_TRY_SET(ConfigValue value, value_from_toml(node, where, *known));
      out.push_back({known, std::move(value), node.source().begin.line});
    } else if (const toml::table* inner = node.as_table();
               inner != nullptr && depth < kFileDepthMax && !(inner->empty())) {
      LANYARD_TRY(walk(*inner, key + ".", name, depth + 1, out));
    } else {
      return unknown_key(where, key);
    }
  }
  return {};
}

struct Descriptor {
  int value = -1;
  explicit Descriptor(int opened) : value(opened) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (value >= 0) close(value);
  }
};

tl::unexpected<Error> unreadable(const std::filesystem::path& file, const std::string& why,
                                 std::string fix) {
  return fail(Code::kInvalidConfig, file.string() + ": " + why, std::move(fix));
}

Result<std::string> read_all(const std::filesystem::path& file, const Descriptor& from) {
  std::string text;
  char part[16384];
  while (true) {
    const ssize_t got = read(from.value, part, sizeof part);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return unreadable(file, "it cannot be read", "Make it readable.");
    if (got == 0) return text;
    text.append(part, static_cast<std::size_t>(got));
    if (text.size() > kConfigBytesMax)
      return unreadable(file, "it is larger than 64 KiB", "Write a smaller one.");
  }
}

Status check_size(std::string_view text, const std::string& name) {
  if (text.size() > kConfigBytesMax)
    return unreadable(name, "it is larger than 64 KiB", "Write a smaller one.");
  for (std::size_t line = 1; !text.empty(); ++line) {
    const std::size_t size = std::min(text.find('\n'), text.size());
    if (size > kLineBytesMax) {
      return fail(Code::kInvalidConfig,
                  name + ":" + std::to_string(line) + ": the line is longer than 4 KiB",
                  "Shorten it; a list may go over several lines.");
    }
    text.remove_prefix(std::min(size + 1, text.size()));
  }
  return {};
}

/// Where a line's setting or header ends: what follows is blanks and a comment.
std::size_t end_of_setting(std::string_view line) {
  char quote = 0;
  std::size_t end = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quote == 0 && c == '#') break;
    if (quote == '"' && c == '\\')
      ++i;
    else if (quote == c)
      quote = 0;
    else if (quote == 0 && (c == '"' || c == '\''))
      quote = c;
    if (c != ' ' && c != '\t' && c != '\r') end = std::min(i + 1, line.size());
  }
  return end;
}

/// The line with another setting in its place, as far in as it was, and with its comment.
/// `sync.port = 1` stays in that form.
std::string replaced(const std::string& present, const ConfigKey& key, const std::string& table,
                     const std::string& setting) {
  const std::string before = present.substr(0, present.find('='));
  const bool dotted = before.find(std::string(key.name)) != std::string::npos;
  const std::size_t indent = std::min(present.find_first_not_of(" \t"), present.size());
  return present.substr(0, indent) + (dotted ? table + "." : "") + setting +
         present.substr(end_of_setting(present));
}

}  // namespace

Result<std::optional<std::string>> read_config_file(const std::filesystem::path& file) {
  const Descriptor opened(open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (opened.value < 0 && (errno == ENOENT || errno == ENOTDIR)) return std::nullopt;
  if (opened.value < 0) {
    return unreadable(file, "it cannot be opened: " + std::generic_category().message(errno),
                      "Make it readable:  chmod u+r " + file.string());
  }
  struct stat found {};
  if (fstat(opened.value, &found) != 0 || S_ISDIR(found.st_mode))
    return unreadable(file, "it is a folder, not a file", "Put the file in its place.");
  if (!S_ISREG(found.st_mode))
    return unreadable(file, "it is not a regular file", "Put a file of text in its place.");
  if (found.st_size > static_cast<off_t>(kConfigBytesMax))
    return unreadable(file, "it is larger than 64 KiB", "Write a smaller one.");
  LANYARD_TRY_SET(std::string text, read_all(file, opened));
  return text;
}

Result<std::vector<FileSetting>> parse_config(std::string_view text, const std::string& name) {
  LANYARD_TRY(check_size(text, name));
  std::vector<FileSetting> out;
  try {
    const toml::table table = toml::parse(text, std::string_view(name));
    LANYARD_TRY(walk(table, "", name, 0, out));
  } catch (const toml::parse_error& error) {
    const auto& at = error.source().begin;
    return fail(Code::kInvalidConfig,
                name + ":" + std::to_string(at.line) + ":" + std::to_string(at.column) + ": " +
                    display_text(error.description()),
                "Mend that line; the format is TOML (toml.io).");
  }
  return out;
}

std::string with_setting(const std::string& text, const ConfigKey& key, const ConfigValue& value,
                         const std::vector<FileSetting>& settings) {
  const std::size_t dot = key.name.find('.');
  const std::string table(key.name.substr(0, dot));
  const std::string line = std::string(key.name.substr(dot + 1)) + " = " + config_text(value);
  std::vector<std::string> lines;
  for (std::size_t from = 0; from < text.size();) {
    const std::size_t end = std::min(text.find('\n', from), text.size());
    lines.push_back(text.substr(from, end - from));
    from = end + 1;
  }
  const auto header = std::find_if(lines.begin(), lines.end(), [&](const std::string& one) {
    return std::string_view(one).substr(0, end_of_setting(one)) == "[" + table + "]";
  });
  const FileSetting* old = nullptr;
  for (const FileSetting& setting : settings)
    if (setting.key == &key) old = &setting;
  if (old != nullptr) {
    std::string& present = lines.at(old->line - 1);
    present = replaced(present, key, table, line);
  } else if (header != lines.end()) {
    lines.insert(header + 1, line);
  } else {
    if (!lines.empty() && !lines.back().empty()) lines.emplace_back();
    lines.push_back("[" + table + "]");
    lines.push_back(line);
  }
  std::string out;
  for (const std::string& one : lines) out += one + "\n";
  return out;
}

}  // namespace lanyard::agent
