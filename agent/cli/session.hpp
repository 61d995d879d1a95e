#pragma once

#include <map>

#include "agent/cli/commands.hpp"
#include "agent/cli/output.hpp"
#include "agent/control/control_client.hpp"

namespace lanyard::agent {

/// What a verb works with.
class Session {
 public:
  Session(const GlobalOptions& options, Paths paths, Environment environment, const Output& out)
      : options_(options),
        paths_(std::move(paths)),
        environment_(std::move(environment)),
        out_(out) {}

  [[nodiscard]] const GlobalOptions& options() const { return options_; }
  [[nodiscard]] const Paths& paths() const { return paths_; }
  [[nodiscard]] const Environment& environment() const { return environment_; }
  [[nodiscard]] const Output& out() const { return out_; }

  /// What is being tried, for the first line of an error: `Could not share "notes" with pi`.
  void attempt(std::string what) { attempt_ = std::move(what); }
  [[nodiscard]] const std::string& attempted() const { return attempt_; }

  [[nodiscard]] Result<ControlClient> connect() const;
  /// One request on a connection of its own; its result, JSON.
  [[nodiscard]] Result<std::string> call(const std::string& method,
                                         const std::string& params) const;
  [[nodiscard]] Result<Config> configuration(const AgentFlags& agent) const;
  /// Asks a person; off a terminal kUsage, naming --yes. `loses`: what is lost, as a sentence.
  [[nodiscard]] Status confirm(const std::string& question, const std::string& loses,
                               bool yes) const;
  /// A question without danger: off a terminal, or without an answer, `otherwise`.
  [[nodiscard]] bool ask(const std::string& question, bool otherwise) const;

 private:
  GlobalOptions options_;
  Paths paths_;
  Environment environment_;
  const Output& out_;
  std::string attempt_;
};

/// A person can be asked, and can answer.
[[nodiscard]] bool is_on_terminal();
/// True once Ctrl-C (or SIGTERM) came.
[[nodiscard]] bool is_interrupted();
void catch_interrupts();
/// For verbs that end otherwise (the agent).
void release_interrupts();

/// A text: itself, @file, - or nothing for standard input. kNotFound for a missing file.
[[nodiscard]] Result<std::string> text_argument(const std::optional<std::string>& argument);
/// A JSON argument: itself, @file, - or nothing for standard input. Compact JSON on one line.
/// kUsage for what is not JSON, kNotFound for a missing file.
[[nodiscard]] Result<std::string> json_argument(const std::optional<std::string>& argument);
/// What a file holds, at most 8 MiB; - is standard input. kNotFound, kTooLarge.
[[nodiscard]] Result<std::string> text_of_file(const std::string& file);
[[nodiscard]] std::string host_name();

// ---- the verbs: each returns its exit code

[[nodiscard]] Result<int> run(const AgentCommand& command, Session& session);
[[nodiscard]] Result<int> run(const UpCommand& command, Session& session);
[[nodiscard]] Result<int> run(const DownCommand& command, Session& session);
[[nodiscard]] Result<int> run(const StatusCommand& command, Session& session);
[[nodiscard]] Result<int> run(const MetricsCommand& command, Session& session);
[[nodiscard]] Result<int> run(const PairCommand& command, Session& session);
[[nodiscard]] Result<int> run(const PingCommand& command, Session& session);
[[nodiscard]] Result<int> run(const LogCommand& command, Session& session);
[[nodiscard]] Result<int> run(const VersionCommand& command, Session& session);
[[nodiscard]] Result<int> run(const DeviceCommand& command, Session& session);
[[nodiscard]] Result<int> run(const SpaceCommand& command, Session& session);
[[nodiscard]] Result<int> run(const TokenCommand& command, Session& session);
[[nodiscard]] Result<int> run(const AppsCommand& command, Session& session);
[[nodiscard]] Result<int> run(const UiCommand& command, Session& session);
[[nodiscard]] Result<int> run(const CompatCommand& command, Session& session);
[[nodiscard]] Result<int> run(const DataCommand& command, Session& session);
[[nodiscard]] Result<int> run(const SqlCommand& command, Session& session);
[[nodiscard]] Result<int> run(const ConflictCommand& command, Session& session);
[[nodiscard]] Result<int> run(const ImportCommand& command, Session& session);
[[nodiscard]] Result<int> run(const CheckCommand& command, Session& session);
[[nodiscard]] Result<int> run(const ConfigCommand& command, Session& session);
[[nodiscard]] Result<int> run(const ManCommand& command, Session& session);
[[nodiscard]] Result<int> run(const CompletionCommand& command, Session& session);
[[nodiscard]] Result<int> run(const CompleteCommand& command, Session& session);

}  // namespace lanyard::agent
