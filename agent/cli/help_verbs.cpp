#include "agent/cli/parser.hpp"

/// The verbs that speak of the others; those are in command_verbs.cpp.
namespace lanyard::agent {

void Parser::add_help_verbs() {
  CLI::App& help = *app_.add_subcommand("help", "Show the commands, or what one of them does.");
  help.footer("  lanyard help\n  lanyard help space share");
  help.fallthrough();
  help.add_option("command", help_words_, "such as  space share");
  help.final_callback([this] { asks_help_ = true; });
  verb<ManCommand>(app_, "man", "Print the manual page, made of all that help shows.",
                   "  lanyard man | man -l -\n"
                   "  lanyard man > ~/.local/share/man/man1/lanyard.1");
  const auto [completion, which] = verb<CompletionCommand>(
      app_, "completion", "Print a script that completes commands, options and names.",
      "  source <(lanyard completion bash)                    in ~/.bashrc\n"
      "  source <(lanyard completion zsh)                     in ~/.zshrc, after compinit\n"
      "  lanyard completion fish | source                     in ~/.config/fish/config.fish");
  completion->add_option("shell", which->shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
}

}  // namespace lanyard::agent
