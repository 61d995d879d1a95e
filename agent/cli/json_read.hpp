#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "agent/display_text.hpp"
#include "replication/types/result.hpp"

/// How the CLI looks into the agent's answers.
namespace lanyard::agent {

using Json = nlohmann::ordered_json;

/// kProtocol if the text is no JSON: then the other side is no agent of ours.
[[nodiscard]] inline Result<Json> read_json(const std::string& text) {
  Json out = Json::parse(text, nullptr, false);
  if (out.is_discarded()) return fail(Code::kProtocol, "the agent's answer cannot be read");
  return out;
}

/// A member that is text, safe to show.
[[nodiscard]] inline std::string shown(const Json& object, const char* name) {
  return display_text(object.value(name, std::string()));
}

/// A device's name, cut to a column; with a word where nobody but others says that it is called so.
[[nodiscard]] inline std::string device_cell(const Json& device) {
  return display_cut(device.value("name", std::string()), 40) +
         (device.value("namedByOthers", false) ? " (as others say)" : "");
}

}  // namespace lanyard::agent
