// Knows CLI11, as parser.hpp and command_line.cpp do, and nothing else.
#include "agent/cli/parser.hpp"

/// The verbs, with their options, helps and examples.
namespace lanyard::agent {

void Parser::add_agent_flags(CLI::App* app) {
  const auto key = [&](const char* flag, const char* value, const char* name, const char* help) {
    app->add_option_function<std::string>(
           flag,
           [this, flag, name](const std::string& text) {
             flags_.push_back({name, flag, text});
           },
           help)
        ->type_name(value);
  };
  key("--name", "NAME", "device.name", "what other devices call this one");
  key("--sync-port", "PORT", "sync.port", "TCP port for other devices");
  key("--listen", "ADDRESS", "sync.listen", "address to listen on for other devices");
  key("--api-port", "PORT", "api.port", "loopback port of the local API");
  key("--api-users", "USERS", "api.users", "other users of this machine who may connect to it");
  key("--log-level", "LEVEL", "log.level", "debug, info, warning, error or off");
  key("--log-target", "TARGET", "log.target", "auto, journal, stderr or file");
  app->add_flag("--no-discovery", no_discovery_, "do not look for devices on the network");
  app->add_option("--peer", peers_, "a device to try; may be given again")
      ->type_name("HOST:PORT")
      ->take_all();
}
void Parser::take_agent_flags() {
  if (no_discovery_) flags_.push_back({"discovery.mode", "--no-discovery", "off"});
  std::string peers;
  for (const std::string& peer : peers_) peers += (peers.empty() ? "" : ",") + peer;
  if (!peers.empty()) flags_.push_back({"discovery.peers", "--peer", peers});
  if (auto* agent = std::get_if<AgentCommand>(&command_)) agent->agent.flags = flags_;
  if (auto* up = std::get_if<UpCommand>(&command_)) up->agent.flags = flags_;
}

void Parser::add_agent_verbs() {
  add_agent_flags(verb<AgentCommand>(app_, "agent", "Run the agent in the foreground.",
                                     "  lanyard agent\n  lanyard agent --data-dir /srv/lanyard "
                                     "--name pi --sync-port 7761")
                      .first);
  const auto [up, start] = verb<UpCommand>(
      app_, "up", "Start the agent, or show the one that is running.",
      "  lanyard up\n"
      "  lanyard up --name ada-laptop      kept in the configuration file, as every "
      "flag of up\n"
      "  lanyard up --upgrade      after this program was built or installed anew");
  up->add_flag("--upgrade", start->upgrade,
               "if the agent that is running was started from another program than this one, stop "
               "it and start this one, with the same flags");
  add_agent_flags(up);
  verb<DownCommand>(app_, "down", "Stop the agent.", "  lanyard down");
  const auto [status, what] = verb<StatusCommand>(
      app_, "status", "Show how the agent, its devices and its spaces are.",
      "  lanyard status\n  lanyard status --watch\n  lanyard status --check && echo all synced");
  status->add_flag("--watch,-w", what->watch, "show it again every 2 seconds");
  status->add_flag("--check", what->check,
                   "exit code 7 if there are conflicts, unsynced data, or parts that do not work");
  verb<MetricsCommand>(app_, "metrics",
                       "Print what the agent counts, as GET /metrics of the local API does.",
                       "  lanyard metrics\n  lanyard metrics | grep sync");
  add_pair_verb();
  const auto [ping, whom] = verb<PingCommand>(app_, "ping", "Try to reach a device, step by step.",
                                              "  lanyard ping pi-kitchen");
  ping->add_option("device", whom->device, "name or id")->required();
  const auto [log, which] = verb<LogCommand>(app_, "log", "Show the agent's log.",
                                             "  lanyard log\n  lanyard log -n 200 -f");
  log->add_option("-n,--lines", which->lines, "how many lines (50)")
      ->type_name("N")
      ->check(CLI::Range(std::size_t{1}, std::size_t{1'000'000}));
  log->add_flag("-f,--follow", which->follow, "go on, and print lines as they come");
  verb<VersionCommand>(app_, "version", "Print the version of this program.", "  lanyard version");
}

void Parser::add_pair_verb() {
  const auto [pair, what] = verb<PairCommand>(
      app_, "pair", "Pair this device with another: show a code, or type one.",
      "  lanyard pair                          on one device, then on the other:\n"
      "  lanyard pair copper-violin-ranch\n"
      "  lanyard pair cop-vio-ran --at 192.0.2.24\n"
      "  lanyard pair --code-file code.txt --yes --json");
  CLI::Option* const code = pair->add_option(
      "code", what->code, "three words, their beginnings, or nine digits; none: show a code");
  pair->add_option("--code-file", what->code_file, "read the code from a file, or from -")
      ->type_name("FILE")
      ->excludes(code);
  pair->add_option("--at", what->at, "the other device's address: HOST or HOST:PORT")
      ->type_name("ADDRESS");
  pair->add_flag("--yes,-y", what->yes, "do not ask whether it is the right device");
  pair->add_flag("--keep-both", what->keep_both,
                 "also if both have a default space that others share: each keeps its own");
  pair->add_flag("--qr", what->only_qr, "show the code as a QR code only");
}

void Parser::add_device_verbs() {
  using Action = DeviceCommand::Action;
  CLI::App& devices = listing_group<DeviceCommand>(
      "devices", "List the devices that this one knows; add, rename or forget one.",
      "  lanyard devices\n  lanyard devices rename pi kitchen");
  verb<DeviceCommand>(devices, "list", "List the known devices.", "  lanyard devices list",
                      {.action = Action::kList});
  const auto [add, added] = verb<DeviceCommand>(
      devices, "add", "Make a device known; do the same on the other one.",
      "  lanyard devices add K7QM-2VXA-... --at 192.0.2.24:7761", {.action = Action::kAdd});
  add->add_option("device-id", added->device, "the whole id that lanyard up shows there")
      ->required();
  add->add_option("--at", added->address,
                  "where it listens; left out: this device waits until the other one calls")
      ->type_name("HOST:PORT");
  const auto [rename, renamed] =
      verb<DeviceCommand>(devices, "rename", "Give a device another name on this device.",
                          "  lanyard devices rename pi kitchen", {.action = Action::kRename});
  rename->add_option("device", renamed->device, "name or id")->required();
  rename->add_option("name", renamed->name, "the new name")->required();
  const auto [forget, forgotten] =
      verb<DeviceCommand>(devices, "forget", "Refuse a device from now on.",
                          "  lanyard devices forget old-phone --yes", {.action = Action::kForget});
  forget->add_option("device", forgotten->device, "name or id")->required();
  forget->add_flag("--yes,-y", forgotten->yes, "do not ask");
}

void Parser::add_space_verbs() {
  using Action = SpaceCommand::Action;
  CLI::App& spaces = listing_group<SpaceCommand>(
      "space", "List the spaces, which hold the records; make, share or leave one.",
      "  lanyard space\n  lanyard space create notes\n  lanyard space share notes pi-kitchen");
  const auto one = [&](const char* name, const char* help, const char* examples, Action action) {
    const auto made = verb<SpaceCommand>(spaces, name, help, examples, {.action = action});
    if (action != Action::kList)
      made.first->add_option("space", made.second->space, "name or id")->required();
    return made;
  };
  one("list", "List the spaces of this device.", "  lanyard space list", Action::kList);
  one("create", "Make a new space.", "  lanyard space create notes", Action::kCreate);
  const auto [share, shared] =
      one("share", "Make a device a member of a space: it gets all that is in it.",
          "  lanyard space share notes pi-kitchen", Action::kShare);
  share->add_option("device", shared->device, "name or id")->required();
  const auto [rename, renamed] = one("rename", "Give a space another name on this device.",
                                     "  lanyard space rename notes work", Action::kRename);
  rename->add_option("name", renamed->name, "the new name")->required();
  const auto [mode, way] = one(
      "mode", "Say how a space is synced on this device.",
      "  lanyard space mode diary local-only\n  lanyard space mode notes hybrid", Action::kMode);
  mode->add_option("mode", way->mode,
                   "hybrid: with every member; local-only: with nobody; peer-required: as hybrid, "
                   "and writes count as unconfirmed until another member has them")
      ->required();
  one("archive", "Put a space away: it is read, not written to, and not synced.",
      "  lanyard space archive notes-2024", Action::kArchive);
  one("unarchive", "Bring a space back from the archive.", "  lanyard space unarchive notes-2024",
      Action::kUnarchive);
  const auto [leave, left] =
      one("leave", "Stop syncing a space on this device.",
          "  lanyard space leave notes\n  lanyard space leave notes --remove-copy --yes",
          Action::kLeave);
  leave->add_flag("--yes,-y", left->yes, "do not ask; the copy is kept");
  leave->add_flag("--keep-copy", left->keep_copy,
                  "keep this device's copy as a file that is not synced");
  leave
      ->add_flag("--remove-copy", left->remove_copy,
                 "delete the copy here, of one left before too; refused while only it has changes")
      ->excludes("--keep-copy");
  leave
      ->add_flag("--even-if-alone", left->even_if_alone,
                 "with --remove-copy: delete it even so; changes that no other device has are lost")
      ->needs("--remove-copy");
  const auto [info, shown] = one("info", "Show the numbers, members and state hash of a space.",
                                 "  lanyard space info notes --json", Action::kInfo);
  info->add_flag("--no-hash", shown->no_hash,
                 "leave the state hash out, for which every record is read");
  const auto [accept, known] =
      one("accept-loss",
          "Say that you know of changes which this device wrote and no device has any more: status "
          "does not tell of them from then on.",
          "  lanyard space accept-loss notes", Action::kAcceptLoss);
  accept->add_flag("--yes,-y", known->yes, "do not ask");
  one("forks", "Show what two copies of one device wrote under the same numbers.",
      "  lanyard space forks notes\n  lanyard space forks notes --json > both-branches.json",
      Action::kForks);
}

void Parser::add_conflict_verbs() {
  using Action = ConflictCommand::Action;
  CLI::App& conflicts = listing_group<ConflictCommand>(
      "conflicts", "List edits that did not know of each other; settle one.",
      "  lanyard conflicts\n  lanyard conflicts resolve c-7f3a --use 2");
  const auto [list, listed] =
      verb<ConflictCommand>(conflicts, "list", "List what waits to be settled.",
                            "  lanyard conflicts list", {.action = Action::kList});
  list->add_option("--space", listed->space, "only those of this space")->type_name("SPACE");
  list->add_option("--limit", listed->limit, "how many (100)")
      ->check(CLI::Range(std::size_t{1}, std::size_t{100'000}));
  const auto [show, shown] =
      verb<ConflictCommand>(conflicts, "show", "Show all values of one conflict.",
                            "  lanyard conflicts show c-7f3a", {.action = Action::kShow});
  show->add_option("id", shown->id, "id, or its beginning")->required();
  const auto [resolve, resolved] =
      verb<ConflictCommand>(conflicts, "resolve", "Settle a conflict.",
                            "  lanyard conflicts resolve c-7f3a --use 1\n"
                            "  lanyard conflicts resolve c-7f3a --value '\"both\"'\n"
                            "  lanyard conflicts resolve c-7f3a --merge",
                            {.action = Action::kResolve});
  resolve->add_option("id", resolved->id, "id, or its beginning")->required();
  auto* how = resolve->add_option_group("how", "exactly one of these");
  how->add_option("--use", resolved->use, "the value of this number, as show has it")
      ->type_name("NUMBER")
      ->check(CLI::Range(std::size_t{1}, std::size_t{1'000'000}));
  how->add_option("--value", resolved->value, "this value (JSON, @file or -)")->type_name("JSON");
  how->add_flag("--merge", resolved->merge,
                "objects, merged member by member; of two members the shown value's counts");
  how->require_option(1);
  const auto [undo, undone] = verb<ConflictCommand>(
      conflicts, "undo", "Take back how a conflict was resolved on this device.",
      "  lanyard conflicts undo c-7f3a", {.action = Action::kUndo});
  undo->add_option("id", undone->id, "id, or its beginning")->required();
  undo->add_option("--space", undone->space, "only one of this space")->type_name("SPACE");
}

void Parser::add_import_and_check() {
  const auto [import, what] =
      verb<ImportCommand>(app_, "import", "Take in an export of the chat server (version 2.x).",
                          "  lanyard import rangerplex-export.json --space chats\n"
                          "  lanyard import export.json --dry-run");
  import->add_option("file", what->file, "the export, or - for standard input")->required();
  import->add_option("--space", what->space, "the space to put it into (default)")
      ->type_name("SPACE");
  import->add_flag("--dry-run", what->dry_run, "check and count, write nothing");
  const auto [check, which] = verb<CheckCommand>(
      app_, "check", "Check the stored data.", "  lanyard check\n  lanyard check notes --rebuild");
  check->add_option("space", which->space, "only this space");
  check->add_flag("--rebuild", which->rebuild,
                  "rebuild every table from the log and compare all bytes");
}

void Parser::add_config_verbs() {
  using Action = ConfigCommand::Action;
  CLI::App& config =
      listing_group<ConfigCommand>("config", "List what is configured; read or set one key.",
                                   "  lanyard config\n  lanyard config set device.name ada-laptop");
  verb<ConfigCommand>(config, "list", "List every key, its value and who set it.",
                      "  lanyard config list", {.action = Action::kList});
  const auto [get, got] =
      verb<ConfigCommand>(config, "get", "Print the value of one key.",
                          "  lanyard config get sync.port", {.action = Action::kGet});
  get->add_option("key", got->key, "such as sync.port")->required();
  const auto [set, given] = verb<ConfigCommand>(
      config, "set", "Set one key in the configuration file; counts after a restart.",
      "  lanyard config set discovery.peers 192.0.2.24:7761", {.action = Action::kSet});
  set->add_option("key", given->key, "such as sync.port")->required();
  set->add_option("value", given->value, "the value; lists with commas")->required();
  verb<ConfigCommand>(config, "path", "Print where the configuration file is.",
                      "  lanyard config path", {.action = Action::kPath});
  verb<ConfigCommand>(config, "check", "Check the whole configuration.", "  lanyard config check",
                      {.action = Action::kCheck});
}

void Parser::add_record_verb(CLI::App& data, const char* name, const char* help,
                             const char* examples, DataCommand::Action action) {
  using Action = DataCommand::Action;
  const auto [app, what] = verb<DataCommand>(data, name, help, examples, {.action = action});
  app->add_option("space", what->space, "name or id")->required();
  app->add_option("collection", what->collection, "such as chats")->required();
  if (action == Action::kQuery || action == Action::kHistory)
    app->add_option("--limit", what->limit, "how many records or changes (100)")
        ->type_name("N")
        ->check(CLI::Range(std::size_t{1}, std::size_t{10'000'000}));
  if (action == Action::kQuery || action == Action::kWatch) {
    app->add_option("--where", what->where, "JSON, such as {\"chatId\":\"c1\",\"n\":{\"gt\":5}}")
        ->type_name("JSON");
    if (action == Action::kQuery)
      app->add_option("--order", what->order, "a field, or -field for the greatest first")
          ->type_name("FIELD");
    return;
  }
  app->add_option("key", what->key, "the record's key")->required();
  if (action == Action::kPut || action == Action::kPatch)
    app->add_option("value", what->value, "JSON, @file, or - for standard input (default)");
  if (action != Action::kGet && action != Action::kHistory)
    app->add_option("--based-on", what->based_on,
                    "the version that you had read: edits that you have not seen survive")
        ->type_name("VERSION");
}

void Parser::add_data_verbs() {
  using Action = DataCommand::Action;
  CLI::App& data = group("data", "Write, read, find and watch records.",
                         "  lanyard data put notes tasks t1 '{\"title\":\"Buy milk\"}'\n"
                         "  lanyard data query notes tasks --where '{\"done\":false}'");
  add_record_verb(data, "put", "Replace a record: fields that are not named go.",
                  "  lanyard data put notes tasks t1 '{\"title\":\"Buy milk\"}'\n"
                  "  lanyard data put notes tasks t1 @task.json",
                  Action::kPut);
  add_record_verb(data, "patch",
                  "Change a record: members are set, null takes one away, objects are merged.",
                  "  lanyard data patch notes tasks t1 '{\"done\":true}'", Action::kPatch);
  add_record_verb(data, "get", "Show a record.", "  lanyard data get notes tasks t1", Action::kGet);
  add_record_verb(data, "delete", "Put a record into the trash.",
                  "  lanyard data delete notes tasks t1", Action::kDelete);
  add_record_verb(data, "restore", "Bring a record back from the trash.",
                  "  lanyard data restore notes tasks t1", Action::kRestore);
  add_record_verb(data, "query", "Find records.",
                  "  lanyard data query notes tasks --where '{\"done\":false}' --order -updatedAt",
                  Action::kQuery);
  add_record_verb(data, "watch", "Show records as they change, until Ctrl-C.",
                  "  lanyard data watch notes tasks", Action::kWatch);
  add_record_verb(data, "history", "Show what was done to a record, the newest first.",
                  "  lanyard data history notes tasks t1", Action::kHistory);
  const auto [collections, whose] = verb<DataCommand>(
      data, "collections", "List the collections of a space, with their numbers of records.",
      "  lanyard data collections notes", {.action = Action::kCollections});
  collections->add_option("space", whose->space, "name or id")->required();
  const auto [sql, asked] = verb<SqlCommand>(
      app_, "sql", "Ask a space in SQL: one SELECT over the views of its collections.",
      "  lanyard sql notes 'SELECT id, title FROM tasks WHERE done = 0 ORDER BY title'\n"
      "  lanyard sql notes 'SELECT count(*) FROM tasks WHERE list = ?' --value garden");
  sql->add_option("space", asked->space, "name or id")->required();
  sql->add_option("statement", asked->statement, "the SELECT, @file, or - for standard input")
      ->required();
  sql->add_option("--value", asked->values, "for a ? in it: JSON, or text; may be given again")
      ->type_name("VALUE")
      ->allow_extra_args(false)
      ->take_all();
  sql->add_option("--limit", asked->limit, "how many rows (1000)")
      ->type_name("N")
      ->check(CLI::Range(std::size_t{1}, std::size_t{10'000}));
}

}  // namespace lanyard::agent
