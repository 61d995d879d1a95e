#pragma once

#include "agent/api/api_room.hpp"

namespace lanyard::agent {

/// The members of a `status` frame, of what whoever asks may see: online, syncing, notYetThere,
/// conflicts; devices with how they are linked, and per space that is being caught up the bytes so
/// far; spaces with what is on no other device; degraded parts. Nothing in it changes while nothing
/// happens. Pure.
[[nodiscard]] std::string live_status_text(const AgentStatus& status);

/// As long as somebody on /v1/live wants to know, looks how things are once a second, and tells
/// them. `room` outlives it.
void tell_status(ApiRoom& room);

}  // namespace lanyard::agent
