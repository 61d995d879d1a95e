#pragma once

#include "agent/service/conflict_service.hpp"
#include "agent/service/data_service.hpp"
#include "agent/service/device_service.hpp"
#include "agent/service/import_service.hpp"
#include "agent/service/long_reads.hpp"
#include "agent/service/pairing_service.hpp"
#include "agent/service/space_service.hpp"
#include "agent/service/sql_service.hpp"
#include "agent/service/status_service.hpp"

namespace lanyard::agent {

/// What happens in the agent and concerns every door: told from any thread, also when the door is
/// gone, when it does nothing.
struct DoorNews {
  /// Records changed, whoever changed them: before the writer has its answer.
  std::function<void(const SpaceId&, std::shared_ptr<const storage::Touched>)> changed;
  /// What was `default` is a part of another space now: names mean that one, and so do watches.
  std::function<void(const SpaceId& from, const SpaceId& to)> home_moved;
  /// A space was made, renamed or left.
  std::function<void(const SpaceId&)> space_changed;
  /// A member says what it holds of a space durably. Empty: nobody at this door asks.
  std::function<void(const DeviceId&, const SpaceId&, std::shared_ptr<const VectorClock>)>
      acknowledged;
  /// A client of a member says this of itself just now. Empty: nobody at this door asks.
  std::function<void(const DeviceId&, std::shared_ptr<const wire::Presence>)> present;
};

/// All use cases, as one door has them: each door has a thread of its own, and reads through
/// connections of its own.
struct Services {
  /// `hash`, `cipher_factory` outlive this.
  Services(ServiceHost service_host, const Hasher& hash, const CipherFactory& cipher_factory)
      : host(std::move(service_host)), hasher(hash), ciphers(cipher_factory) {}
  Services(const Services&) = delete;
  Services& operator=(const Services&) = delete;

  /// For the agent to call, as long as this lives or its thread runs nothing any more.
  [[nodiscard]] DoorNews news();

  ServiceHost host;
  const Hasher& hasher;
  const CipherFactory& ciphers;
  /// Whoever waits for members to have something; may be empty. Set before news(), called on the
  /// door's thread.
  std::function<void(const DeviceId&, const SpaceId&, const VectorClock&)> on_acknowledged{};
  /// Who hears what members' clients say of themselves; in the same way.
  std::function<void(const DeviceId&, const wire::Presence&)> on_present{};
  LiveFeed feed{};
  SpaceReads reads{host.data_dir, hasher, tells_damage(host)};
  SpaceDirectory directory{host};
  DeviceService devices{host};
  SpaceService spaces{host, directory, reads, long_reads};
  PairingService pairing{host};
  DataService data{host, directory, reads, long_reads, feed};
  ConflictService conflicts{host, data, directory, reads, long_reads};
  StatusService status{host, reads};
  ImportService imports{data, directory, reads};
  LongReads long_reads{host, hasher};
  SqlService sql{host, hasher};
};

}  // namespace lanyard::agent
