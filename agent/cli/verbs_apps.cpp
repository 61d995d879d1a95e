#include <unistd.h>

#include "agent/ascii_text.hpp"
#include "agent/cli/session.hpp"
#include "agent/cli/subprocess.hpp"
#include "agent/cli/token_table.hpp"
#include "agent/clock.hpp"
#include "agent/errors.hpp"
#include "agent/json_writer.hpp"

namespace lanyard::agent {
namespace {

/// "read and write in notes, chats"
std::string wanted_text(const Json& wish) {
  std::string spaces;
  for (const Json& space : wish["spaces"])
    spaces += (spaces.empty() ? "" : ", ") + display_text(space.get<std::string>());
  if (wish.value("allSpaces", false)) spaces = "all spaces, those to come too";
  return (wish.value("write", false) ? "read and write in " : "read in ") + spaces;
}

/// Who asks. The name is the app's own word; where it is from, the browser says.
std::string asker_text(const Json& request) {
  const std::string origin = shown(request, "origin");
  const std::string app = "\"" + shown(request, "app") + "\"";
  if (request.value("fromPage", false)) return app + ", a page of " + origin;
  return app + ", a program of this machine" +
         (origin.empty() ? "" : " that speaks for pages of " + origin);
}

/// Whose connection it came by, as this machine's system says.
std::string from_text(const Json& request) {
  const std::string user = shown(request, "user");
  const std::string program = shown(request, "program");
  return "from " + (program.empty() ? std::string("an unknown program") : program) + " of " +
         (user.empty() ? std::string("an unknown user") : user);
}

std::string request_lines(const Json& request, std::int64_t now_ms) {
  const std::int64_t left = request.value("expiresMs", std::int64_t{0}) - now_ms;
  const std::string why = shown(request, "why");
  return shown(request, "id") + "  " + asker_text(request) + "\n          " + from_text(request) +
         "\n          wants to " + wanted_text(request) + "\n" +
         (why.empty() ? "" : "          and says: " + why + "\n") + "          waits for another " +
         duration_text(std::max<std::int64_t>(left, 0)) + "\n";
}

/// {"requests", "tokens"}: two answers of the agent as one.
Result<Json> read_apps(ControlClient& client) {
  LANYARD_TRY_SET(const std::string asked, client.call("apps.list", "{}"));
  LANYARD_TRY_SET(const std::string given, client.call("token.list", "{}"));
  LANYARD_TRY_SET(Json out, read_json(asked));
  LANYARD_TRY_SET(const Json tokens, read_json(given));
  out["tokens"] = tokens["tokens"];
  return out;
}

Result<int> list_apps(Session& session) {
  session.attempt("Could not list the apps");
  LANYARD_TRY_SET(ControlClient client, session.connect());
  LANYARD_TRY_SET(const Json apps, read_apps(client));
  const Output& out = session.out();
  if (out.style().json) {
    out.json("apps/1", apps.dump());
    return exit_code::kOk;
  }
  const std::int64_t now_ms = wall_now().ms;
  for (const Json& request : apps["requests"]) out.print(request_lines(request, now_ms) + "\n");
  out.say(apps["requests"].empty()
              ? "No app asks for access."
              : "Answer with  lanyard apps allow ID [--read-only] [--space NAME]  or  lanyard apps "
                "deny ID");
  if (apps["tokens"].empty()) {
    out.say("No app has access.");
  } else {
    out.line("");
    out.print_table(token_rows(apps["tokens"], now_ms));
  }
  return exit_code::kOk;
}

Result<Json> find_request(ControlClient& client, const std::string& typed) {
  const std::string id = lower(typed);
  LANYARD_TRY_SET(const std::string text, client.call("apps.list", "{}"));
  LANYARD_TRY_SET(const Json answer, read_json(text));
  Json found;
  for (const Json& request : answer["requests"]) {
    if (id.size() < 4 || !request.value("id", std::string()).starts_with(id)) continue;
    if (!found.is_null())
      return fail(Code::kUsage, "several requests begin with \"" + id + "\"", "Give more digits.");
    found = request;
  }
  if (found.is_null())
    return fail(Code::kNotFound, "no request of that id waits for an answer",
                "See  lanyard apps  for those that do; each waits for ten minutes.");
  return found;
}

/// What it will get, as the person who says yes is told.
Json narrowed_wish(const AppsCommand& command, Json request) {
  if (command.read_only) request["write"] = false;
  if (command.spaces.empty()) return request;
  request["spaces"] = command.spaces;
  request["allSpaces"] = false;
  return request;
}

Result<int> allow(const AppsCommand& command, Session& session) {
  session.attempt("Could not allow \"" + command.request + "\"");
  if (!is_on_terminal())
    LANYARD_TRY(
        session.confirm("", "an app would be let in, and nobody is here to be asked", command.yes));
  LANYARD_TRY_SET(ControlClient client, session.connect());
  LANYARD_TRY_SET(const Json request, find_request(client, command.request));
  LANYARD_TRY(session.confirm(
      "Allow it?",
      asker_text(request) + ",\nmay then " + wanted_text(narrowed_wish(command, request)),
      command.yes));
  // By its whole id: the one that was shown.
  JsonWriter params;
  params.begin_object().member("request", request.value("id", std::string()));
  params.member("readOnly", command.read_only);
  if (!command.spaces.empty()) params.texts("spaces", command.spaces);
  LANYARD_TRY_SET(const std::string text, client.call("apps.allow", params.end_object().take()));
  LANYARD_TRY_SET(const Json granted, read_json(text));
  if (session.out().style().json) session.out().json("app-allowed/1", text);
  session.out().say("ok  \"" + shown(granted, "app") + "\" may " + wanted_text(granted) +
                    ". Take it back with  lanyard token revoke " + shown(granted, "id"));
  return exit_code::kOk;
}

Result<int> deny(const AppsCommand& command, Session& session) {
  session.attempt("Could not refuse \"" + command.request + "\"");
  JsonWriter params;
  params.begin_object().member("request", command.request).end_object();
  LANYARD_TRY_SET(const std::string text, session.call("apps.deny", params.str()));
  LANYARD_TRY_SET(const Json refused, read_json(text));
  if (session.out().style().json) session.out().json("app-denied/1", text);
  session.out().say("ok  \"" + shown(refused, "app") + "\" is told no.");
  return exit_code::kOk;
}

std::string variable_text(const Environment& environment, const char* name) {
  const auto place = environment.find(name);
  return place == environment.end() ? std::string() : place->second;
}

/// freedesktop.org's xdg-open, which starts the person's browser or tells the one that runs; empty
/// where there is no desktop.
std::string opener(const Environment& environment) {
  const bool has_desktop = !variable_text(environment, "DISPLAY").empty() ||
                           !variable_text(environment, "WAYLAND_DISPLAY").empty();
  std::string folders = has_desktop ? variable_text(environment, "PATH") : std::string();
  while (!folders.empty()) {
    const std::size_t colon = folders.find(':');
    std::string program = folders.substr(0, colon) + "/xdg-open";
    if (program.front() == '/' && access(program.c_str(), X_OK) == 0) return program;
    folders.erase(0, colon == std::string::npos ? colon : colon + 1);
  }
  return {};
}

}  // namespace

Result<int> run(const AppsCommand& command, Session& session) {
  switch (command.action) {
    case AppsCommand::Action::kList: return list_apps(session);
    case AppsCommand::Action::kAllow: return allow(command, session);
    case AppsCommand::Action::kDeny: return deny(command, session);
  }
  return exit_code::kFailed;
}

Result<int> run(const UiCommand& command, Session& session) {
  session.attempt("Could not open the page");
  LANYARD_TRY_SET(const std::string text, session.call("ui.open", "{}"));
  LANYARD_TRY_SET(const Json answer, read_json(text));
  const Output& out = session.out();
  if (out.style().json) {
    out.json("ui/1", text);
    return exit_code::kOk;
  }
  const std::string url = shown(answer, "url");
  const std::string program = command.print_url ? "" : opener(session.environment());
  // The browser may stay a child of it for as long as it runs.
  if (!program.empty() && start_background({program, url}, "/dev/null") > 0) {
    out.say("ok  your browser opens the page. If none does:  lanyard ui --print-url");
    return exit_code::kOk;
  }
  out.line(url);
  // What a script takes from standard output is the address and nothing else.
  if (out.style().terminal && !out.style().quiet)
    out.error(
        "Open it within a minute, on this machine. It signs one page in, and is good for "
        "nothing after that.\n");
  return exit_code::kOk;
}

}  // namespace lanyard::agent
