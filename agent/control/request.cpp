#include "agent/control/request.hpp"

#include "agent/display_text.hpp"
#include "agent/errors.hpp"
#include "agent/json_writer.hpp"

namespace lanyard::agent {
namespace {

constexpr std::size_t kIdBytesMax = 128;

tl::unexpected<Error> wrong_param(std::string_view name, const std::string& what) {
  return fail(Code::kUsage, "the parameter \"" + display_cut(name, 60) + "\" " + what,
              "See docs/CONTROL.md for what the method takes.");
}

bool is_id(std::string_view json) {
  if (json.size() > kIdBytesMax) return false;
  return is_json_string(json) ? json_string(json).has_value() : json_integer(json).has_value();
}

}  // namespace

std::optional<std::string_view> Params::optional_json(std::string_view name) {
  const auto& members = object_.members();
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (members[i].name != name) continue;
    used_[i] = true;
    if (members[i].value == "null") return std::nullopt;
    return members[i].value;
  }
  return std::nullopt;
}

Result<std::string_view> Params::json(std::string_view name) {
  for (std::size_t i = 0; i < object_.members().size(); ++i) {
    if (object_.members()[i].name != name) continue;
    used_[i] = true;
    return object_.members()[i].value;
  }
  return wrong_param(name, "is missing");
}

Result<std::string> Params::text(std::string_view name) {
  LANYARD_TRY_SET(const std::string_view value, json(name));
  auto text = json_string(value);
  if (!text) return wrong_param(name, "is not a text");
  return text;
}

Result<std::optional<std::string>> Params::optional_text(std::string_view name) {
  const auto value = optional_json(name);
  if (!value) return std::nullopt;
  auto text = json_string(*value);
  if (!text) return wrong_param(name, "is not a text");
  return std::move(*text);
}

Result<std::int64_t> Params::integer(std::string_view name, std::int64_t otherwise,
                                     std::int64_t min, std::int64_t max) {
  const auto value = optional_json(name);
  if (!value) return otherwise;
  const auto number = json_integer(*value);
  if (!number || *number < min || *number > max)
    return wrong_param(
        name, "is not an integer from " + std::to_string(min) + " to " + std::to_string(max));
  return number;
}

Result<bool> Params::boolean(std::string_view name, bool otherwise) {
  const auto value = optional_json(name);
  if (!value) return otherwise;
  if (*value != "true" && *value != "false") return wrong_param(name, "is neither true nor false");
  return *value == "true";
}

Result<std::vector<std::string_view>> Params::elements(std::string_view name) {
  LANYARD_TRY_SET(const std::string_view value, json(name));
  auto out = json_elements(value);
  if (!out) return wrong_param(name, "is not a list");
  return out;
}

Result<std::vector<std::string>> Params::texts(std::string_view name) {
  LANYARD_TRY_SET(const auto values, elements(name));
  std::vector<std::string> out;
  for (const std::string_view value : values) {
    auto text = json_string(value);
    if (!text) return wrong_param(name, "is not a list of texts");
    out.push_back(std::move(*text));
  }
  return out;
}

Status Params::finish() const {
  for (std::size_t i = 0; i < used_.size(); ++i)
    if (!used_[i]) return wrong_param(object_.members()[i].name, "is unknown");
  return {};
}

tl::expected<Request, BadRequest> parse_request(std::string_view line) {
  Request request{"null", {}, {}};
  const auto bad = [&](std::string why) {
    return tl::unexpected<BadRequest>(
        {request.id, Error(Code::kUsage, std::move(why),
                           "Send {\"id\":1,\"method\":\"...\",\"params\":{...}} on one line.")});
  };
  auto object = JsonObject::parse(line);
  if (!object) return bad("the line is not a JSON object: " + object.error().detail);
  if (const auto id = object->find("id"); id && is_id(*id)) {
    request.id = *id;
  } else {
    return bad(id ? "the id is neither an integer nor a short text" : "there is no id");
  }
  std::optional<std::string_view> params;
  for (const JsonMember& member : object->members()) {
    if (member.name == "params") params = member.value;
    if (member.name != "id" && member.name != "method" && member.name != "params")
      return bad("the request has an unknown member \"" + display_cut(member.name, 60) + "\"");
  }
  auto method = json_string(object->find("method").value_or(""));
  if (!method) return bad("the method is not a text");
  request.method = std::move(*method);
  if (params) {
    auto members = JsonObject::parse(*params);
    if (!members) return bad("params is not an object: " + members.error().detail);
    request.params = Params(std::move(*members));
  }
  return request;
}

std::string error_line(std::string_view id, const Error& error) {
  const Problem problem = problem_of(error);
  JsonWriter out;
  out.begin_object().name("id").raw(id).name("error").begin_object();
  out.member("code", problem.id).member("title", problem.title);
  // Details are ours, but may quote what came from outside: whatever is not UTF-8 is escaped.
  out.member("why", display_text(problem.why)).member("fix", display_text(problem.fix));
  out.member("exit", problem.exit_code).end_object().end_object();
  return out.take() + "\n";
}

}  // namespace lanyard::agent
