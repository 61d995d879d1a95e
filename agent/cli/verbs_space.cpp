#include "agent/cli/json_read.hpp"
#include "agent/cli/session.hpp"
#include "agent/errors.hpp"
#include "agent/json_writer.hpp"

namespace lanyard::agent {
namespace {

std::string space_state(const Json& space) {
  if (space.value("left", false)) return "left";
  if (space.value("archived", false)) return "archived";
  const std::string mode = shown(space, "syncMode");
  return mode == "hybrid" ? "synced" : mode;
}

Result<int> list_spaces(Session& session) {
  session.attempt("Could not list the spaces");
  LANYARD_TRY_SET(const std::string text, session.call("space.list", "{}"));
  LANYARD_TRY_SET(const Json answer, read_json(text));
  const Output& out = session.out();
  if (out.style().json) {
    out.json("spaces/1", text);
    return exit_code::kOk;
  }
  std::vector<std::vector<std::string>> rows = {{"SPACE", "ID", "MEMBERS", "STATE"}};
  for (const Json& space : answer["spaces"])
    rows.push_back({display_cut(space.value("name", std::string()), 40), shown(space, "id"),
                    count_text(space["members"].size()), space_state(space)});
  if (rows.size() > 1)
    out.print_table(rows);
  else
    out.say("There is no space yet. Next: lanyard space create NAME");
  return exit_code::kOk;
}

void print_info(const Json& info, const Output& out) {
  std::vector<std::vector<std::string>> rows = {
      {"Space", shown(info, "name")},
      {"Id", shown(info, "id")},
      {"Records", count_text(info.value("records", std::uint64_t{0}))},
      {"Conflicts", count_text(info.value("conflicts", std::uint64_t{0}))},
      {"Changes", count_text(info.value("changes", std::uint64_t{0}))},
      {"Size", bytes_text(info.value("fileBytes", std::uint64_t{0}))},
      {"File", shown(info, "file")}};
  if (info.contains("state_hash")) rows.push_back({"State hash", shown(info, "state_hash")});
  if (const auto forked = info.value("forks", std::uint64_t{0}); forked > 0)
    rows.push_back(
        {"Forks", count_text(forked) + ": see  lanyard space forks " + shown(info, "name")});
  for (const Json& held : info["withoutEffect"])
    rows.push_back({"Without effect", plural(held.value("changes", std::uint64_t{0}), "change") +
                                          " by " + shown(held, "authorName") + ": " +
                                          shown(held, "why")});
  for (const Json& member : info["members"])
    rows.push_back({"Member", shown(member, "name") + "  " + shown(member, "id")});
  for (const Json& collection : info["collections"])
    rows.push_back(
        {"Collection", shown(collection, "name") + "  " +
                           plural(collection.value("records", std::uint64_t{0}), "record")});
  out.print(table(rows));
}

Result<int> info(const SpaceCommand& command, Session& session) {
  session.attempt("Could not look into \"" + command.space + "\"");
  JsonWriter params;
  params.begin_object().member("space", command.space).member("hash", !command.no_hash);
  LANYARD_TRY_SET(const std::string text, session.call("space.info", params.end_object().str()));
  LANYARD_TRY_SET(const Json answer, read_json(text));
  if (session.out().style().json)
    session.out().json("space-info/1", text);
  else
    print_info(answer, session.out());
  return exit_code::kOk;
}

Result<int> create(const SpaceCommand& command, Session& session) {
  session.attempt("Could not create the space \"" + command.space + "\"");
  JsonWriter params;
  params.begin_object().member("name", command.space).end_object();
  LANYARD_TRY_SET(const std::string text, session.call("space.create", params.str()));
  LANYARD_TRY_SET(const Json space, read_json(text));
  if (session.out().style().json) session.out().json("space/1", text);
  session.out().say("ok  The space " + shown(space, "name") + " (" + shown(space, "id") +
                    ") is there. Next: lanyard space share " + shown(space, "name") + " DEVICE");
  return exit_code::kOk;
}

Result<int> share(const SpaceCommand& command, Session& session) {
  session.attempt("Could not share \"" + command.space + "\" with " + command.device);
  JsonWriter params;
  params.begin_object().member("space", command.space).member("device", command.device);
  LANYARD_TRY_SET(const std::string text, session.call("space.share", params.end_object().str()));
  LANYARD_TRY_SET(const Json answer, read_json(text));
  if (session.out().style().json) session.out().json("space-share/1", text);
  const std::string who = shown(answer["device"], "name");
  const std::string what = shown(answer["space"], "name");
  session.out().say(answer.value("wasMember", false)
                        ? "ok  " + who + " is a member of " + what + " already."
                        : "ok  " + who + " is a member of " + what +
                              " now, and gets its data when it is connected.");
  return exit_code::kOk;
}

Result<int> change(const SpaceCommand& command, const JsonWriter& wish, const std::string& done,
                   Session& session) {
  session.attempt("Could not change \"" + command.space + "\"");
  LANYARD_TRY_SET(const std::string text, session.call("space.change", wish.str()));
  if (session.out().style().json) session.out().json("space/1", text);
  session.out().say("ok  " + display_text(command.space) + done);
  return exit_code::kOk;
}

Result<int> rename(const SpaceCommand& command, Session& session) {
  JsonWriter wish;
  wish.begin_object().member("space", command.space).member("name", command.name).end_object();
  return change(command, wish, " is called " + display_text(command.name) + " here now.", session);
}

Result<int> set_mode(const SpaceCommand& command, Session& session) {
  JsonWriter wish;
  wish.begin_object().member("space", command.space).member("syncMode", command.mode).end_object();
  return change(command, wish, " is " + display_text(command.mode) + " on this device now.",
                session);
}

Result<int> archive(const SpaceCommand& command, bool is_archived, Session& session) {
  JsonWriter wish;
  wish.begin_object().member("space", command.space).member("archived", is_archived).end_object();
  return change(command, wish,
                is_archived ? " is archived: read here, not written to, not synced."
                            : " is back, and synced again.",
                session);
}

Result<int> leave(const SpaceCommand& command, Session& session) {
  session.attempt("Could not leave \"" + command.space + "\"");
  const std::string name = display_text(command.space);
  const std::string loses = command.even_if_alone ? "are lost"
                            : command.remove_copy ? "keep it from going"
                                                  : "stay here alone";
  LANYARD_TRY(session.confirm(
      "Leave " + name + "?",
      "This device stops syncing \"" + name + "\"; changes that no other member has yet " + loses,
      command.yes));
  const bool is_decided = command.yes || command.keep_copy || command.remove_copy;
  const bool removes =
      command.remove_copy || (!is_decided && !session.ask("Keep what is here as a file?", true));
  JsonWriter params;
  params.begin_object().member("space", command.space).member("removeCopy", removes);
  params.member("evenIfAlone", command.even_if_alone).end_object();
  LANYARD_TRY_SET(const std::string text, session.call("space.leave", params.str()));
  LANYARD_TRY_SET(const Json space, read_json(text));
  if (session.out().style().json) session.out().json("space/1", text);
  session.out().say("ok  " + shown(space, "name") + " is not synced any more; its file " +
                    (removes ? "is gone." : "stays.") +
                    " If a member shares it again, it is back.");
  return exit_code::kOk;
}

Result<int> accept_loss(const SpaceCommand& command, Session& session) {
  session.attempt("Could not accept the loss in \"" + command.space + "\"");
  LANYARD_TRY(session.confirm("Accept that?",
                              "Changes of \"" + display_text(command.space) +
                                  "\" that no device has are not looked for, nor told of, any more",
                              command.yes));
  JsonWriter params;
  params.begin_object().member("space", command.space).end_object();
  LANYARD_TRY_SET(const std::string text, session.call("space.acceptLoss", params.str()));
  LANYARD_TRY_SET(const Json answer, read_json(text));
  if (session.out().style().json) session.out().json("space-loss/1", text);
  session.out().say("ok  " + plural(answer.value("changes", std::uint64_t{0}), "change") + " of " +
                    shown(answer["space"], "name") + " " +
                    (answer.value("changes", std::uint64_t{0}) == 1 ? "counts" : "count") +
                    " as lost, and status tells of it no more. The log keeps a line.");
  return exit_code::kOk;
}

void print_branch(const Json& branch, const Output& out) {
  const Json& changes = branch["changes"];
  out.line(std::string("  ") +
           (branch.value("applied", false) ? "applied here" : "kept beside it") + ": " +
           plural(changes.size(), "change"));
  for (const Json& change : changes) {
    for (const Json& op : change["ops"])
      out.line("    " + count_text(change.value("seq", std::uint64_t{0})) + "  " +
               display_cut(op.dump(), 100));
    if (!change.value("readable", false))
      out.line("    " + count_text(change.value("seq", std::uint64_t{0})) +
               "  admits a device, or is not readable here");
  }
}

/// With --json both branches whole: that is how the other one is taken elsewhere.
Result<int> forks(const SpaceCommand& command, Session& session) {
  session.attempt("Could not read the forks of \"" + command.space + "\"");
  JsonWriter params;
  params.begin_object().member("space", command.space).end_object();
  LANYARD_TRY_SET(const std::string text, session.call("space.forks", params.str()));
  LANYARD_TRY_SET(const Json answer, read_json(text));
  const Output& out = session.out();
  if (out.style().json) {
    out.json("space-forks/1", text);
    return exit_code::kOk;
  }
  for (const Json& fork : answer["forks"]) {
    out.line(shown(fork, "deviceName") + " wrote two changes numbered " +
             count_text(fork.value("seq", std::uint64_t{0})) + " of log " +
             shown(fork, "log").substr(0, 16));
    for (const Json& branch : fork["branches"]) print_branch(branch, out);
  }
  if (answer["forks"].empty()) out.say("No log of this space has forked.");
  return exit_code::kOk;
}

}  // namespace

Result<int> run(const SpaceCommand& command, Session& session) {
  using Action = SpaceCommand::Action;
  switch (command.action) {
    case Action::kList: return list_spaces(session);
    case Action::kCreate: return create(command, session);
    case Action::kRename: return rename(command, session);
    case Action::kMode: return set_mode(command, session);
    case Action::kArchive: return archive(command, true, session);
    case Action::kUnarchive: return archive(command, false, session);
    case Action::kShare: return share(command, session);
    case Action::kLeave: return leave(command, session);
    case Action::kInfo: return info(command, session);
    case Action::kForks: return forks(command, session);
    case Action::kAcceptLoss: return accept_loss(command, session);
  }
  return exit_code::kFailed;
}

}  // namespace lanyard::agent
