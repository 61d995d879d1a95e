#pragma once

#include "agent/api/api_room.hpp"
#include "agent/api/http_server.hpp"
#include "agent/api/router.hpp"

namespace lanyard::agent {

/// What happens to a request before its handler sees it: the gate, then the route, then who speaks,
/// then what kind of body it is. In this order, so that a page that may not speak learns nothing
/// from any of the later ones.
[[nodiscard]] HeadOrder receive(ApiRoom& room, const HeadView& head);

}  // namespace lanyard::agent
