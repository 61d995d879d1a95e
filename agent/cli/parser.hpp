// Knows CLI11, as command_line.cpp and command_verbs.cpp do, and nothing else.
#pragma once

#include <CLI/CLI.hpp>

#include "agent/cli/commands.hpp"

namespace lanyard::agent {

/// Takes the values of options while CLI11 parses, and makes the command of the verb that was met.
class Parser {
 public:
  Parser();
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;

  std::variant<Invocation, NoCommand> parse(std::vector<std::string> arguments);

 private:
  [[nodiscard]] const CLI::App* deepest() const;
  [[nodiscard]] std::string path() const;
  /// Of the verb that was met: the parser goes down to it by itself.
  [[nodiscard]] std::string help() const { return app_.help(); }
  [[nodiscard]] std::string wrong(const CLI::ParseError& error) const;
  [[nodiscard]] std::string not_known(const std::string& word) const;
  /// What could stand where the parser met something that it does not know.
  [[nodiscard]] std::vector<std::string> known_words() const;
  void add_globals();
  void take_agent_flags();

  // The verbs (command_verbs.cpp).

  /// A verb that makes `command`, which its options then fill in.
  template <class C>
  std::pair<CLI::App*, C*> verb(CLI::App& parent, const char* name, const char* help,
                                const char* examples, C command = {}) {
    CLI::App* app = parent.add_subcommand(name, help);
    app->footer(examples);
    app->fallthrough();
    auto held = std::make_shared<C>(std::move(command));
    app->final_callback([this, held] { command_ = *held; });
    return {app, held.get()};
  }
  CLI::App& group(const char* name, const char* help, const char* examples) {
    CLI::App* app = app_.add_subcommand(name, help);
    app->footer(examples);
    app->require_subcommand(1);
    app->fallthrough();
    return *app;
  }
  void add_agent_flags(CLI::App* app);
  void add_agent_verbs();
  void add_pair_verb();
  void add_device_verbs();
  void add_space_verbs();
  void add_token_verbs();
  void add_apps_verbs();
  void add_ui_verb();
  void add_compat_verbs();
  void add_data_verbs();
  void add_record_verb(CLI::App& data, const char* name, const char* help, const char* examples,
                       DataCommand::Action action);
  void add_conflict_verbs();
  void add_import_and_check();
  void add_config_verbs();

  CLI::App app_;
  GlobalOptions global_;
  double timeout_s_ = 30;
  std::vector<ConfigFlag> flags_;
  bool no_discovery_ = false;
  std::vector<std::string> peers_;
  Command command_;
};

}  // namespace lanyard::agent
