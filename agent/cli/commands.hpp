#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "agent/config.hpp"

/// What a command line can say, as values.
namespace lanyard::agent {

struct GlobalOptions {
  bool json = false;
  bool quiet = false;
  bool no_color = false;
  PathFlags paths;
  std::chrono::milliseconds timeout{30'000};
};

/// `agent` and `up`: flags that stand for keys of the configuration.
struct AgentFlags {
  std::vector<ConfigFlag> flags = {};
};
struct AgentCommand {
  AgentFlags agent;
};
struct UpCommand {
  AgentFlags agent = {};
  bool upgrade = false;  ///< replaces an agent that another program file runs
};
struct DownCommand {};
struct StatusCommand {
  bool watch = false;
  bool check = false;
};
struct MetricsCommand {};
struct PairCommand {
  std::string code = {};       ///< empty: show one here
  std::string code_file = {};  ///< holds the code, or - for standard input
  std::string at = {};
  bool yes = false;
  bool keep_both = false;
  bool only_qr = false;
};
struct PingCommand {
  std::string device = {};
};
struct LogCommand {
  std::size_t lines = 50;
  bool follow = false;
};
struct VersionCommand {};
struct ManCommand {};
struct CompletionCommand {
  std::string shell = {};
};
/// What could stand in place of the last of `words`: asked by the scripts of `completion`.
struct CompleteCommand {
  std::vector<std::string> words = {};
};

struct DeviceCommand {
  enum class Action { kList, kAdd, kRename, kForget };
  Action action = Action::kList;
  std::string device = {};
  std::string name = {};
  std::string address = {};
  bool yes = false;
};

struct SpaceCommand {
  enum class Action {
    kList,
    kCreate,
    kRename,
    kMode,
    kArchive,
    kUnarchive,
    kShare,
    kLeave,
    kInfo,
    kForks,
    kAcceptLoss
  };
  Action action = Action::kList;
  std::string space = {};
  std::string name = {};  ///< the new one
  std::string mode = {};
  std::string device = {};
  bool yes = false;
  bool no_hash = false;
  bool keep_copy = false;
  bool remove_copy = false;
  bool even_if_alone = false;
};

struct TokenCommand {
  enum class Action { kCreate, kList, kRevoke };
  Action action = Action::kList;
  std::string token = {};  ///< id, beginning of one, or app
  std::string app = {};
  std::vector<std::string> spaces = {};
  bool all_spaces = false;
  bool write = false;
  bool manage = false;
  std::string user = {};  ///< of a compatibility listener
  std::string origin = {};
  std::int64_t expires_days = 0;  ///< 0: never
  std::string unused_for = {};    ///< days, as "90" or "90d"; empty: the token that is named
  bool yes = false;
};

struct AppsCommand {
  enum class Action { kList, kAllow, kDeny };
  Action action = Action::kList;
  std::string request = {};  ///< id, or the beginning of one
  bool read_only = false;
  std::vector<std::string> spaces = {};  ///< only these; empty: all that were asked for
  bool yes = false;
};

struct UiCommand {
  bool print_url = false;
};

struct CompatCommand {
  enum class Action { kEnable, kDisable, kList, kKept };
  Action action = Action::kList;
  std::string kind = {};
  std::int64_t port = 0;  ///< 0: the ports of the original
  std::string space = "default";
  std::vector<std::string> origins = {};
  std::vector<std::string> kept_local = {};
};

struct DataCommand {
  enum class Action {
    kPut,
    kGet,
    kPatch,
    kDelete,
    kRestore,
    kQuery,
    kWatch,
    kHistory,
    kCollections
  };
  Action action = Action::kGet;
  std::string space = {};
  std::string collection = {};
  std::string key = {};
  std::optional<std::string> value = {};  ///< JSON, @file, or - for standard input
  std::optional<std::string> based_on = {};
  std::optional<std::string> where = {};
  std::string order = {};
  std::size_t limit = 100;
};

struct SqlCommand {
  std::string space = {};
  std::string statement = {};            ///< or @file, or - for standard input
  std::vector<std::string> values = {};  ///< JSON; what is none is text
  std::size_t limit = 1000;
};

struct ConflictCommand {
  enum class Action { kList, kShow, kResolve, kUndo };
  Action action = Action::kList;
  std::string id = {};
  std::string space = {};
  std::size_t limit = 100;
  std::size_t use = 0;
  std::optional<std::string> value = {};
  bool merge = false;
};

struct ImportCommand {
  std::string file = {};
  std::string space = "default";
  bool dry_run = false;
};

struct CheckCommand {
  std::string space = {};  ///< empty: all
  bool rebuild = false;
};

struct ConfigCommand {
  enum class Action { kList, kGet, kSet, kPath, kCheck };
  Action action = Action::kList;
  std::string key = {};
  std::string value = {};
};

using Command = std::variant<AgentCommand, UpCommand, DownCommand, StatusCommand, PairCommand,
                             PingCommand, LogCommand, VersionCommand, MetricsCommand, DeviceCommand,
                             SpaceCommand, TokenCommand, AppsCommand, UiCommand, CompatCommand,
                             DataCommand, SqlCommand, ConflictCommand, ImportCommand, CheckCommand,
                             ConfigCommand, ManCommand, CompletionCommand, CompleteCommand>;

struct Invocation {
  GlobalOptions global;
  Command command;
};

/// A command line that asks for help, or makes no sense.
struct NoCommand {
  std::string text = {};  ///< to be printed
  bool is_error = false;  ///< then to standard error, with exit code 2
};

/// `arguments` without the program's name. Pure.
[[nodiscard]] std::variant<Invocation, NoCommand> read_command_line(
    std::vector<std::string> arguments);

}  // namespace lanyard::agent
