#pragma once

#include "agent/pairing/desk.hpp"
#include "agent/service/device_service.hpp"
#include "agent/service/space_directory.hpp"
#include "agent/service/space_reads.hpp"

namespace lanyard::agent {

struct DeviceStatus {
  DeviceView device;
  /// Changes held here that it has not acknowledged as durable, in the spaces that it is a member
  /// of.
  std::uint64_t not_yet_there = 0;
  std::uint64_t spaces = 0;  ///< that it shares with us
  bool in_step = false;      ///< linked, nothing is being caught up, nothing is not yet there
};

struct SpaceStatus {
  storage::SpaceEntry space;
  storage::SpaceNumbers numbers;
  std::string error;  ///< why it cannot be read; empty: it can
};

struct AgentStatus {
  std::vector<DeviceStatus> devices;  ///< those that were not forgotten
  std::vector<SpaceStatus> spaces;    ///< those that were not left, at most kSpacesMax
  std::uint64_t more_spaces = 0;
  NetworkCounters counters;
  DiscoveryStatus discovery;
  std::optional<WindowStatus> pairing;  ///< the window in which a device may pair with this one

  static constexpr std::size_t kSpacesMax = 200;
  [[nodiscard]] std::uint64_t conflicts() const;
  [[nodiscard]] std::uint64_t not_yet_there() const;
};

/// The one status model, from which every view is made.
class StatusService {
 public:
  StatusService(const ServiceHost& host, SpaceReads& reads) : host_(host), reads_(reads) {}

  void get(Done<AgentStatus> done);

 private:
  const ServiceHost& host_;
  SpaceReads& reads_;
};

}  // namespace lanyard::agent
