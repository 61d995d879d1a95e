#pragma once

#include "agent/api/http_server.hpp"

namespace lanyard::agent {

/// One connection of whatever kind, as the server keeps it.
class LoopbackConnection {
 public:
  virtual ~LoopbackConnection() = default;
  virtual void close() = 0;
  /// Whether nobody would miss it: there is no request whose head came whole and whose answer did
  /// not.
  [[nodiscard]] virtual bool is_waiting() const = 0;
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
};

}  // namespace lanyard::agent
