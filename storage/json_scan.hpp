#pragma once

#include <optional>
#include <string_view>

/// Finds its way in JSON texts that we wrote ourselves, without reading them. What it is given must
/// be good.
namespace lanyard::storage {

/// Behind the closing quote of the string that begins at `at`.
[[nodiscard]] inline std::size_t end_of_string(std::string_view json, std::size_t at) {
  for (++at; at < json.size() && json[at] != '"'; ++at) at += json[at] == '\\' ? 1 : 0;
  return at + 1;
}

/// Behind the value that begins at `at`: at the comma or bracket that follows it.
[[nodiscard]] inline std::size_t end_of_value(std::string_view json, std::size_t at) {
  int depth = 0;
  while (at < json.size()) {
    const char c = json[at];
    if (c == '"') {
      at = end_of_string(json, at);
      continue;
    }
    if (depth == 0 && (c == ',' || c == '}' || c == ']')) return at;
    depth += c == '{' || c == '[' ? 1 : c == '}' || c == ']' ? -1 : 0;
    ++at;
  }
  return at;
}

/// Calls `use(name as it is spelled, value)` for each member of an object.
template <class Use>
void for_each_member(std::string_view object, Use use) {
  for (std::size_t at = 1; at < object.size() && object[at] == '"';) {
    const std::size_t name_end = end_of_string(object, at);
    const std::size_t value_end = end_of_value(object, name_end + 1);
    use(object.substr(at + 1, name_end - at - 2),
        object.substr(name_end + 1, value_end - name_end - 1));
    at = value_end + 1;
  }
}

/// The value of the member whose name is spelled so (append_json_string, without the quotes), in an
/// object whose members are sorted; nothing if there is none.
[[nodiscard]] inline std::optional<std::string_view> find_member(std::string_view object,
                                                                 std::string_view spelled) {
  // An escape says nothing of where the name is sorted.
  const auto is_behind = [&](std::string_view name) {
    if (name.empty() || spelled.empty() || name.front() == '\\' || spelled.front() == '\\')
      return false;
    return static_cast<unsigned char>(name.front()) > static_cast<unsigned char>(spelled.front());
  };
  for (std::size_t at = 1; at < object.size() && object[at] == '"';) {
    const std::size_t name_end = end_of_string(object, at);
    const std::string_view name = object.substr(at + 1, name_end - at - 2);
    if (is_behind(name)) return std::nullopt;
    const std::size_t value_end = end_of_value(object, name_end + 1);
    if (name == spelled) return object.substr(name_end + 1, value_end - name_end - 1);
    at = value_end + 1;
  }
  return std::nullopt;
}

}  // namespace lanyard::storage
