#include <array>

#include "agent/api/handlers.hpp"
#include "agent/api/live_talk.hpp"
#include "agent/api/openapi.hpp"
#include "agent/build_info.hpp"
#include "replication/types/device_id_text.hpp"

/// The agent itself: whether it lives, what it knows of its devices, its own description.
namespace lanyard::agent {
namespace {

void get_health(ApiRoom& /*room*/, ApiCall& call, const ApiReply& reply) {
  with_query(call, reply, [&](QueryText& query) -> Status {
    LANYARD_TRY(query.finish());
    reply.json(R"({"status":"ok"})");
    return {};
  });
}

/// Ready: storage answers.
void get_readiness(ApiRoom& room, ApiCall& call, const ApiReply& reply) {
  with_query(call, reply, [&](QueryText& query) -> Status {
    LANYARD_TRY(query.finish());
    ask_storage<bool>(
        room.host,
        [](storage::Vault& vault) -> Result<bool> {
          LANYARD_TRY(vault.spaces());
          return true;
        },
        [reply](const Result<bool>& ready) {
          reply.answer(ready, [](bool) { return std::string(R"({"status":"ready"})"); });
        });
    return {};
  });
}

void get_openapi(ApiRoom& /*room*/, ApiCall& call, const ApiReply& reply) {
  with_query(call, reply, [&](QueryText& query) -> Status {
    LANYARD_TRY(query.finish());
    reply.json(std::string(openapi_document()));
    return {};
  });
}

void write_agent(const ApiRoom& room, JsonWriter& out) {
  out.name("agent").begin_object().member("id", to_text(room.host.self));
  out.member("shortId", to_short_text(room.host.self));
  out.member("name", utf8_or_escaped(room.host.self_name)).member("build", kBuild);
  out.member("startedMs", room.started_ms).member("nowMs", room.host.wall().ms);
  out.member("syncPort", room.sync_port).member("apiPort", room.doors.port).end_object();
}

/// What one token may know: its spaces, and the devices that share them.
AgentStatus seen_by(const Access& access, AgentStatus status) {
  if (access.all_spaces || access.may_manage) return status;
  std::erase_if(status.spaces,
                [&](const SpaceStatus& each) { return !access.may_read(each.space.id); });
  std::erase_if(status.devices, [&](const DeviceStatus& device) {
    return std::none_of(status.spaces.begin(), status.spaces.end(), [&](const SpaceStatus& each) {
      const auto& members = each.space.members;
      return std::find(members.begin(), members.end(), device.device.known.id) != members.end();
    });
  });
  status.more_spaces = 0;
  return status;
}

void get_status(ApiRoom& room, ApiCall& call, const ApiReply& reply) {
  with_query(call, reply, [&](QueryText& query) -> Status {
    LANYARD_TRY(query.finish());
    room.status.get([&room, access = call.access, reply](const Result<AgentStatus>& status) {
      reply.answer(status, [&](const AgentStatus& found) {
        JsonWriter out;
        out.begin_object();
        write_agent(room, out);
        write_status(seen_by(access, found), out);
        return out.end_object().take();
      });
    });
    return {};
  });
}

void list_devices(ApiRoom& room, ApiCall& call, const ApiReply& reply) {
  with_query(call, reply, [&](QueryText& query) -> Status {
    LANYARD_TRY(query.finish());
    room.status.get([access = call.access, reply](const Result<AgentStatus>& status) {
      reply.answer(status, [&](const AgentStatus& found) {
        JsonWriter out;
        out.begin_object().name("devices").begin_array();
        for (const DeviceStatus& device : seen_by(access, found).devices)
          write_device(device.device, out);
        return out.end_array().end_object().take();
      });
    });
    return {};
  });
}

constexpr std::array kRoutes = std::to_array<Route>({
    {"GET", "/healthz", Need::kNothing, get_health},
    {"GET", "/readyz", Need::kNothing, get_readiness},
    {"GET", "/v1/openapi.json", Need::kNothing, get_openapi},
    {"GET", "/v1/status", Need::kToken, get_status},
    {"GET", "/v1/devices", Need::kToken, list_devices},
    {"GET", "/v1/live", Need::kNothing, nullptr, Takes::kNothing, nullptr, make_live_talk},
});

}  // namespace

std::span<const Route> agent_routes() { return kRoutes; }

}  // namespace lanyard::agent
