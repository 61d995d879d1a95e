#include <algorithm>
#include <charconv>

#include "agent/cli/json_read.hpp"
#include "agent/cli/session.hpp"
#include "agent/cli/token_table.hpp"
#include "agent/clock.hpp"
#include "agent/errors.hpp"
#include "agent/json_writer.hpp"

namespace lanyard::agent {
namespace {

constexpr std::int64_t kDayS = 86'400;
/// A season: what is not used for so long is hardly missed, and can be given again.
constexpr std::int64_t kUnusedDays = 90;

std::string create_params(const TokenCommand& command) {
  JsonWriter out;
  out.begin_object().member("app", command.app);
  if (!command.origin.empty()) out.member("origin", command.origin);
  if (!command.user.empty()) out.member("user", command.user);
  out.texts("spaces", command.spaces)
      .member("allSpaces", command.all_spaces)
      .member("write", command.write);
  out.member("manage", command.manage);
  if (command.expires_days > 0) out.member("expiresInS", command.expires_days * kDayS);
  return out.end_object().take();
}

Result<int> create(const TokenCommand& command, Session& session) {
  session.attempt("Could not make a token for \"" + command.app + "\"");
  if (command.spaces.empty() && !command.all_spaces && !command.manage && command.user.empty())
    return fail(Code::kUsage, "the token would be good for nothing",
                "Add --space SPACE, --all-spaces, --manage or --user NAME.");
  LANYARD_TRY_SET(const std::string text, session.call("token.create", create_params(command)));
  LANYARD_TRY_SET(const Json answer, read_json(text));
  const Output& out = session.out();
  if (out.style().json) {
    out.json("token/1", text);
    return exit_code::kOk;
  }
  out.line(shown(answer, "token"));
  // What a script takes from standard output is the token and nothing else.
  if (out.style().terminal && !out.style().quiet)
    out.error("This is shown once, and kept nowhere: give it to " + display_text(command.app) +
              " now. Whoever has it can do what it is for.\n");
  return exit_code::kOk;
}

/// Since when nobody has used it: it may be too new to have been.
bool is_unused_for(const Json& token, std::int64_t days, std::int64_t now_ms) {
  const std::int64_t used = std::max(token.value("lastUsedMs", std::int64_t{0}),
                                     token.value("createdMs", std::int64_t{0}));
  return now_ms - used >= days * kDayS * 1000;
}

Json unused_of(const Json& tokens, std::int64_t days) {
  Json out = Json::array();
  for (const Json& token : tokens)
    if (is_unused_for(token, days, wall_now().ms)) out.push_back(token);
  return out;
}

Result<int> list(Session& session) {
  session.attempt("Could not list the tokens");
  LANYARD_TRY_SET(const std::string text, session.call("token.list", "{}"));
  LANYARD_TRY_SET(const Json answer, read_json(text));
  const Output& out = session.out();
  if (out.style().json) {
    out.json("tokens/1", text);
    return exit_code::kOk;
  }
  if (!answer["tokens"].empty()) {
    out.print_table(token_rows(answer["tokens"], wall_now().ms));
    const std::size_t unused = unused_of(answer["tokens"], kUnusedDays).size();
    if (unused > 0)
      out.say("Nobody has used " + plural(unused, "token") +
              " for 90 days:  lanyard token revoke "
              "--unused-for 90d");
  } else {
    out.say("No app has a token. Next: lanyard token create --app NAME --space SPACE");
  }
  return exit_code::kOk;
}

/// One line for each: who loses what.
std::string what_goes(const Json& tokens) {
  std::string out;
  for (const Json& token : tokens) {
    const std::string origin = shown(token, "origin");
    out += (out.empty() ? "" : "\n") + shown(token, "app") +
           (origin.empty() ? "" : " at " + origin) + " (" + shown(token, "id") +
           ") loses its rights: " + rights_text(token);
  }
  return out;
}

Result<int> revoke(const TokenCommand& command, Session& session) {
  std::int64_t days = 0;
  const std::string& unused = command.unused_for;
  std::from_chars(unused.data(), unused.data() + unused.size(), days);
  const bool by_age = days > 0;
  session.attempt(by_age ? "Could not revoke what is not used"
                         : "Could not revoke \"" + command.token + "\"");
  // Nobody is there to be asked: said before anything is looked for.
  if (!is_on_terminal())
    LANYARD_TRY(session.confirm("", "whoever has the token is refused from then on", command.yes));
  JsonWriter params;
  params.begin_object();
  if (!by_age) params.member("token", command.token);
  params.end_object();
  LANYARD_TRY_SET(ControlClient client, session.connect());
  LANYARD_TRY_SET(const std::string found, client.call("token.list", params.str()));
  LANYARD_TRY_SET(const Json answer, read_json(found));
  const Json tokens = by_age ? unused_of(answer["tokens"], days) : answer["tokens"];
  if (tokens.empty())
    session.out().say("Every token was used within these " + std::to_string(days) +
                      " days, or is not that old.");
  if (!tokens.empty()) {
    LANYARD_TRY(session.confirm(tokens.size() == 1 ? "Revoke it?" : "Revoke them?",
                                what_goes(tokens), command.yes));
  }
  // By their ids: those that were shown, and none that came since.
  JsonWriter revoked;
  revoked.begin_object().name("revoked").begin_array();
  for (const Json& token : tokens) {
    JsonWriter one;
    one.begin_object().member("token", token.value("id", std::string())).end_object();
    LANYARD_TRY(client.call("token.revoke", one.str()));
    session.out().say("ok  " + shown(token, "app") + " (" + shown(token, "id") +
                      ") is refused from now on.");
    revoked.begin_object().member("id", shown(token, "id"));
    revoked.member("app", shown(token, "app")).end_object();
  }
  if (session.out().style().json)
    session.out().json("token-revoke/1", revoked.end_array().end_object().str());
  return exit_code::kOk;
}

}  // namespace

Result<int> run(const TokenCommand& command, Session& session) {
  switch (command.action) {
    case TokenCommand::Action::kCreate: return create(command, session);
    case TokenCommand::Action::kList: return list(session);
    case TokenCommand::Action::kRevoke: return revoke(command, session);
  }
  return exit_code::kFailed;
}

}  // namespace lanyard::agent
