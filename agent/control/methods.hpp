#pragma once

#include <span>

#include "agent/compat/compat_listeners.hpp"
#include "agent/config.hpp"
#include "agent/control/reply.hpp"
#include "agent/control/request.hpp"
#include "agent/service/reception.hpp"
#include "agent/service/services.hpp"

namespace lanyard::agent {

/// What the methods speak for. One per agent; belongs to the control thread.
struct ControlRoom : Services {
  ControlRoom(ServiceHost service_host, const storage::Ports& ports,
              TokenService::Changed access_changed)
      : Services(std::move(service_host), ports.hasher, ports.ciphers),
        tokens(host, ports.hasher, ports.rng, std::move(access_changed)) {}

  TokenService tokens;

  const Config* config = nullptr;
  std::int64_t started_ms = 0;
  std::uint16_t sync_port = 0;
  std::uint16_t api_port = 0;
  ToReception to_reception = {};
  std::function<void()> stop = {};
  CompatDoor compat = {};
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
[[nodiscard]] std::span<const ControlMethod> app_methods();
[[nodiscard]] std::span<const ControlMethod> compat_methods();

/// Finds the method and calls it; kUsage for one that there is not.
void dispatch(ControlRoom& room, Request& request, const Reply& reply);

/// Runs what reads parameters: answers an error itself. `body` returns a Status.
template <class Body>
void with_params(Params& params, const Reply& reply, Body body) {
  if (Status done = body(params); !done) reply.error(done.error());
}

}  // namespace lanyard::agent
