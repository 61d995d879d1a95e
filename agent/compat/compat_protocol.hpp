#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/access/access_table.hpp"
#include "agent/api/http_server.hpp"
#include "agent/service/services.hpp"
#include "agent/service/token_service.hpp"
#include "storage/compat_store.hpp"

namespace lanyard::agent {

/// What the listeners of this agent share. Belongs to the api thread.
struct CompatRoom {
  Services& services;
  AccessTable& access;
  TokenService& tokens;
  storage::CompatStore& store;
  Rng& rng;
  HttpServer::After after;
  std::string device_id;  ///< what clients are told that this device is
};

/// Has these fields indexed in the space of this name, where it is here. `services` outlives it.
void index_fields(Services& services, const std::string& space,
                  std::vector<storage::DeclaredIndex> fields);

/// One port of a listener.
struct CompatPort {
  std::uint16_t number = 0;
  bool serves_http = true;
  bool serves_socket = false;
};

/// One foreign protocol while it is served. Belongs to the api thread.
class CompatProtocol {
 public:
  virtual ~CompatProtocol() = default;
  /// A request that may be answered: it has passed the gate.
  [[nodiscard]] virtual HeadOrder receive(const CompatPort& port, const HeadView& head) = 0;
  /// It is not served any more: what is under way is finished, and nobody is told.
  virtual void close() = 0;
};

/// A protocol that can be switched on.
struct CompatKind {
  std::string_view name;
  std::span<const CompatPort> ports;  ///< of the original; on one port it serves all that they do
  std::shared_ptr<CompatProtocol> (*make)(const CompatRoom& room,
                                          const storage::CompatListener& listener);
};

/// All that there are (compat_kinds.cpp).
[[nodiscard]] const std::vector<CompatKind>& compat_kinds();
[[nodiscard]] std::span<const CompatKind> rangerplex_kind();
[[nodiscard]] std::span<const CompatKind> chatsync_kind();
[[nodiscard]] std::span<const CompatKind> cloudapi_kind();

}  // namespace lanyard::agent
