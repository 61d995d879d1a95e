#pragma once

#include "agent/pairing/desk.hpp"
#include "agent/service/device_service.hpp"
#include "agent/service/space_directory.hpp"
#include "agent/service/space_reads.hpp"

namespace lanyard::agent {

/// The setting that keeps when something was exported last.
inline constexpr const char* kLastExportSetting = "last_export_ms";

struct DeviceStatus {
  DeviceView device;
  /// Changes held here that it has not acknowledged as durable, in the spaces that it is a member
  /// of.
  std::uint64_t not_yet_there = 0;
  std::uint64_t spaces = 0;     ///< that it shares with us
  bool in_step = false;         ///< linked, nothing is being caught up, nothing is not yet there
  std::int64_t in_step_ms = 0;  ///< now, or when it last said what it has; 0: never
};

struct SpaceStatus {
  storage::SpaceEntry space;
  storage::SpaceNumbers numbers;
  /// Changes that no other device is known to have.
  std::uint64_t unconfirmed = 0;
  std::string error;  ///< why it cannot be read; empty: it can
};

/// A part that does not do what it should, while the rest goes on.
struct Degraded {
  std::string part;  ///< "discovery", "disk", "space NAME"
  std::string why;
  std::string fix;
};

struct AgentStatus {
  std::vector<DeviceStatus> devices;  ///< those that were not forgotten
  std::vector<SpaceStatus> spaces;    ///< those that were not left, at most kSpacesMax
  std::uint64_t more_spaces = 0;
  std::int64_t last_save_ms = 0;    ///< something was written here; 0: never
  std::int64_t last_sync_ms = 0;    ///< another device was in step with this one; 0: never
  std::int64_t last_export_ms = 0;  ///< 0: never
  std::vector<Degraded> degraded;
  NetworkCounters counters;
  DiscoveryStatus discovery;
  std::optional<WindowStatus> pairing;  ///< the window in which a device may pair with this one

  static constexpr std::size_t kSpacesMax = 200;
  [[nodiscard]] std::uint64_t conflicts() const;
  /// Linked with some device.
  [[nodiscard]] bool is_online() const;
  /// Linked with some device that is not in step.
  [[nodiscard]] bool is_syncing() const;
  [[nodiscard]] std::uint64_t not_yet_there() const;
};

/// The one status model, from which every view is made.
class StatusService {
 public:
  StatusService(const ServiceHost& host, SpaceReads& reads) : host_(host), reads_(reads) {}

  void get(Done<AgentStatus> done);
  /// Without what has to be counted: of the spaces' numbers only `applied`.
  void glance(Done<AgentStatus> done);
  /// Somebody has everything of a space, or of one of its collections, in a file of their own now.
  void exported() const;
  /// The same with the conflicts: for whoever asks every few seconds, of however large spaces.
  void survey(Done<AgentStatus> done);

 private:
  using ReadNumbers = Result<storage::SpaceNumbers> (*)(SpaceReads& reads, const SpaceId& space);
  void look(ReadNumbers read, Done<AgentStatus> done);

  const ServiceHost& host_;
  SpaceReads& reads_;
};

}  // namespace lanyard::agent
