#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#include "agent/agent.hpp"
#include "agent/cli/json_read.hpp"
#include "agent/cli/kept_flags.hpp"
#include "agent/cli/printed_error.hpp"
#include "agent/cli/running_program.hpp"
#include "agent/cli/service_unit.hpp"
#include "agent/cli/subprocess.hpp"
#include "agent/errors.hpp"
#include "agent/file_access.hpp"
#include "agent/instance_lock.hpp"
#include "agent/json_writer.hpp"

namespace lanyard::agent {
namespace {

using Clock = std::chrono::steady_clock;

/// How often a start or an end is looked for.
constexpr int kLookEveryMs = 20;

/// "agent" with what this call was told and is not kept, as the words of a command line.
std::vector<std::string> agent_arguments(const KeptFlags& kept, const Session& session) {
  const Paths& paths = session.paths();
  std::vector<std::string> out = {own_program(),           "agent",       "--data-dir",
                                  paths.data_dir.string(), "--state-dir", paths.state_dir.string()};
  if (!paths.config_file_is_default) {
    out.insert(out.end(), {"--config", paths.config_file.string()});
  }
  for (const ConfigFlag& flag : kept.for_this_run) {
    if (flag.flag == "--peer") {
      const auto peers = config_value_from_text(*find_config_key(flag.key), flag.text);
      if (!peers) continue;  // a flag that was read says what it should
      for (const auto& peer : std::get<std::vector<std::string>>(*peers))
        out.insert(out.end(), {"--peer", peer});
      continue;
    }
    out.push_back(flag.flag);
    if (flag.flag != "--no-discovery") out.push_back(flag.text);
  }
  return out;
}

std::string shortened(const std::string& path, const Session& session) {
  const auto home = session.environment().find("HOME");
  if (home != session.environment().end() && !home->second.empty() &&
      path.starts_with(home->second + "/"))
    return "~" + path.substr(home->second.size());
  return path;
}

void print_running(const Json& agent, bool is_service, const Session& session) {
  const Output& out = session.out();
  const std::string starts =
      is_service ? (ServiceUnit::lingers() ? "at boot" : "when you log in")
                 : "when you run  lanyard up  (there is no systemd of yours to start it)";
  out.line("Lanyard " + shown(agent, "build") + " is running on " + shown(agent, "name") + ".\n");
  out.print(table({{"  Device", shown(agent, "name") + "  (" + shown(agent, "shortId") + ")"},
                   {"  Device id", shown(agent, "id")},
                   {"  Sync port", std::to_string(agent.value("syncPort", 0)) + "/tcp"},
                   {"  Local API", "http://127.0.0.1:" + std::to_string(agent.value("apiPort", 0))},
                   {"  Starts", starts},
                   {"  Data", shortened(shown(agent, "dataDir"), session)}}));
  if (is_service && !ServiceUnit::lingers())
    out.say("\n! Lanyard stops when you log out.  Fix: sudo loginctl enable-linger");
  out.say(
      "\nNext: lanyard pair   (it shows a code, which the other device types:  lanyard pair CODE)");
}

std::string build_of(const Json& agent) { return "Lanyard " + shown(agent, "build"); }

/// A program that was built or installed anew does not run before the agent starts again.
void say_older(const Json& agent, const RunningProgram& program, const Output& out) {
  out.say("\n! The agent was started from another program than this one: " + build_of(agent) +
          ", " + display_text(program.path) +
          (program.is_gone ? ", which has been replaced since." : ".") +
          "\n  Fix: lanyard up --upgrade");
}

/// What the agent runs, if that is another file than this program.
std::optional<RunningProgram> other_program(const Json& agent) {
  auto program = program_of(agent);
  if (program && program->is_this_file) program.reset();
  return program;
}

/// What does not do what it should, such as a store that was restored: nobody need ask for it.
Json degraded_of(const Session& session) {
  const auto text = session.call("status.get", "{}");
  const auto status = text ? read_json(*text) : Result<Json>(Json::object());
  return status && status->contains("degraded") ? (*status)["degraded"] : Json::array();
}

void say_degraded(const Json& parts, const Output& out) {
  constexpr std::size_t kShown = 3;
  for (std::size_t i = 0; i < std::min(kShown, parts.size()); ++i)
    out.say("\n! " + shown(parts[i], "part") + ": " + shown(parts[i], "why") +
            "\n  Fix: " + shown(parts[i], "fix"));
  if (parts.size() > kShown)
    out.say("\n! and " + plural(parts.size() - kShown, "more part") + ":  lanyard status");
}

/// What an `up` has done.
enum class UpOutcome { kWasRunning, kStarted, kUpgraded };

Result<int> show_running(const std::string& info, UpOutcome outcome, const KeptFlags& kept,
                         Session& session) {
  LANYARD_TRY_SET(const Json answer, read_json(info));
  const Json& agent = answer["agent"];
  const auto other = other_program(agent);
  std::optional<std::vector<std::string>> heard;
  if (outcome == UpOutcome::kWasRunning) {
    const auto program = program_of(agent);
    heard = program ? program->arguments : std::vector<std::string>{};
  }
  const bool is_service = ServiceUnit(session).is_installed();
  if (!session.out().style().json) {
    print_running(agent, is_service, session);
    say_kept(kept, heard, session.out());
    say_degraded(degraded_of(session), session.out());
    if (other) say_older(agent, *other, session.out());
    return exit_code::kOk;
  }
  JsonWriter json;
  json.begin_object().name("agent").raw(agent.dump()).member("service", is_service);
  json.member("otherProgram", other.has_value())
      .member("upgraded", outcome == UpOutcome::kUpgraded);
  json.member("started", outcome != UpOutcome::kWasRunning).name("kept").begin_array();
  for (const std::string& key : kept.keys) json.text(key);
  json.end_array().name("notKept").begin_array();
  for (std::size_t i = 0; i < kept.reasons.size(); ++i) {
    json.begin_object().member("flag", kept.for_this_run[i].flag);
    json.member("why", kept.reasons[i]).end_object();
  }
  json.end_array().name("degraded").raw(degraded_of(session).dump());
  session.out().json("up/1", json.end_object().str());
  return exit_code::kOk;
}

constexpr std::size_t kLastWordsMax = 4096;

/// Why an agent ended at once: the error that it printed, or else whatever it printed.
Error last_words(const std::filesystem::path& file, Code code) {
  std::ifstream in(file);
  std::string text(kLastWordsMax, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (auto printed = printed_error(text)) return *printed;
  while (!text.empty() && text.back() == '\n') text.pop_back();
  std::replace(text.begin(), text.end(), '\n', ' ');
  return Error(code, "the agent ended at once: " + (text.empty() ? "without a word" : text),
               "Mend that, then run  lanyard up  again.");
}

/// Waits until the agent answers, or `gone` says that it never will.
Result<std::string> wait_for_answer(const Session& session, const std::function<Status()>& gone) {
  const auto until = Clock::now() + session.options().timeout;
  while (true) {
    auto info = session.call("agent.info", "{}");
    if (info || !info.error().is(Code::kNotRunning)) return info;
    LANYARD_TRY(gone());
    if (is_interrupted()) return fail(Code::kInterrupted, kAskedFor);
    if (Clock::now() >= until)
      return fail(Code::kUnreachable, "the agent did not answer on its control socket in time",
                  "See  lanyard log");
    poll(nullptr, 0, kLookEveryMs);
  }
}

/// An exit code back to the kind of error it stands for, so that `up` ends with the same.
Code code_of_exit(int status) {
  if (!WIFEXITED(status)) return Code::kCorrupt;
  switch (WEXITSTATUS(status)) {
    case exit_code::kConfig: return Code::kInvalidConfig;
    case exit_code::kVersion: return Code::kNewerVersion;
    case exit_code::kLocked: return Code::kLocked;
    case exit_code::kIntegrity: return Code::kCorrupt;
    case exit_code::kUsage: return Code::kUsage;
    default: return Code::kReadOnly;
  }
}

Result<std::string> start_daemon(std::vector<std::string> arguments, const Session& session,
                                 const Config& config) {
  const bool has_target =
      std::find(arguments.begin(), arguments.end(), "--log-target") != arguments.end();
  if (config.sources.at("log.target") == "default" && !has_target)
    arguments.insert(arguments.end(), {"--log-target", "file"});
  const auto output = session.paths().output();
  const int process = start_background(arguments, output.string());
  if (process < 0)
    return fail(Code::kReadOnly, "the agent's program could not be started, or its output file " +
                                     output.string() + " not be written");
  auto answer = wait_for_answer(session, [&]() -> Status {
    int status = 0;
    if (waitpid(process, &status, WNOHANG) != process) return {};
    return tl::unexpected(last_words(output, code_of_exit(status)));
  });
  if (!answer) kill(process, SIGTERM);
  return answer;
}

Result<std::string> start_service(const std::vector<std::string>& arguments,
                                  const Session& session) {
  const ServiceUnit unit(session);
  LANYARD_TRY(unit.start(arguments));
  auto answer = wait_for_answer(session, [] { return Status{}; });
  if (!answer) static_cast<void>(unit.stop());
  return answer;
}

Status wait_until_gone(const Session& session) {
  const auto until = Clock::now() + session.options().timeout;
  while (lock_holder(session.paths().data_dir)) {
    if (is_interrupted()) return fail(Code::kInterrupted, kAskedFor);
    if (Clock::now() >= until)
      return fail(Code::kUnreachable, "the agent is still there",
                  "Try again with a longer --timeout, or see  lanyard log");
    poll(nullptr, 0, kLookEveryMs);
  }
  return {};
}

/// As a service where there is a systemd for it, else as a process of its own.
Result<std::string> start_agent(const std::vector<std::string>& arguments, const Session& session,
                                const Config& config) {
  return ServiceUnit::is_available() ? start_service(arguments, session)
                                     : start_daemon(arguments, session, config);
}

/// As `start_agent`; what was kept for a start that failed is kept no longer.
Result<std::string> start_with(const KeptFlags& kept, const std::vector<std::string>& arguments,
                               const Session& session, const Config& config) {
  auto info = start_agent(arguments, session, config);
  if (!info) take_back(kept);
  return info;
}

/// Until it has gone; fine if there is none. A service does not start by itself any more.
Status stop_agent(const Session& session) {
  const ServiceUnit unit(session);
  if (unit.is_installed()) LANYARD_TRY(unit.stop());
  // One that was not started as a service is asked.
  if (lock_holder(session.paths().data_dir)) {
    const auto asked = session.call("agent.stop", "{}");
    if (!asked && !asked.error().is(Code::kNotRunning)) return fail(asked.error());
  }
  return wait_until_gone(session);
}

/// Stops the agent and puts this program in its place: with the flags that are given now, or else
/// with those that it was started with.
Result<int> upgrade(const UpCommand& command, const Json& running, const RunningProgram& older,
                    const Config& config, Session& session) {
  LANYARD_TRY_SET(const KeptFlags kept, keep_flags(command.agent.flags, session));
  std::vector<std::string> arguments = agent_arguments(kept, session);
  if (command.agent.flags.empty() && !older.arguments.empty()) {
    arguments.resize(1);
    arguments.insert(arguments.end(), older.arguments.begin(), older.arguments.end());
  }
  if (const Status stopped = stop_agent(session); !stopped) {
    take_back(kept);
    return fail(stopped.error());
  }
  LANYARD_TRY_SET(const std::string info, start_with(kept, arguments, session, config));
  session.out().say("ok  " + build_of(running) + " from " + display_text(older.path) +
                    " was stopped; this program has started in its place.\n");
  return show_running(info, UpOutcome::kUpgraded, kept, session);
}

}  // namespace

Result<int> run(const AgentCommand& command, Session& session) {
  session.attempt("Could not start the agent");
  LANYARD_TRY_SET(const Config config, session.configuration(command.agent));
  release_interrupts();
  return run_agent(config);
}

Result<int> run(const UpCommand& command, Session& session) {
  session.attempt("Could not start the agent");
  LANYARD_TRY_SET(const Config config, session.configuration(command.agent));
  if (const auto running = session.call("agent.info", "{}")) {
    LANYARD_TRY_SET(const Json answer, read_json(*running));
    const auto other = other_program(answer["agent"]);
    if (other && command.upgrade) return upgrade(command, answer["agent"], *other, config, session);
    LANYARD_TRY_SET(const KeptFlags kept, keep_flags(command.agent.flags, session));
    return show_running(*running, UpOutcome::kWasRunning, kept, session);
  }
  LANYARD_TRY(prepare_folders(session.paths()));
  LANYARD_TRY_SET(const KeptFlags kept, keep_flags(command.agent.flags, session));
  LANYARD_TRY_SET(const std::string info,
                  start_with(kept, agent_arguments(kept, session), session, config));
  return show_running(info, UpOutcome::kStarted, kept, session);
}

Result<int> run(const DownCommand& /*command*/, Session& session) {
  session.attempt("Could not stop the agent");
  const bool was_running = lock_holder(session.paths().data_dir).has_value();
  const bool is_service = ServiceUnit(session).is_installed();
  LANYARD_TRY(stop_agent(session));
  remove_left_places();
  if (session.out().style().json)
    session.out().json("down/1", was_running ? "{\"stopped\":true}" : "{\"stopped\":false}");
  session.out().say(!was_running && !is_service ? "The agent was not running."
                    : is_service ? "ok  The agent has stopped, and does not start by itself any "
                                   "more."
                                 : "ok  The agent has stopped.");
  return exit_code::kOk;
}

}  // namespace lanyard::agent
