#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lanyard::agent {

/// One tag of a list (RFC 9110, 8.8.3).
struct EntityTag {
  std::string text;  ///< without its quotes
  bool is_weak = false;
  friend bool operator==(const EntityTag&, const EntityTag&) = default;
};

/// What If-Match or If-None-Match says: "*", or a list of tags. A text without quotes, as people
/// type it, is one tag. What is no tag fits nothing.
struct TagCondition {
  bool is_any = false;
  std::vector<EntityTag> tags;

  /// Pure.
  [[nodiscard]] static TagCondition parse(std::string_view text);
  /// Whether one of the tags is that of a record at this version, or of whoever wrote to it last.
  /// Weak ones count `weakly` alone (8.8.3.2).
  [[nodiscard]] bool has(std::string_view version, bool weakly) const;
};

}  // namespace lanyard::agent
