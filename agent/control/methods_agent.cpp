#include <unistd.h>

#include <array>

#include "agent/build_info.hpp"
#include "agent/control/methods.hpp"
#include "agent/json/json_views.hpp"
#include "agent/metrics/metrics_text.hpp"
#include "agent/program_file.hpp"
#include "confinement/privacy.hpp"
#include "replication/types/device_id_text.hpp"

namespace lanyard::agent {
namespace {

void write_agent(const ControlRoom& room, JsonWriter& out) {
  out.name("agent").begin_object().member("id", to_text(room.host.self));
  out.member("shortId", to_short_text(room.host.self));
  out.member("name", utf8_or_escaped(room.host.self_name)).member("build", kBuild);
  const std::int64_t now_ms = room.host.wall().ms;
  out.member("pid", getpid()).member("startedMs", std::min(room.started_ms, now_ms));
  out.member("nowMs", now_ms).member("syncPort", room.sync_port);
  out.member("apiPort", room.api_port);
  out.member("dataDir", room.config->paths.data_dir.string());
  out.member("stateDir", room.config->paths.state_dir.string());
  out.member("logTarget", std::get<std::string>(room.config->values.at("log.target")));
  out.member("notConfined", confinement::gaps());
  out.texts("apiUsers", room.config->api_users);
  if (const auto program = own_program_file()) {
    out.name("program").begin_object().member("path", utf8_or_escaped(program->path));
    out.member("device", program->device).member("inode", program->inode);
    out.member("gone", program->is_gone).end_object();
  }
  out.end_object();
}

void agent_info(ControlRoom& room, Params& params, const Reply& reply) {
  with_params(params, reply, [&](Params& in) -> Status {
    LANYARD_TRY(in.finish());
    JsonWriter out;
    out.begin_object();
    write_agent(room, out);
    out.end_object();
    reply.result(out.str());
    return {};
  });
}

void agent_stop(ControlRoom& room, Params& params, const Reply& reply) {
  with_params(params, reply, [&](Params& in) -> Status {
    LANYARD_TRY(in.finish());
    reply.result("{}");
    room.stop();
    return {};
  });
}

void status_get(ControlRoom& room, Params& params, const Reply& reply) {
  with_params(params, reply, [&](Params& in) -> Status {
    LANYARD_TRY(in.finish());
    room.status.get([](const SpaceId& /*space*/) { return true; },
                    [&room, reply](const Result<AgentStatus>& status) {
                      reply.answer(status, [&](const AgentStatus& found) {
                        JsonWriter out;
                        out.begin_object();
                        write_agent(room, out);
                        write_status(found, out);
                        return out.end_object().take();
                      });
                    });
    return {};
  });
}

void metrics_get(ControlRoom& room, Params& params, const Reply& reply) {
  with_params(params, reply, [&](Params& in) -> Status {
    LANYARD_TRY(in.finish());
    room.status.glance([&room, reply](const Result<AgentStatus>& status) {
      reply.answer(status, [&](const AgentStatus& found) {
        const std::string text = metrics_text({room.host.meters, found, room.host.storage.waiting(),
                                               process_memory(), room.started_ms});
        return JsonWriter().begin_object().member("text", text).end_object().take();
      });
    });
    return {};
  });
}

std::string device_json(const storage::KnownDevice& device) {
  JsonWriter out;
  write_device({device, {}}, out);
  return out.take();
}

Done<storage::KnownDevice> answer_device(const Reply& reply) {
  return [reply](const Result<storage::KnownDevice>& device) { reply.answer(device, device_json); };
}

void device_list(ControlRoom& room, Params& params, const Reply& reply) {
  with_params(params, reply, [&](Params& in) -> Status {
    LANYARD_TRY(in.finish());
    room.devices.list([reply](const Result<std::vector<DeviceView>>& devices) {
      reply.answer(devices, [](const std::vector<DeviceView>& found) {
        JsonWriter out;
        out.begin_object().name("devices").begin_array();
        for (const DeviceView& device : found) write_device(device, out);
        return out.end_array().end_object().take();
      });
    });
    return {};
  });
}

void device_add(ControlRoom& room, Params& params, const Reply& reply) {
  with_params(params, reply, [&](Params& in) -> Status {
    LANYARD_TRY_SET(const std::string id, in.text("id"));
    LANYARD_TRY_SET(const auto address, in.optional_text("at"));
    LANYARD_TRY(in.finish());
    room.devices.add(id, address.value_or(""), answer_device(reply));
    return {};
  });
}

void device_rename(ControlRoom& room, Params& params, const Reply& reply) {
  with_params(params, reply, [&](Params& in) -> Status {
    LANYARD_TRY_SET(const std::string device, in.text("device"));
    LANYARD_TRY_SET(const std::string name, in.text("name"));
    LANYARD_TRY(in.finish());
    room.devices.rename(device, name, answer_device(reply));
    return {};
  });
}

void device_forget(ControlRoom& room, Params& params, const Reply& reply) {
  with_params(params, reply, [&](Params& in) -> Status {
    LANYARD_TRY_SET(const std::string device, in.text("device"));
    LANYARD_TRY(in.finish());
    room.devices.forget(device, answer_device(reply));
    return {};
  });
}

void device_ping(ControlRoom& room, Params& params, const Reply& reply) {
  with_params(params, reply, [&](Params& in) -> Status {
    LANYARD_TRY_SET(const std::string device, in.text("device"));
    LANYARD_TRY(in.finish());
    room.devices.ping(device, [reply](const Result<std::vector<PingStep>>& steps) {
      reply.answer(steps, [](const std::vector<PingStep>& found) {
        JsonWriter out;
        using Result = PingStep::Result;
        const bool is_reached = found.back().result == Result::kOk;
        out.begin_object().member("reached", is_reached).name("steps").begin_array();
        for (const PingStep& step : found) {
          const bool is_tried = step.result != Result::kNotTried;
          out.begin_object().member("name", step.name);
          out.member("detail", utf8_or_escaped(step.detail));
          out.member("tried", is_tried).member("ok", step.result == Result::kOk);
          if (is_tried) out.member("micros", step.took.count());
          out.end_object();
        }
        return out.end_array().end_object().take();
      });
    });
    return {};
  });
}

void sync_now(ControlRoom& room, Params& params, const Reply& reply) {
  with_params(params, reply, [&](Params& in) -> Status {
    LANYARD_TRY(in.finish());
    room.host.network.post([network = &room.host.network] { network->sync_now(); });
    reply.result("{}");
    return {};
  });
}

constexpr std::array kAgentMethods = std::to_array<ControlMethod>({
    {"agent.info", agent_info},
    {"agent.stop", agent_stop},
    {"status.get", status_get},
    {"metrics.get", metrics_get},
    {"device.list", device_list},
    {"device.add", device_add},
    {"device.rename", device_rename},
    {"device.forget", device_forget},
    {"device.ping", device_ping},
    {"sync.now", sync_now},
});

}  // namespace

std::span<const ControlMethod> agent_methods() { return kAgentMethods; }

}  // namespace lanyard::agent
