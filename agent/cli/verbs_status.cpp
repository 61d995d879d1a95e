#include <poll.h>

#include <algorithm>

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
    rows.push_back({device_cell(device), state_of(device, out),
                    linked ? "now" : age_text(device.value("lastSeenMs", std::int64_t{0}), now_ms),
                    path_of(device), missing == 0 ? "0" : plural(missing, "change")});
  }
  if (rows.size() > 1) out.print_table(rows);
}

void print_spaces(const Json& status, const Output& out) {
  std::vector<std::vector<std::string>> rows = {
      {"SPACE", "RECORDS", "SIZE", "MEMBERS", "CONFLICTS"}};
  for (const Json& space : status["spaces"]) {
    const std::uint64_t conflicts = space.value("conflicts", std::uint64_t{0});
    const std::string error = shown(space, "error");
    rows.push_back({display_cut(space.value("name", std::string()), 40),
                    error.empty() ? count_text(space.value("records", std::uint64_t{0}))
                                  : out.toned(Tone::kBad, "see above"),
                    bytes_text(space.value("fileBytes", std::uint64_t{0})),
                    count_text(space.value("memberCount", std::uint64_t{0})),
                    conflicts == 0 ? "0" : out.toned(Tone::kWarning, count_text(conflicts))});
  }
  if (rows.size() > 1) out.print_table(rows);
  const std::uint64_t more = status.value("moreSpaces", std::uint64_t{0});
  if (more > 0) out.line("and " + plural(more, "more space") + ": lanyard space list");
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

/// What does not do what it should, before all that does.
void print_degraded(const Json& status, const Output& out) {
  constexpr std::size_t kShown = 10;
  std::size_t left = status["degraded"].size();
  for (const Json& each : status["degraded"]) {
    if (left + kShown == status["degraded"].size()) break;
    --left;
    out.line(out.toned(Tone::kBad, shown(each, "part") + ": " + shown(each, "why")));
    out.line("  Fix: " + shown(each, "fix"));
  }
  if (left > 0) out.line(out.toned(Tone::kBad, "and " + plural(left, "more part")));
}

std::uint64_t count_of(const Json& status, const char* name) {
  return status.value(name, std::uint64_t{0});
}

bool has_part(const Json& status, std::string_view part) {
  const Json& parts = status["degraded"];
  return std::any_of(parts.begin(), parts.end(),
                     [&](const Json& each) { return each.value("part", std::string()) == part; });
}

/// By which a command finds the device: its name, if a shell takes it as one word and more than
/// others say it.
std::string word_for(const Json& device) {
  const std::string name = device.value("name", std::string());
  const bool is_plain = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  });
  const bool is_sure = !device.value("namedByOthers", false);
  return is_plain && is_sure && !name.starts_with('-') ? name : shown(device, "shortId");
}

std::string names_of_offline(const Json& devices) {
  std::string out;
  for (const Json& device : devices)
    if (!device.value("linked", false)) out += (out.empty() ? "" : ", ") + device_cell(device);
  return out;
}

/// What a person can do next, in a line for each; or that there is nothing to do.
void print_next(const Json& status, const Output& out) {
  const Json& devices = status["devices"];
  if (const std::uint64_t conflicts = count_of(status, "conflicts"); conflicts > 0)
    out.say("Next: " + std::string(conflicts == 1 ? "the conflict waits" : "the conflicts wait") +
            " to be settled:  lanyard conflicts list");
  const bool is_off = has_part(status, "sync");
  if (devices.empty() && !is_off) return out.say("Next: connect another device with  lanyard pair");
  bool all_in_sync = !devices.empty() && status["degraded"].empty();
  for (const Json& device : devices) {
    const std::uint64_t missing = count_of(device, "notYetThere");
    all_in_sync = all_in_sync && device.value("inStep", false);
    if (missing == 0 || device.value("linked", false) || is_off) continue;
    out.say(device_cell(device) + " gets " + plural(missing, "change") +
            " when it is connected again. What keeps it away?  lanyard ping " + word_for(device));
  }
  if (all_in_sync) return out.say(out.toned(Tone::kGood, "All in sync."));
  const std::string away = names_of_offline(devices);
  if (!away.empty() && count_of(status, "notYetThere") == 0 && status["degraded"].empty())
    out.say("All that is here is on the other devices. What was written meanwhile on " + away +
            " comes when it is connected again.");
}

/// As the configuration names them.
std::string other_users(const Json& agent) {
  std::string out;
  for (const Json& user : agent.value("apiUsers", Json::array())) {
    const std::string name = user.get<std::string>();
    out += (out.empty() ? "" : ", ") + (name == "*" ? "everybody" : display_text(name));
  }
  return out;
}

void print_status(const Json& status, const Output& out) {
  print_degraded(status, out);
  const Json& agent = status["agent"];
  const std::int64_t now_ms = agent.value("nowMs", std::int64_t{0});
  out.line(out.toned(Tone::kBold, shown(agent, "name")) + "  up " +
           duration_text(now_ms - agent.value("startedMs", now_ms)) + "   " +
           plural(status["devices"].size(), "device") + ", " +
           plural(status["spaces"].size() + status.value("moreSpaces", std::uint64_t{0}), "space") +
           ", " + plural(status.value("conflicts", std::uint64_t{0}), "conflict"));
  if (status.contains("discovery")) out.say(discovery_line(status["discovery"], out));
  if (const std::string gaps = shown(agent, "notConfined"); !gaps.empty())
    out.say("not confined as it could be: " + gaps);
  if (const std::string users = other_users(agent); !users.empty())
    out.say("other users of this machine who may use its ports (api.users): " + users);
  const auto pairing = status.find("pairing");
  if (pairing != status.end() && pairing->is_object()) out.say(pairing_line(*pairing, out));
  print_devices(status, now_ms, out);
  print_spaces(status, out);
  for (const Json& device : status["devices"]) {
    const std::string why = shown(device, "lastFailure");
    if (!device.value("linked", false) && !why.empty())
      out.say(out.toned(Tone::kQuiet, shown(device, "name") + ": " + why));
  }
  print_next(status, out);
}

int code_of_status(const Json& status) {
  const bool unfinished = status.value("conflicts", std::uint64_t{0}) > 0 ||
                          status.value("notYetThere", std::uint64_t{0}) > 0 ||
                          !status["degraded"].empty();
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
  out.style().json ? out.json("ping/1", text) : out.print_table(rows);
  return answer.value("reached", false) ? exit_code::kOk : exit_code::kUnreachable;
}

}  // namespace lanyard::agent
