#include "agent/cli/json_read.hpp"
#include "agent/cli/session.hpp"
#include "agent/clock.hpp"
#include "agent/errors.hpp"
#include "agent/json_writer.hpp"

namespace lanyard::agent {
namespace {

constexpr std::size_t kShortId = 10;

std::string authors(const Json& conflict) {
  std::string out;
  for (const Json& sibling : conflict["siblings"])
    out += (out.empty() ? "" : " · ") + shown(sibling, "deviceName");
  return out;
}

std::int64_t newest(const Json& conflict) {
  std::int64_t out = 0;
  for (const Json& sibling : conflict["siblings"])
    out = std::max(out, sibling.value("time", std::int64_t{0}));
  return out;
}

Result<int> list_conflicts(const ConflictCommand& command, Session& session) {
  session.attempt("Could not list the conflicts");
  JsonWriter params;
  params.begin_object().member("limit", command.limit);
  if (!command.space.empty()) params.member("space", command.space);
  LANYARD_TRY_SET(const std::string text, session.call("conflict.list", params.end_object().str()));
  LANYARD_TRY_SET(const Json answer, read_json(text));
  const Output& out = session.out();
  if (out.style().json) {
    out.json("conflicts/1", text);
    return exit_code::kOk;
  }
  std::vector<std::vector<std::string>> rows = {
      {"ID", "SPACE", "RECORD", "FIELD", "BETWEEN", "AGE"}};
  for (const Json& conflict : answer["conflicts"])
    rows.push_back({shown(conflict, "id").substr(0, kShortId), shown(conflict, "space"),
                    display_cut(conflict.value("collection", std::string()) + "/" +
                                    conflict.value("key", std::string()),
                                40),
                    display_cut(conflict.value("field", std::string()), 30), authors(conflict),
                    age_text(newest(conflict), wall_now().ms)});
  if (rows.size() > 1)
    out.print_table(rows);
  else
    out.say("There are no conflicts.");
  if (answer.value("more", false))
    out.say("There are more than these; see  lanyard conflicts list --limit 1000");
  return exit_code::kOk;
}

Result<int> show(const ConflictCommand& command, Session& session) {
  session.attempt("Could not show the conflict " + command.id);
  JsonWriter params;
  params.begin_object().member("id", command.id).end_object();
  LANYARD_TRY_SET(const std::string text, session.call("conflict.show", params.str()));
  LANYARD_TRY_SET(const Json conflict, read_json(text));
  const Output& out = session.out();
  if (out.style().json) {
    out.json("conflict/1", text);
    return exit_code::kOk;
  }
  out.line(shown(conflict, "id") + "  " + shown(conflict, "space") + "  " +
           shown(conflict, "collection") + "/" + shown(conflict, "key") + "  field " +
           shown(conflict, "field") + "  version " + shown(conflict, "version"));
  const Json& base = conflict["base"];
  if (!base.is_null())
    out.line("  before  " + display_text(base["value"].dump()) + "   " + shown(base, "deviceName") +
             ", " + age_text(base.value("time", std::int64_t{0}), wall_now().ms));
  int number = 0;
  for (const Json& sibling : conflict["siblings"])
    out.line("  " + std::to_string(++number) + "  " + display_text(sibling["value"].dump()) +
             "   " + shown(sibling, "deviceName") + ", " +
             age_text(sibling.value("time", std::int64_t{0}), wall_now().ms) +
             (sibling.value("shown", false) ? "  (shown)" : ""));
  out.say("Next: lanyard conflicts resolve " + shown(conflict, "id").substr(0, kShortId) +
          " --use N");
  return exit_code::kOk;
}

Result<int> resolve(const ConflictCommand& command, Session& session) {
  session.attempt("Could not resolve the conflict " + command.id);
  JsonWriter params;
  params.begin_object().member("id", command.id);
  if (command.use > 0) params.member("use", command.use);
  if (command.merge) params.member("merge", true);
  if (command.value) {
    LANYARD_TRY_SET(const std::string value, json_argument(command.value));
    params.name("value").raw(value);
  }
  LANYARD_TRY_SET(const std::string text,
                  session.call("conflict.resolve", params.end_object().str()));
  LANYARD_TRY_SET(const Json answer, read_json(text));
  if (session.out().style().json) session.out().json("resolution/1", text);
  session.out().say("ok  The value is " + display_cut(answer["value"].dump(), 60) +
                    " now, on every device that gets this. Undo: lanyard conflicts undo " +
                    command.id);
  return exit_code::kOk;
}

Result<int> undo(const ConflictCommand& command, Session& session) {
  session.attempt("Could not undo the resolution of " + command.id);
  JsonWriter params;
  params.begin_object().member("id", command.id);
  if (!command.space.empty()) params.member("space", command.space);
  LANYARD_TRY_SET(const std::string text, session.call("conflict.undo", params.end_object().str()));
  LANYARD_TRY_SET(const Json answer, read_json(text));
  if (session.out().style().json) session.out().json("undo/1", text);
  session.out().say("ok  " + shown(answer, "collection") + "/" + shown(answer, "key") + " has " +
                    std::to_string(answer["siblings"].size()) + " values of \"" +
                    shown(answer, "field") + "\" again.");
  return exit_code::kOk;
}

}  // namespace

Result<int> run(const ConflictCommand& command, Session& session) {
  switch (command.action) {
    case ConflictCommand::Action::kList: return list_conflicts(command, session);
    case ConflictCommand::Action::kShow: return show(command, session);
    case ConflictCommand::Action::kResolve: return resolve(command, session);
    case ConflictCommand::Action::kUndo: return undo(command, session);
  }
  return exit_code::kFailed;
}

}  // namespace lanyard::agent
