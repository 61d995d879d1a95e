#pragma once

#include <optional>
#include <string>
#include <utility>

#include "agent/api/http_server.hpp"
#include "agent/api/request_gate.hpp"

namespace lanyard::agent {

/// What a head says of who speaks. Pure.
[[nodiscard]] Approach approach_of(const HeadView& head);

/// What stands behind "Bearer " in Authorization (RFC 6750, 2.1); empty for anything else. Pure.
[[nodiscard]] std::string_view bearer_of(const HeadView& head);

/// Why a request cannot become a WebSocket.
struct UpgradeRefusal {
  int status = 400;
  std::string why;
  std::string fix;
  std::pair<std::string, std::string> field;  ///< of the answer: what would do
};

/// What RFC 6455, 4.2.1 wants of a request that is to become a WebSocket. Pure.
[[nodiscard]] std::optional<UpgradeRefusal> refuse_upgrade(const HeadView& head);

}  // namespace lanyard::agent
