#pragma once

#include <span>

#include "agent/config.hpp"
#include "agent/control/reply.hpp"
#include "agent/control/request.hpp"
#include "agent/service/conflict_service.hpp"
#include "agent/service/data_service.hpp"
#include "agent/service/device_service.hpp"
#include "agent/service/import_service.hpp"
#include "agent/service/pairing_service.hpp"
#include "agent/service/space_service.hpp"
#include "agent/service/status_service.hpp"
#include "agent/service/token_service.hpp"

namespace lanyard::agent {

/// What the methods speak for. One per agent; belongs to the api thread.
struct ControlRoom {
  const Config& config;
  ServiceHost host;
  std::int64_t started_ms;
  std::uint16_t sync_port;
  std::function<void()> stop;
  const Hasher& hasher;
  const CipherFactory& ciphers;
  Rng& rng;
  TokenService::Changed access_changed;

  LiveFeed feed{};
  SpaceReads reads{host.data_dir, hasher};
  SpaceDirectory directory{host};
  DeviceService devices{host};
  SpaceService spaces{host, directory, reads};
  PairingService pairing{host};
  DataService data{host, directory, reads, feed};
  ConflictService conflicts{host, data, directory, reads};
  StatusService status{host, reads};
  ImportService imports{data, directory, reads};
  TokenService tokens{host, hasher, rng, access_changed};
};

/// One method of the control socket: reads its parameters at once, then answers, now or later.
struct ControlMethod {
  std::string_view name;
  void (*call)(ControlRoom& room, Params& params, const Reply& reply);
};

[[nodiscard]] std::span<const ControlMethod> agent_methods();
[[nodiscard]] std::span<const ControlMethod> pairing_methods();
[[nodiscard]] std::span<const ControlMethod> space_methods();
[[nodiscard]] std::span<const ControlMethod> data_methods();
[[nodiscard]] std::span<const ControlMethod> conflict_methods();
[[nodiscard]] std::span<const ControlMethod> token_methods();

/// Finds the method and calls it; kUsage for one that there is not.
void dispatch(ControlRoom& room, Request& request, const Reply& reply);

/// Runs what reads parameters: answers an error itself. `body` returns a Status.
template <class Body>
void with_params(Params& params, const Reply& reply, Body body) {
  if (Status done = body(params); !done) reply.error(done.error());
}

}  // namespace lanyard::agent
