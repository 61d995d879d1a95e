#include <poll.h>

#include "agent/cli/json_read.hpp"
#include "agent/cli/session.hpp"
#include "agent/errors.hpp"
#include "agent/json_writer.hpp"

namespace lanyard::agent {
namespace {

using Tone = Output::Tone;

constexpr int kWatchEveryMs = 2000;

std::string state_of(const Json& device, const Output& out) {
  if (!device.value("linked", false)) return out.toned(Tone::kQuiet, "offline");
  if (device.value("inStep", false)) return out.toned(Tone::kGood, "in sync");
  return out.toned(Tone::kWarning, "syncing");
}

std::string path_of(const Json& device) {
  const std::string address =
      shown(device, device.value("linked", false) ? "linkAddress" : "address");
  return address.empty() ? "–" : address;
}

void print_devices(const Json& status, std::int64_t now_ms, const Output& out) {
  std::vector<std::vector<std::string>> rows = {
      {"DEVICE", "STATE", "LAST SEEN", "PATH", "NOT YET THERE"}};
  for (const Json& device : status["devices"]) {
    const bool linked = device.value("linked", false);
    const std::uint64_t missing = device.value("notYetThere", std::uint64_t{0});
    rows.push_back({display_cut(device.value("name", std::string()), 40), state_of(device, out),
                    linked ? "now" : age_text(device.value("lastSeenMs", std::int64_t{0}), now_ms),
                    path_of(device), missing == 0 ? "0" : plural(missing, "change")});
  }
  if (rows.size() > 1) out.print(table(rows));
}

void print_spaces(const Json& status, const Output& out) {
  std::vector<std::vector<std::string>> rows = {
      {"SPACE", "RECORDS", "SIZE", "MEMBERS", "CONFLICTS"}};
  for (const Json& space : status["spaces"]) {
    const std::uint64_t conflicts = space.value("conflicts", std::uint64_t{0});
    const std::string error = shown(space, "error");
    rows.push_back({display_cut(space.value("name", std::string()), 40),
                    error.empty() ? count_text(space.value("records", std::uint64_t{0}))
                                  : out.toned(Tone::kBad, error),
                    bytes_text(space.value("fileBytes", std::uint64_t{0})),
                    count_text(space.value("memberCount", std::uint64_t{0})),
                    conflicts == 0 ? "0" : out.toned(Tone::kWarning, count_text(conflicts))});
  }
  if (rows.size() > 1) out.print(table(rows));
  const std::uint64_t more = status.value("moreSpaces", std::uint64_t{0});
  if (more > 0) out.line("and " + plural(more, "more space"));
}

std::string discovery_line(const Json& discovery, const Output& out) {
  const std::string state = shown(discovery, "state");
  const std::string reason = shown(discovery, "reason");
  const Tone tone = state == "degraded" ? Tone::kWarning : Tone::kQuiet;
  std::string line = "discovery " + state + (reason.empty() ? "" : ": " + reason);
  if (state != "off")
    line += ", " + count_text(discovery.value("nearby", std::uint64_t{0})) + " near by";
  return out.toned(tone, line);
}

std::string pairing_line(const Json& pairing, const Output& out) {
  const int codes = pairing.value("codesLeft", 0);
  if (codes == 0) return out.toned(Tone::kWarning, "pairing: the code was typed on a device");
  return out.toned(Tone::kWarning,
                   "pairing open for " + duration_text(pairing.value("leftMs", std::int64_t{0})) +
                       ", " + plural(static_cast<std::uint64_t>(codes), "code") + " left");
}

void print_status(const Json& status, const Output& out) {
  const Json& agent = status["agent"];
  const std::int64_t now_ms = agent.value("nowMs", std::int64_t{0});
  out.line(out.toned(Tone::kBold, shown(agent, "name")) + "  up " +
           duration_text(now_ms - agent.value("startedMs", now_ms)) + "   " +
           plural(status["devices"].size(), "device") + ", " +
           plural(status["spaces"].size() + status.value("moreSpaces", std::uint64_t{0}), "space") +
           ", " + plural(status.value("conflicts", std::uint64_t{0}), "conflict"));
  if (status.contains("discovery")) out.say(discovery_line(status["discovery"], out));
  const auto pairing = status.find("pairing");
  if (pairing != status.end() && pairing->is_object()) out.say(pairing_line(*pairing, out));
  print_devices(status, now_ms, out);
  print_spaces(status, out);
  for (const Json& space : status["spaces"]) {
    if (space.value("forks", std::uint64_t{0}) == 0) continue;
    std::string line = shown(space, "name");
    line +=
        " has a log with two branches: a whole copy of a device was in use. Devices may show "
        "different things in it, by which branch they met first. See  lanyard space forks ";
    line += shown(space, "name");
    out.line(out.toned(Tone::kWarning, line));
  }
  for (const Json& device : status["devices"]) {
    const std::string why = shown(device, "lastFailure");
    if (!device.value("linked", false) && !why.empty())
      out.say(out.toned(Tone::kQuiet, shown(device, "name") + ": " + why));
  }
}

int code_of_status(const Json& status) {
  const bool unfinished = status.value("conflicts", std::uint64_t{0}) > 0 ||
                          status.value("notYetThere", std::uint64_t{0}) > 0;
  return unfinished ? exit_code::kUnfinished : exit_code::kOk;
}

Result<int> show_once(const StatusCommand& command, ControlClient& client, Session& session) {
  LANYARD_TRY_SET(const std::string text, client.call("status.get", "{}"));
  LANYARD_TRY_SET(const Json status, read_json(text));
  const Output& out = session.out();
  if (command.watch && out.style().terminal && !out.style().json) out.print("\x1B[H\x1B[2J");
  if (out.style().json)
    out.json("status/1", text);
  else if (!(command.check && out.style().quiet))
    print_status(status, out);
  return command.check ? code_of_status(status) : exit_code::kOk;
}

}  // namespace

Result<int> run(const StatusCommand& command, Session& session) {
  session.attempt("Could not get the agent's status");
  LANYARD_TRY_SET(ControlClient client, session.connect());
  while (true) {
    LANYARD_TRY_SET(const int code, show_once(command, client, session));
    if (!command.watch) return code;
    poll(nullptr, 0, kWatchEveryMs);
    if (is_interrupted()) return exit_code::kInterrupted;
  }
}

Result<int> run(const MetricsCommand& /*command*/, Session& session) {
  session.attempt("Could not get the agent's metrics");
  LANYARD_TRY_SET(const std::string text, session.call("metrics.get", "{}"));
  LANYARD_TRY_SET(const Json answer, read_json(text));
  const Output& out = session.out();
  out.style().json ? out.json("metrics/1", text) : out.print(answer.value("text", std::string()));
  return exit_code::kOk;
}

Result<int> run(const PingCommand& command, Session& session) {
  session.attempt("Could not ping " + command.device);
  JsonWriter params;
  params.begin_object().member("device", command.device).end_object();
  LANYARD_TRY_SET(const std::string text, session.call("device.ping", params.str()));
  LANYARD_TRY_SET(const Json answer, read_json(text));
  const Output& out = session.out();
  std::vector<std::vector<std::string>> rows;
  for (const Json& step : answer["steps"]) {
    if (!step.value("tried", false)) {
      rows.push_back({shown(step, "name"), shown(step, "detail"), "not tried", ""});
      continue;
    }
    const bool step_ok = step.value("ok", false);
    const double ms = static_cast<double>(step.value("micros", std::int64_t{0})) / 1000;
    char took[32];
    std::snprintf(took, sizeof took, ms < 10 ? "%.1f ms" : "%.0f ms", ms);
    rows.push_back({shown(step, "name"), shown(step, "detail"),
                    out.toned(step_ok ? Tone::kGood : Tone::kBad, step_ok ? "ok" : "FAIL"), took});
  }
  out.style().json ? out.json("ping/1", text) : out.print(table(rows));
  return answer.value("reached", false) ? exit_code::kOk : exit_code::kUnreachable;
}

}  // namespace lanyard::agent
