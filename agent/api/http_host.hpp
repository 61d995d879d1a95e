#pragma once

#include "agent/api/beast.hpp"
#include "agent/api/http_server.hpp"

namespace lanyard::agent {

/// Whoever was let in and says nothing for so long, or stops within a head, gives way to others
/// where all places are taken.
inline constexpr std::chrono::milliseconds kQuietMax{2000};

/// One connection of whatever kind, as the server keeps it.
class LoopbackConnection {
 public:
  virtual ~LoopbackConnection() = default;
  virtual void close() = 0;
  /// Whether nobody would miss it: no request is on its way in it, as far as bytes can tell, and
  /// whoever has just come had time to begin one.
  [[nodiscard]] virtual bool is_idle() const = 0;
  /// When its present state began.
  [[nodiscard]] virtual std::chrono::steady_clock::time_point since() const = 0;
};

/// What connections ask of the server.
struct HttpHost {
  HttpServer::Desk desk;
  HttpServer::Manners manners;
  /// Another connection stands in the place of this one from now on.
  std::function<void(const LoopbackConnection* before, std::shared_ptr<LoopbackConnection> now)>
      replaced;
  std::function<void(const LoopbackConnection* connection)> closed;
  /// Of all doors.
  std::shared_ptr<MemoryBudget> bodies;
  std::shared_ptr<MemoryBudget> answers;
  /// How many of this door's connections wait for memory, and how many may: the others' places are
  /// for requests that need none.
  mutable std::size_t waiting = 0;
  std::size_t waiting_max = 0;
  /// Bytes that wait on this door's WebSockets for their clients.
  mutable std::uint64_t lines_waiting = 0;
  /// Whose the other end of a connection is.
  std::function<SocketOwner(const LoopbackTcp::socket& socket)> owner_of;
  /// Whether somebody waits for a place: a connection ends with its answer then, and says so.
  std::function<bool()> is_waited_for;
};

}  // namespace lanyard::agent
