#include <map>

#include "agent/cli/json_read.hpp"
#include "agent/cli/session.hpp"
#include "agent/errors.hpp"
#include "agent/json_writer.hpp"

namespace lanyard::agent {
namespace {

std::string joined_values(const Json& values, const char* otherwise) {
  std::string out;
  for (const Json& value : values) {
    const std::string text = value.is_string() ? display_text(value.get<std::string>())
                                               : std::to_string(value.get<std::int64_t>());
    out += (out.empty() ? "" : ", ") + text;
  }
  return out.empty() ? otherwise : out;
}

Result<int> enable_listener(const CompatCommand& command, Session& session) {
  session.attempt("Could not switch on the listener " + command.kind);
  JsonWriter params;
  params.begin_object().member("kind", command.kind).member("space", command.space);
  if (command.port > 0) params.member("port", command.port);
  params.texts("origins", command.origins);
  params.texts("keptLocal", command.kept_local);
  LANYARD_TRY_SET(const std::string text,
                  session.call("compat.enable", params.end_object().take()));
  LANYARD_TRY_SET(const Json answer, read_json(text));
  if (session.out().style().json) {
    session.out().json("compat/1", text);
    return exit_code::kOk;
  }
  const Json& listener = answer["listener"];
  session.out().say("ok  " + shown(listener, "kind") + " serves on port " +
                    joined_values(listener["ports"], "") + ", from this machine alone.");
  session.out().say(listener["origins"].empty()
                        ? "Programs may use it, and no web page: --origin URL allows one."
                        : "Pages of " + joined_values(listener["origins"], "") + " may use it.");
  return exit_code::kOk;
}

Result<int> disable_listener(const CompatCommand& command, Session& session) {
  session.attempt("Could not switch off the listener " + command.kind);
  JsonWriter params;
  params.begin_object().member("kind", command.kind).end_object();
  LANYARD_TRY_SET(const std::string text, session.call("compat.disable", params.str()));
  if (session.out().style().json) {
    session.out().json("compat/1", text);
  } else {
    session.out().say("ok  " + display_text(command.kind) +
                      " is off. Its records stay, and what its clients had seen is remembered.");
  }
  return exit_code::kOk;
}

std::string listener_state(const Json& listener) {
  if (listener.value("serving", false)) return "serving";
  return listener.value("enabled", false) ? "not serving" : "off";
}

Result<int> list_listeners(Session& session) {
  session.attempt("Could not list the listeners");
  LANYARD_TRY_SET(const std::string text, session.call("compat.list", "{}"));
  LANYARD_TRY_SET(const Json answer, read_json(text));
  const Output& out = session.out();
  if (out.style().json) {
    out.json("compat-list/1", text);
    return exit_code::kOk;
  }
  std::vector<std::vector<std::string>> rows = {
      {"LISTENER", "STATE", "PORTS", "SPACE", "ORIGINS", "KEPT LOCAL"}};
  for (const Json& each : answer["listeners"])
    rows.push_back({shown(each, "kind"), listener_state(each), joined_values(each["ports"], "-"),
                    shown(each, "space"), joined_values(each["origins"], "programs only"),
                    joined_values(each["keptLocal"], "-")});
  if (rows.size() == 1) {
    out.say("No listener was ever on. Next: lanyard compat enable rangerplex --origin URL");
    return exit_code::kOk;
  }
  out.print_table(rows);
  for (const Json& each : answer["listeners"])
    if (const std::string problem = shown(each, "problem"); !problem.empty())
      out.line(shown(each, "kind") + " does not serve: " + problem);
  return exit_code::kOk;
}

/// The way to a member: "providers, one with the id 3, apiKey"; nothing: the record as a whole.
std::string shown_way(const Json& way) {
  std::string out;
  for (const Json& step : way) {
    const std::string text = step.is_string() ? step.get<std::string>() : "";
    const std::string named = text.starts_with('=')   ? "[" + text.substr(1) + "]"
                              : text.starts_with('#') ? "[" + text.substr(1) + "]"
                                                      : text;
    out += (out.empty() || named.starts_with('[') ? "" : ".") + display_text(named);
  }
  return out.empty() ? "all of it" : out;
}

Result<int> list_kept(Session& session) {
  session.attempt("Could not list what stays here");
  LANYARD_TRY_SET(const std::string text, session.call("compat.kept", "{}"));
  LANYARD_TRY_SET(const Json answer, read_json(text));
  const Output& out = session.out();
  if (out.style().json) {
    out.json("compat-kept/1", text);
    return exit_code::kOk;
  }
  LANYARD_TRY_SET(const std::string spaces_text, session.call("space.list", "{}"));
  LANYARD_TRY_SET(const Json spaces, read_json(spaces_text));
  std::map<std::string, std::string> names;
  for (const Json& each : spaces["spaces"]) names[shown(each, "id")] = shown(each, "name");
  std::vector<std::vector<std::string>> rows = {{"SPACE", "COLLECTION", "KEY", "MEMBER"}};
  for (const Json& each : answer["kept"]) {
    const auto name = names.find(shown(each, "space"));
    rows.push_back({name == names.end() ? shown(each, "space") : name->second,
                    shown(each, "collection"), shown(each, "key"), shown_way(each["member"])});
  }
  if (rows.size() == 1) {
    out.say("Nothing is kept here: everything that clients have posted is synced.");
    return exit_code::kOk;
  }
  out.print_table(rows);
  if (answer.value("more", false)) out.line("And more: these are the first 1000.");
  return exit_code::kOk;
}

}  // namespace

Result<int> run(const CompatCommand& command, Session& session) {
  switch (command.action) {
    case CompatCommand::Action::kEnable: return enable_listener(command, session);
    case CompatCommand::Action::kDisable: return disable_listener(command, session);
    case CompatCommand::Action::kList: return list_listeners(session);
    case CompatCommand::Action::kKept: return list_kept(session);
  }
  return exit_code::kFailed;
}

}  // namespace lanyard::agent
