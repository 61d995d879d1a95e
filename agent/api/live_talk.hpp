#pragma once

#include "agent/api/api_room.hpp"
#include "agent/api/http_server.hpp"

namespace lanyard::agent {

/// Who speaks on /v1/live. `origin`: of the page that opened it, if one did. `room` outlives it.
[[nodiscard]] std::shared_ptr<SocketTalk> make_live_talk(ApiRoom& room,
                                                         std::shared_ptr<SocketLine> line,
                                                         std::optional<std::string> origin);

/// Those that are signed in, as the room knows them.
class LiveClient {
 public:
  virtual ~LiveClient() = default;
  /// Tokens were given or revoked: whoever lost theirs is sent away.
  virtual void on_access_changed() = 0;
  /// A member holds this durably.
  virtual void on_acknowledged(const DeviceId& device, const SpaceId& space,
                               const VectorClock& durable) = 0;
  /// Whether it is to be told how the agent is.
  [[nodiscard]] virtual bool wants_status() const = 0;
  virtual void on_status(const AgentStatus& status) = 0;
  /// Another client of this agent said this, where this one may read; never stored.
  virtual void on_presence(const SpaceId& space, const std::string& frame) = 0;
};

/// Tells everybody who is signed in then. Whoever is told may leave.
void for_each_live(const ApiRoom& room, const std::function<void(LiveClient&)>& tell);

}  // namespace lanyard::agent
