#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <set>

#include "agent/api/openapi.hpp"
#include "agent/json/json_views.hpp"

using namespace lanyard;
using namespace lanyard::agent;
using Json = nlohmann::json;

namespace {

const Json& resolved(const Json& document, const Json& schema) {
  const Json* at = &schema;
  while (at->contains("$ref"))
    at = &document.at(Json::json_pointer(at->at("$ref").get<std::string>().substr(1)));
  return *at;
}

/// Each member that the description does not have, and each that it wants and is not there.
void compare(const Json& document, const Json& schema, const Json& value, const std::string& where,
             std::vector<std::string>& wrong) {
  const Json& known = resolved(document, schema);
  if (known.contains("anyOf") || known.contains("oneOf")) {
    const Json& ways = known.contains("anyOf") ? known["anyOf"] : known["oneOf"];
    for (const Json& way : ways)
      if (value.is_object() && resolved(document, way).contains("properties"))
        return compare(document, way, value, where, wrong);
    return;
  }
  if (value.is_array() && known.contains("items"))
    for (const Json& element : value)
      compare(document, known["items"], element, where + "[]", wrong);
  if (!value.is_object() || !known.contains("properties")) return;
  for (const auto& [name, member] : value.items()) {
    if (known["properties"].contains(name))
      compare(document, known["properties"][name], member, where + "." + name, wrong);
    else
      wrong.push_back(where + "." + name + " is not described");
  }
  for (const Json& name : known.value("required", Json::array()))
    if (!value.contains(name.get<std::string>()))
      wrong.push_back(where + "." + name.get<std::string>() + " is described and not there");
}

std::vector<std::string> compared(const char* schema, JsonWriter& written) {
  const Json document = Json::parse(openapi_document());
  std::vector<std::string> wrong;
  compare(document, document["components"]["schemas"][schema],
          Json::parse(written.end_object().str()), schema, wrong);
  return wrong;
}

/// Where a list of `required` or `enum` has something twice.
void find_repeated(const Json& part, const std::string& where, std::vector<std::string>& out) {
  if (!part.is_structured()) return;
  for (const auto& [name, member] : part.items()) {
    const std::string here = where + "/" + name;
    find_repeated(member, here, out);
    if (!member.is_array() || (name != "required" && name != "enum")) continue;
    std::set<Json> seen;
    for (const Json& each : member)
      if (!seen.insert(each).second) out.push_back(here + " has " + each.dump() + " twice");
  }
}

/// With one of everything that it can have.
AgentStatus full_status() {
  AgentStatus out;
  out.devices.resize(1);
  out.spaces.resize(1);
  out.degraded.resize(1);
  out.pairing.emplace();
  return out;
}

}  // namespace

TEST_CASE("no list of the description has a thing twice") {
  std::vector<std::string> repeated;
  find_repeated(Json::parse(openapi_document()), "", repeated);
  CHECK(repeated == std::vector<std::string>());
}

TEST_CASE("the description has every field of the status") {
  JsonWriter out;
  out.begin_object();
  write_status(full_status(), out);
  // `agent` is written by the route itself.
  CHECK(compared("Status", out) ==
        std::vector<std::string>{"Status.agent is described and not there"});
}
