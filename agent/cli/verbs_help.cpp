#include "agent/build_info.hpp"
#include "agent/cli/completion.hpp"
#include "agent/cli/json_read.hpp"
#include "agent/cli/man_page.hpp"
#include "agent/cli/session.hpp"
#include "agent/errors.hpp"
#include "agent/json_writer.hpp"

namespace lanyard::agent {
namespace {

/// Nobody waits for longer who has pressed Tab.
constexpr std::chrono::milliseconds kNamesWithin{1000};

/// The names in a list of the agent's answer; none where there is no agent.
std::vector<std::string> names_at_agent(NamesOf names, const Session& session) {
  const bool are_spaces = names == NamesOf::kSpaces;
  const char* const list = are_spaces ? "spaces" : "devices";
  std::vector<std::string> out;
  auto client = ControlClient::connect(session.paths().socket(), kNamesWithin, is_interrupted);
  if (!client) return out;
  const auto text = client->call(are_spaces ? "space.list" : "device.list", "{}");
  const auto answer = text ? read_json(*text) : fail(text.error());
  if (!answer || !answer->contains(list)) return out;
  for (const Json& each : (*answer)[list]) out.push_back(shown(each, "name"));
  return out;
}

}  // namespace

Result<int> run(const ManCommand& /*command*/, Session& session) {
  const std::string page = man_page(command_tree(), kBuild);
  const Output& out = session.out();
  JsonWriter json;
  json.begin_object().member("page", page).end_object();
  out.style().json ? out.json("man/1", json.str()) : out.print(page);
  return exit_code::kOk;
}

Result<int> run(const CompletionCommand& command, Session& session) {
  const std::string script = completion_script(command.shell).value_or("");
  const Output& out = session.out();
  JsonWriter json;
  json.begin_object().member("script", script).end_object();
  out.style().json ? out.json("completion/1", json.str()) : out.print(script);
  return exit_code::kOk;
}

/// Prints nothing where files may stand: then the shell offers those.
Result<int> run(const CompleteCommand& command, Session& session) {
  const Completion found = completion_of(command_tree(), command.words);
  for (const Candidate& each : found.candidates) session.out().line(each.text + "\t" + each.help);
  if (found.names != NamesOf::kSpaces && found.names != NamesOf::kDevices) return exit_code::kOk;
  for (const std::string& name : names_at_agent(found.names, session))
    session.out().line(name + "\t");
  return exit_code::kOk;
}

}  // namespace lanyard::agent
