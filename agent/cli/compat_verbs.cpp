#include "agent/cli/parser.hpp"

/// The verbs of the compatibility listeners; the others are in command_verbs.cpp.
namespace lanyard::agent {

void Parser::add_compat_verbs() {
  using Action = CompatCommand::Action;
  constexpr std::int64_t kPortMax = 65'535;
  CLI::App& compat = listing_group<CompatCommand>(
      "compat", "List the listeners for apps of other sync servers; switch one on or off.",
      "  lanyard compat\n  lanyard compat enable rangerplex --origin http://localhost:5173\n"
      "  lanyard compat list\n  lanyard compat disable rangerplex");
  const auto [enable, on] = verb<CompatCommand>(
      compat, "enable",
      "Serve such an app's clients on this machine, now and after every start. Only pages of the "
      "origins that are given may speak to it.",
      "  lanyard compat enable rangerplex --origin http://localhost:5173\n"
      "  lanyard compat enable rangerplex --port 3010 --space chats --keep-local theme\n"
      "  lanyard compat enable chatsync --origin http://localhost:3000\n"
      "  lanyard compat enable cloudapi --origin http://localhost:3000",
      {.action = Action::kEnable});
  enable->add_option("listener", on->kind, "rangerplex, chatsync or cloudapi")->required();
  enable
      ->add_option("--port", on->port,
                   "serve everything on this one port; left out: on the ports of the original")
      ->type_name("PORT")
      ->check(CLI::Range(std::int64_t{1}, kPortMax));
  enable->add_option("--space", on->space, "where the records are; left out: default")
      ->type_name("SPACE");
  enable
      ->add_option("--origin", on->origins,
                   "a web page that may use it, such as http://localhost:5173; may be given again")
      ->type_name("ORIGIN")
      ->allow_extra_args(false)
      ->take_all();
  enable
      ->add_option("--keep-local", on->kept_local,
                   "a member of settings that stays on this device, such as theme; may be given "
                   "again")
      ->type_name("MEMBER")
      ->allow_extra_args(false)
      ->take_all();
  const auto [disable, off] =
      verb<CompatCommand>(compat, "disable", "Stop serving them, from now on.",
                          "  lanyard compat disable rangerplex", {.action = Action::kDisable});
  disable->add_option("listener", off->kind, "rangerplex, chatsync or cloudapi")->required();
  verb<CompatCommand>(compat, "list", "List which are on, where, and for whom.",
                      "  lanyard compat list", {.action = Action::kList});
  verb<CompatCommand>(compat, "kept",
                      "List what their clients have posted that stays on this device: secrets, as "
                      "far as they look like some, and what --keep-local names. Values are not "
                      "shown.",
                      "  lanyard compat kept", {.action = Action::kKept});
}

}  // namespace lanyard::agent
