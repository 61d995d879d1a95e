#pragma once

#include "agent/api/api_room.hpp"
#include "agent/api/http_server.hpp"

namespace lanyard::agent {

/// Who speaks on /v1/live. `origin`: of the page that opened it, if one did. `room` outlives it.
[[nodiscard]] std::shared_ptr<SocketTalk> make_live_talk(ApiRoom& room,
                                                         std::shared_ptr<SocketLine> line,
                                                         std::optional<std::string> origin);

/// What a client, here or of a member, says of itself just now.
struct Present {
  SpaceId space;
  DeviceId device;
  std::string app;
  std::string json;
};

/// Those that are signed in, as the room knows them.
class LiveClient {
 public:
  virtual ~LiveClient() = default;
  /// Tokens were given or revoked: whoever lost theirs is sent away.
  virtual void on_access_changed() = 0;
  /// A line that is open is a use of its token, however little is said on it.
  virtual void count_use() const = 0;
  /// A member holds this durably.
  virtual void on_acknowledged(const DeviceId& device, const SpaceId& space,
                               const VectorClock& durable) = 0;
  /// Whether it is to be told how the agent is.
  [[nodiscard]] virtual bool wants_status() const = 0;
  virtual void on_status(const AgentStatus& status) = 0;
  /// Another client said this; told where this one may read, and never stored.
  virtual void on_presence(const Present& present) = 0;
};

/// Tells everybody who is signed in then. Whoever is told may leave.
void for_each_live(const ApiRoom& room, const std::function<void(LiveClient&)>& tell);

}  // namespace lanyard::agent
