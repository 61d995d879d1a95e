#include "agent/cli/parser.hpp"

/// The verbs that give apps access and take it back; the others are in command_verbs.cpp.
namespace lanyard::agent {
namespace {

/// Whether a text is 1 to 99,999 days, as "90" or "90d"; else what it should be.
std::string is_days(const std::string& text) {
  const std::string digits = text.ends_with('d') ? text.substr(0, text.size() - 1) : text;
  const bool is_number = !digits.empty() && digits.size() <= 5 && digits.front() != '0' &&
                         digits.find_first_not_of("0123456789") == std::string::npos;
  return is_number ? std::string() : "wants a number of days, such as 90d";
}

}  // namespace

void Parser::add_token_verbs() {
  using Action = TokenCommand::Action;
  constexpr std::int64_t kDaysMax = 36'500;
  CLI::App& tokens = listing_group<TokenCommand>(
      "token", "List what apps and scripts may do on this device; give or take back rights.",
      "  lanyard token\n  lanyard token create --app backup --all-spaces\n"
      "  lanyard token list\n  lanyard token revoke backup");
  const auto [create, made] = verb<TokenCommand>(
      tokens, "create", "Give an app a token, which is shown this once.",
      "  lanyard token create --app notes-page --space notes --write --origin "
      "http://localhost:5173\n"
      "  lanyard token create --app backup --all-spaces --expires 90 > backup.token\n"
      "  lanyard token create --app rechat --user ann --origin http://localhost:3000",
      {.action = Action::kCreate});
  create->add_option("--app", made->app, "what you call the app or script")
      ->type_name("NAME")
      ->required();
  CLI::Option* const some =
      create->add_option("--space", made->spaces, "a space it may read; may be given again")
          ->type_name("SPACE")
          ->allow_extra_args(false)
          ->take_all();
  create->add_flag("--all-spaces", made->all_spaces, "it may read every space, those to come too")
      ->excludes(some);
  create->add_flag("--write", made->write, "it may write to these spaces as well");
  create->add_flag("--manage", made->manage,
                   "it may make spaces, and rename, share and leave those that it names");
  create
      ->add_option("--user", made->user,
                   "a user of the chatsync or cloudapi listener, whose rows it may read and write")
      ->type_name("NAME")
      ->excludes(some);
  create
      ->add_option("--origin", made->origin,
                   "the web page that alone may use it, such as http://localhost:5173; left out: "
                   "programs may use it, and no page")
      ->type_name("ORIGIN");
  create->add_option("--expires", made->expires_days, "days until it is refused; left out: never")
      ->type_name("DAYS")
      ->check(CLI::Range(std::int64_t{1}, kDaysMax));
  verb<TokenCommand>(tokens, "list", "List who has a token, and what for.", "  lanyard token list",
                     {.action = Action::kList});
  const auto [revoke, gone] =
      verb<TokenCommand>(tokens, "revoke", "Refuse a token, or all of an app, from now on.",
                         "  lanyard token revoke backup\n  lanyard token revoke 3f9a22c1 --yes\n"
                         "  lanyard token revoke --unused-for 90d",
                         {.action = Action::kRevoke});
  auto* which = revoke->add_option_group("which", "exactly one of these");
  which->add_option("token", gone->token, "id, its beginning, or the app's name");
  which->add_option("--unused-for", gone->unused_for, "all that nobody has used for so many days")
      ->type_name("DAYS")
      ->check(is_days);
  which->require_option(1);
  revoke->add_flag("--yes,-y", gone->yes, "do not ask");
}

void Parser::add_apps_verbs() {
  using Action = AppsCommand::Action;
  CLI::App& apps = listing_group<AppsCommand>(
      "apps", "List the apps that ask for access and those that have it; answer one that asks.",
      "  lanyard apps\n  lanyard apps allow 3f9a22c1\n"
      "  lanyard apps deny 3f9a22c1");
  verb<AppsCommand>(apps, "list", "List who asks, and who has access.", "  lanyard apps list");
  const auto [allow, allowed] = verb<AppsCommand>(
      apps, "allow", "Give an app what it asks for, or less.",
      "  lanyard apps allow 3f9a22c1\n  lanyard apps allow 3f9a22c1 --read-only --space notes",
      {.action = Action::kAllow});
  allow->add_option("request", allowed->request, "id, or its beginning")->required();
  allow->add_flag("--read-only", allowed->read_only,
                  "it may read, and not write, whatever it asks for");
  allow
      ->add_option("--space", allowed->spaces,
                   "only this one of those that it asks for; may be given again")
      ->type_name("SPACE")
      ->allow_extra_args(false)
      ->take_all();
  allow->add_flag("--yes,-y", allowed->yes, "do not ask");
  const auto [deny, denied] =
      verb<AppsCommand>(apps, "deny", "Refuse what an app asks for.",
                        "  lanyard apps deny 3f9a22c1", {.action = Action::kDeny});
  deny->add_option("request", denied->request, "id, or its beginning")->required();
}

void Parser::add_ui_verb() {
  const auto [ui, what] =
      verb<UiCommand>(app_, "ui", "Open the agent's page, signed in.",
                      "  lanyard ui\n  lanyard ui --print-url     to open it yourself");
  ui->add_flag("--print-url", what->print_url, "print its address, which is good for a minute");
}

}  // namespace lanyard::agent
