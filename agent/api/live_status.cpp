#include "agent/api/live_status.hpp"

#include "agent/api/handlers.hpp"
#include "agent/api/live_talk.hpp"
#include "agent/json/json_views.hpp"
#include "agent/service/names.hpp"
#include "replication/types/device_id_text.hpp"

namespace lanyard::agent {
namespace {

constexpr std::chrono::milliseconds kStatusLookEvery{1000};

bool is_wanted(const ApiRoom& room) {
  bool out = false;
  for_each_live(room, [&](const LiveClient& client) { out = out || client.wants_status(); });
  return out;
}

void look_at_status(ApiRoom& room) {
  if (!is_wanted(room)) {
    room.is_telling_status = false;
    return;
  }
  room.status.glance([&room](const Result<AgentStatus>& status) {
    if (status) for_each_live(room, [&](LiveClient& client) { client.on_status(*status); });
    room.after(kStatusLookEvery, [&room] { look_at_status(room); });
  });
}

void write_catch_up(const DeviceStatus& device, JsonWriter& out) {
  out.name("catchingUp").begin_array();
  for (const SpaceLink& link : device.device.link.spaces) {
    if (link.phase != engine::Phase::kCatchingUp) continue;
    out.begin_object().member("space", to_text(link.space));
    out.member("bytesReceived", link.bytes_received).end_object();
  }
  out.end_array();
}

}  // namespace

std::string live_status_text(const AgentStatus& status) {
  JsonWriter out;
  out.begin_object().member("online", status.is_online()).member("syncing", status.is_syncing());
  out.member("notYetThere", status.not_yet_there()).member("conflicts", status.conflicts());
  out.name("devices").begin_array();
  for (const DeviceStatus& device : status.devices) {
    out.begin_object();
    write_step(device, out);
    write_catch_up(device, out);
    out.end_object();
  }
  out.end_array().name("spaces").begin_array();
  for (std::size_t i = 0; i < status.listed_spaces(); ++i) {
    const SpaceStatus& space = status.spaces[i];
    out.begin_object().member("id", to_text(space.space.id));
    out.member("name", utf8_or_escaped(space.space.name));
    out.member("unconfirmed", space.counts.unconfirmed).end_object();
  }
  out.end_array().name("degraded").begin_array();
  for (const Degraded& each : status.degraded) {
    out.begin_object().member("part", utf8_or_escaped(each.part));
    out.member("why", utf8_or_escaped(each.why)).member("fix", utf8_or_escaped(each.fix));
    out.end_object();
  }
  // To be put behind other members.
  return out.end_array().end_object().take().substr(1);
}

void tell_status(ApiRoom& room) {
  if (std::exchange(room.is_telling_status, true)) return;
  room.host.post([&room] { look_at_status(room); });
}

}  // namespace lanyard::agent
