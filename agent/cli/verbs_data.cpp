#include <algorithm>

#include "agent/cli/json_read.hpp"
#include "agent/cli/session.hpp"
#include "agent/clock.hpp"
#include "agent/errors.hpp"
#include "agent/json_slices.hpp"
#include "agent/json_writer.hpp"
#include "replication/types/limits.hpp"
#include "replication/types/nearest_name.hpp"

namespace lanyard::agent {
namespace {

using Action = DataCommand::Action;

std::string record_name(const DataCommand& command) {
  return "\"" + command.key + "\" in " + command.space + "/" + command.collection;
}

JsonWriter params_of(const DataCommand& command) {
  JsonWriter out;
  out.begin_object().member("space", command.space).member("collection", command.collection);
  return out;
}

Result<int> write_record(const DataCommand& command, const char* method, const char* verb,
                         const char* done, bool takes_value, Session& session) {
  session.attempt(std::string("Could not ") + verb + " " + record_name(command));
  JsonWriter params = params_of(command);
  params.member("key", command.key);
  if (command.based_on) params.member("basedOn", *command.based_on);
  if (takes_value) {
    LANYARD_TRY_SET(const std::string value, json_argument(command.value));
    params.name("value").raw(value);
  }
  LANYARD_TRY_SET(const std::string text, session.call(method, params.end_object().str()));
  LANYARD_TRY_SET(const Json answer, read_json(text));
  if (session.out().style().json) session.out().json("write/1", text);
  session.out().say(std::string("ok  ") + done + " " + display_text(record_name(command)) +
                    "  version " + shown(answer, "version"));
  return exit_code::kOk;
}

/// The record's own JSON text, as the agent has it: parsing it again could change numbers.
Result<std::string> member_text(const std::string& json, std::string_view name) {
  LANYARD_TRY_SET(const JsonObject object, JsonObject::parse(json));
  return std::string(object.find(name).value_or("null"));
}

Result<Json> collections_of(const std::string& space, Session& session) {
  JsonWriter params;
  params.begin_object().member("space", space).end_object();
  LANYARD_TRY_SET(const std::string text, session.call("data.collections", params.str()));
  return read_json(text);
}

/// Nothing is what a slip in the collection's name finds too. That is no error: whoever writes the
/// first record there makes the collection.
void say_if_no_collection(const DataCommand& command, Session& session) {
  if (session.out().style().quiet) return;
  const auto answer = collections_of(command.space, session);
  if (!answer) return;
  std::vector<std::string> names;
  for (const Json& each : (*answer)["collections"])
    names.push_back(each.value("name", std::string()));
  if (std::find(names.begin(), names.end(), command.collection) != names.end()) return;
  const auto nearest = nearest_name(command.collection, names);
  session.out().error("No record stands in a collection \"" + display_text(command.collection) +
                      "\" of " + display_text(command.space) + ". " +
                      (nearest ? "Did you mean \"" + display_text(*nearest) + "\"?"
                               : "See  lanyard data collections " + display_text(command.space)) +
                      "\n");
}

Result<int> list_collections(const DataCommand& command, Session& session) {
  session.attempt("Could not list the collections of \"" + command.space + "\"");
  LANYARD_TRY_SET(const Json answer, collections_of(command.space, session));
  const Output& out = session.out();
  if (out.style().json) {
    out.json("collections/1", answer.dump());
    return exit_code::kOk;
  }
  std::vector<std::vector<std::string>> rows = {{"COLLECTION", "RECORDS"}};
  for (const Json& each : answer["collections"])
    rows.push_back({shown(each, "name"), count_text(each.value("records", std::uint64_t{0}))});
  if (rows.size() > 1)
    out.print_table(rows);
  else
    out.say("There is no record in it yet. Next: lanyard data put " + display_text(command.space) +
            " COLLECTION KEY JSON");
  return exit_code::kOk;
}

/// JSON on a terminal: what is no JSON syntax and would obey an attacker cannot stand in it but for
/// characters in strings, which JSON can spell otherwise.
std::string terminal_safe(const std::string& json, const Output& out) {
  return out.style().terminal ? display_text(json) : json;
}

Result<int> get_record(const DataCommand& command, Session& session) {
  session.attempt("Could not get " + record_name(command));
  JsonWriter params = params_of(command);
  params.member("key", command.key);
  const auto found = session.call("data.get", params.end_object().str());
  if (!found && found.error().is(Code::kNotFound)) say_if_no_collection(command, session);
  LANYARD_TRY_SET(const std::string text, found);
  const Output& out = session.out();
  if (out.style().json) {
    out.json("record/1", text);
    return exit_code::kOk;
  }
  LANYARD_TRY_SET(const std::string value, member_text(text, "value"));
  LANYARD_TRY_SET(const std::string version, member_text(text, "version"));
  out.line(terminal_safe(value, out));
  if (!out.style().quiet) out.error("version " + version.substr(1, version.size() - 2) + "\n");
  return exit_code::kOk;
}

Result<std::string> where_of(const DataCommand& command) {
  if (!command.where) return std::string();
  auto where = json_argument(command.where);
  if (!where)
    return fail(Code::kUsage, "--where is not good JSON",
                "Write for example '{\"chatId\":\"c1\",\"updatedAt\":{\"gt\":5}}'");
  return where;
}

/// How many there were.
Result<std::size_t> print_records(const std::string& page, const Output& out) {
  LANYARD_TRY_SET(const std::string records, member_text(page, "records"));
  LANYARD_TRY_SET(const auto elements, json_elements(records));
  for (const std::string_view element : elements) {
    const std::string record(element);
    if (out.style().json) {
      out.json("record/1", record);
      continue;
    }
    LANYARD_TRY_SET(const std::string key, member_text(record, "key"));
    LANYARD_TRY_SET(const std::string name, json_string(key));
    LANYARD_TRY_SET(const std::string value, member_text(record, "value"));
    out.line(display_text(name) + "\t" + terminal_safe(value, out));
  }
  return elements.size();
}

/// Pages until the limit; with --json one record a line, so that any number of them can be
/// streamed.
Result<int> query(const DataCommand& command, Session& session) {
  session.attempt("Could not query " + command.space + "/" + command.collection);
  LANYARD_TRY_SET(const std::string where, where_of(command));
  LANYARD_TRY_SET(ControlClient client, session.connect());
  std::string cursor;
  std::size_t printed = 0;
  for (std::size_t left = command.limit; left > 0;) {
    JsonWriter params = params_of(command);
    const std::size_t page = std::min(left, limits::kPageRows);
    params.member("limit", page);
    if (!where.empty()) params.name("where").raw(where);
    if (!command.order.empty()) params.member("order", command.order);
    if (!cursor.empty()) params.member("cursor", cursor);
    LANYARD_TRY_SET(const std::string text, client.call("data.query", params.end_object().str()));
    LANYARD_TRY_SET(const std::size_t records, print_records(text, session.out()));
    printed += records;
    LANYARD_TRY_SET(const std::string next, member_text(text, "cursor"));
    if (next == "null") break;
    LANYARD_TRY_SET(cursor, json_string(next));
    left -= page;
  }
  if (printed == 0) say_if_no_collection(command, session);
  return exit_code::kOk;
}

void print_changed(const std::string& json, const Output& out) {
  const auto object = JsonObject::parse(json);
  if (!object) return;
  if (object->find("resync"))
    return out.line(out.style().json ? json : "(more changed than can be shown)");
  const auto record = object->find("record");
  if (!record) return;
  if (out.style().json) return out.json("change/1", std::string(*record));
  const std::string text(*record);
  const auto key = json_string(member_text(text, "key").value_or(""));
  const std::string value = member_text(text, "value").value_or("null");
  out.line(display_text(key.value_or("")) + "\t" +
           (value == "null" ? "deleted" : terminal_safe(value, out)));
}

Result<int> watch(const DataCommand& command, Session& session) {
  session.attempt("Could not watch " + command.space + "/" + command.collection);
  LANYARD_TRY_SET(const std::string where, where_of(command));
  JsonWriter params = params_of(command);
  if (!where.empty()) params.name("where").raw(where);
  LANYARD_TRY_SET(ControlClient client, session.connect());
  say_if_no_collection(command, session);
  bool watching = false;
  LANYARD_TRY_SET(const std::string end, client.call("data.watch", params.end_object().str(),
                                                     [&](const std::string& json) {
                                                       // From the first answer on, silence is no
                                                       // failure.
                                                       if (!std::exchange(watching, true))
                                                         client.set_timeout({});
                                                       print_changed(json, session.out());
                                                     }));
  return exit_code::kOk;
}

void print_history_entry(const Json& entry, const Output& out) {
  const std::int64_t now = wall_now().ms;
  for (const Json& op : entry["ops"]) {
    out.line(age_text(entry["time"], now) + "\t" + shown(entry, "deviceName") + "\t" +
             shown(op, "op") + "\t" + terminal_safe(op["value"].dump(), out));
  }
}

Result<int> history(const DataCommand& command, Session& session) {
  session.attempt("Could not read the history of " + record_name(command));
  LANYARD_TRY_SET(ControlClient client, session.connect());
  std::string cursor;
  for (std::size_t left = command.limit; left > 0;) {
    JsonWriter params = params_of(command);
    params.member("key", command.key).member("limit", std::min(left, limits::kPageRows));
    if (!cursor.empty()) params.member("cursor", cursor);
    LANYARD_TRY_SET(const std::string text, client.call("data.history", params.end_object().str()));
    LANYARD_TRY_SET(const Json page, read_json(text));
    for (const Json& entry : page["history"]) {
      session.out().style().json ? session.out().json("history/1", entry.dump())
                                 : print_history_entry(entry, session.out());
      --left;
    }
    if (page["cursor"].is_null()) break;
    cursor = page["cursor"].get<std::string>();
  }
  return exit_code::kOk;
}

}  // namespace

Result<int> run(const DataCommand& command, Session& session) {
  switch (command.action) {
    case Action::kPut: return write_record(command, "data.put", "put", "put", true, session);
    case Action::kPatch:
      return write_record(command, "data.patch", "patch", "patched", true, session);
    case Action::kDelete:
      return write_record(command, "data.delete", "delete", "put into the trash:", false, session);
    case Action::kRestore:
      return write_record(command, "data.restore", "restore", "restored", false, session);
    case Action::kGet: return get_record(command, session);
    case Action::kQuery: return query(command, session);
    case Action::kWatch: return watch(command, session);
    case Action::kHistory: return history(command, session);
    case Action::kCollections: return list_collections(command, session);
  }
  return exit_code::kFailed;
}

}  // namespace lanyard::agent
