// Knows CLI11, as command_line.cpp, command_tree.cpp and *_verbs.cpp do, and nothing else.
#pragma once

#include <CLI/CLI.hpp>

#include "agent/cli/command_tree.hpp"
#include "agent/cli/commands.hpp"

namespace lanyard::agent {

/// Takes the values of options while CLI11 parses, and makes the command of the verb that was met.
class Parser {
 public:
  Parser();
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;

  std::variant<Invocation, NoCommand> parse(std::vector<std::string> arguments);
  /// What can be said to it (command_tree.cpp).
  [[nodiscard]] CommandEntry tree() const;

 private:
  [[nodiscard]] const CLI::App* deepest() const;
  /// The names of the verbs that were met, without the program's.
  [[nodiscard]] std::vector<std::string> path() const;
  /// Of the verb that was met.
  [[nodiscard]] NoCommand help() const;
  /// For `lanyard help WORD...`.
  [[nodiscard]] NoCommand help_for(const std::vector<std::string>& words) const;
  [[nodiscard]] NoCommand wrong(const CLI::ParseError& error) const;
  /// A sentence in place of a name that is near by its letters: for words of other programs.
  [[nodiscard]] std::string advice_for(const std::string& word) const;
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
  /// A noun that lists when it stands alone: what a person types who wants to see what there is.
  template <class C>
  CLI::App& listing_group(const char* name, const char* help, const char* examples) {
    CLI::App& app = group(name, help, examples);
    app.require_subcommand(0, 1);
    app.final_callback([this, &app] {
      if (app.get_subcommands().empty()) command_ = C{};
    });
    return app;
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
  void add_help_verbs();

  CLI::App app_;
  GlobalOptions global_;
  double timeout_s_ = 30;
  std::vector<ConfigFlag> flags_;
  bool no_discovery_ = false;
  std::vector<std::string> peers_;
  bool asks_version_ = false;
  bool asks_help_ = false;
  std::vector<std::string> help_words_;
  Command command_;
};

}  // namespace lanyard::agent
