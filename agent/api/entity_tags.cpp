#include "agent/api/entity_tags.hpp"

#include <algorithm>

#include "agent/ascii_text.hpp"
#include "replication/merge/version_text.hpp"

namespace lanyard::agent {

TagCondition TagCondition::parse(std::string_view text) {
  TagCondition out;
  text = trimmed(text);
  if (text == "*") {
    out.is_any = true;
    return out;
  }
  if (text.find('"') == std::string_view::npos && text.find(',') == std::string_view::npos) {
    if (!text.empty()) out.tags.push_back({std::string(text), false});
    return out;
  }
  while (!text.empty()) {
    EntityTag tag;
    tag.is_weak = text.starts_with("W/");
    if (tag.is_weak) text.remove_prefix(2);
    const std::size_t end = text.starts_with('"') ? text.find('"', 1) : std::string_view::npos;
    if (end == std::string_view::npos) break;
    tag.text = text.substr(1, end - 1);
    out.tags.push_back(std::move(tag));
    text = trimmed(text.substr(end + 1));
    if (!text.starts_with(',')) break;
    while (text.starts_with(',')) text = trimmed(text.substr(1));
  }
  return out;
}

bool TagCondition::has(std::string_view version, bool weakly) const {
  return std::any_of(tags.begin(), tags.end(), [&](const EntityTag& tag) {
    return (weakly || !tag.is_weak) && merge::has_seen(tag.text, version);
  });
}

}  // namespace lanyard::agent
