#pragma once

#include "agent/access/access_table.hpp"
#include "agent/api/asking_apps.hpp"
#include "agent/api/http_server.hpp"
#include "agent/api/request_gate.hpp"
#include "agent/config.hpp"
#include "agent/service/reception.hpp"
#include "agent/service/round_reads.hpp"
#include "agent/service/services.hpp"

namespace lanyard::agent {

class LiveClient;
class Standing;

/// What the routes speak for. One per agent; belongs to the api thread.
struct ApiRoom : Services {
  ApiRoom(ServiceHost service_host, const Hasher& hash, const CipherFactory& cipher_factory,
          Rng& rng, const Signer& identity, TokenService::Changed tell_access_changed,
          const HttpServer& server)
      : Services(std::move(service_host), hash, cipher_factory),
        signer(identity),
        after(server.after()),
        bodies(server.bodies()),
        access_changed(tell_access_changed),
        reception(host, hash, rng, std::move(tell_access_changed), after) {}

  const Signer& signer;             ///< of this device
  ProcessFinder* finder = nullptr;  ///< of whoever asks for access; nothing: programs have no name
  AccessTable access{};
  Doors doors{};
  std::int64_t started_ms = 0;
  std::uint16_t sync_port = 0;
  bool has_metrics = true;
  HttpServer::After after;
  std::shared_ptr<MemoryBudget> bodies;
  /// What tokens may do has changed in storage: calls back once it counts here.
  TokenService::Changed access_changed;
  Reception reception;
  AskingApps asking{host.post};
  /// Those that are signed in on /v1/live.
  std::map<const LiveClient*, std::weak_ptr<LiveClient>> live{};
  /// Requests that go on and are to be told when their token is good no more.
  std::vector<std::weak_ptr<Standing>> standings{};
  bool is_telling_status = false;  ///< to some of them
  RoundReads round_reads{reads, feed};
};

}  // namespace lanyard::agent
