#include "agent/cli/json_read.hpp"
#include "agent/cli/session.hpp"
#include "agent/display_text.hpp"
#include "agent/errors.hpp"
#include "agent/json_writer.hpp"

namespace lanyard::agent {
namespace {

Result<int> list_devices(Session& session) {
  session.attempt("Could not list the devices");
  LANYARD_TRY_SET(ControlClient client, session.connect());
  LANYARD_TRY_SET(const std::string text, client.call("device.list", "{}"));
  LANYARD_TRY_SET(const std::string info_text, client.call("agent.info", "{}"));
  LANYARD_TRY_SET(const Json answer, read_json(text));
  LANYARD_TRY_SET(const Json info, read_json(info_text));
  const Output& out = session.out();
  if (out.style().json) {
    JsonWriter json;
    json.begin_object().name("self").raw(info["agent"].dump());
    out.json("devices/1", json.name("devices").raw(answer["devices"].dump()).end_object().str());
    return exit_code::kOk;
  }
  const Json& self = info["agent"];
  out.say("This device is " + shown(self, "name") + ", " + shown(self, "id"));
  std::vector<std::vector<std::string>> rows = {{"NAME", "ID", "STATE", "ADDRESS", "LAST SEEN"}};
  for (const Json& device : answer["devices"]) {
    const bool linked = device.value("linked", false);
    const char* state = device.value("forgotten", false) ? "forgotten"
                        : linked                         ? "connected"
                                                         : "offline";
    rows.push_back({device_cell(device), shown(device, "shortId"), state, shown(device, "address"),
                    linked ? "now"
                           : age_text(device.value("lastSeenMs", std::int64_t{0}),
                                      self.value("nowMs", std::int64_t{0}))});
  }
  if (rows.size() > 1)
    out.print_table(rows);
  else
    out.say("No other device is known. Next: lanyard pair");
  return exit_code::kOk;
}

/// Sends the request, prints the device as JSON or says `done` with its name.
Result<int> change(const char* method, const std::string& params, const char* schema,
                   const std::string& done, Session& session) {
  LANYARD_TRY_SET(const std::string text, session.call(method, params));
  LANYARD_TRY_SET(const Json device, read_json(text));
  if (session.out().style().json) session.out().json(schema, text);
  session.out().say("ok  " + shown(device, "name") + " (" + shown(device, "shortId") + ") " + done);
  return exit_code::kOk;
}

}  // namespace

Result<int> run(const DeviceCommand& command, Session& session) {
  using Action = DeviceCommand::Action;
  JsonWriter params;
  params.begin_object();
  switch (command.action) {
    case Action::kList: return list_devices(session);
    case Action::kAdd:
      session.attempt("Could not add the device");
      params.member("id", command.device);
      if (!command.address.empty()) params.member("at", command.address);
      return change("device.add", params.end_object().str(), "device/1",
                    "is known here. Do the same on it with this device's id.", session);
    case Action::kRename:
      session.attempt("Could not rename " + command.device);
      params.member("device", command.device).member("name", command.name);
      return change("device.rename", params.end_object().str(), "device/1", "has its new name.",
                    session);
    case Action::kForget:
      session.attempt("Could not forget " + command.device);
      LANYARD_TRY(
          session.confirm("Forget " + display_text(command.device) + "?",
                          "Changes of this device that " + display_text(command.device) +
                              " does not have yet will not reach it, nor its changes us, here and "
                              "on your other devices",
                          command.yes));
      params.member("device", command.device);
      return change("device.forget", params.end_object().str(), "device/1",
                    "is refused from now on, and your other devices refuse it once they hear so: "
                    "until each of them has been connected to this one, it may still give it what "
                    "is new, so connect them now or switch them off. What it holds it can read for "
                    "good: keys are not changed.",
                    session);
  }
  return exit_code::kFailed;
}

}  // namespace lanyard::agent
