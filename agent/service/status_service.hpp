#pragma once

#include <algorithm>
#include <functional>

#include "agent/pairing/desk.hpp"
#include "agent/service/device_service.hpp"
#include "agent/service/space_directory.hpp"
#include "agent/service/space_reads.hpp"

namespace lanyard::agent {

/// The setting that keeps when something was exported last.
inline constexpr const char* kLastExportSetting = "last_export_ms";

struct DeviceStatus {
  DeviceView device;
  /// Changes held here that it is not known to hold durably, in the spaces that it is a member of.
  std::uint64_t not_yet_there = 0;
  std::uint64_t spaces = 0;     ///< that it shares with us
  bool in_step = false;         ///< linked, nothing is being caught up, nothing is not yet there
  std::int64_t in_step_ms = 0;  ///< now, or when it last said what it has; 0: never
};

struct SpaceStatus {
  storage::SpaceEntry space;
  storage::SpaceCounts counts;
  storage::SpaceNumbers numbers;  ///< of those that are listed, where they were asked for
  std::string error;              ///< why it cannot be read or written to; empty: it can
};

/// A part that does not do what it should, while the rest goes on.
struct Degraded {
  std::string part;  ///< "discovery", "disk", "space NAME"
  std::string why;
  std::string fix;
};

/// How a space is called among them.
[[nodiscard]] std::string part_of_space(const storage::SpaceEntry& space);

struct AgentStatus {
  std::vector<DeviceStatus> devices;  ///< those that were not forgotten
  /// Those that were not left; where lists are cut, the ones that need a person come first.
  std::vector<SpaceStatus> spaces;
  std::int64_t last_save_ms = 0;    ///< something was written here; 0: never
  std::int64_t last_sync_ms = 0;    ///< another device was in step with this one; 0: never
  std::int64_t last_export_ms = 0;  ///< 0: never
  std::vector<Degraded> degraded;
  NetworkCounters counters;
  DiscoveryStatus discovery;
  std::optional<WindowStatus> pairing;  ///< the window in which a device may pair with this one

  static constexpr std::size_t kSpacesMax = 200;
  /// How many spaces a list names; sums are over all.
  [[nodiscard]] std::size_t listed_spaces() const { return std::min(spaces.size(), kSpacesMax); }
  /// Makes the sums of the devices again, from these spaces.
  void sum_up();
  /// What was noted by a clock that has been set back since was now at the latest: no age is
  /// negative.
  void clamp_times(WallTime now);
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

  using MaySee = std::function<bool(const SpaceId&)>;
  /// With the numbers of those spaces that a list of what may be seen names: opens their files.
  void get(MaySee may_see, Done<AgentStatus> done);
  /// Without them: for whoever asks every few seconds, of however many spaces.
  void glance(Done<AgentStatus> done);
  /// Somebody has everything of a space, or of one of its collections, in a file of their own now.
  void exported() const;

 private:
  void look(MaySee may_see, Done<AgentStatus> done);
  void read_numbers(const MaySee& may_see, AgentStatus& status);

  const ServiceHost& host_;
  SpaceReads& reads_;
};

}  // namespace lanyard::agent
