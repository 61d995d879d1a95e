#pragma once

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

}  // namespace lanyard::storage
