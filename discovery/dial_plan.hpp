#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "replication/ports.hpp"

namespace lanyard::discovery {

/// Monotonic time from any origin.
using Tick = std::chrono::milliseconds;

/// Decides whom to call, where and when: one attempt at a time for each address, sooner after a
/// lost link, later after each failure, never one that is linked. Pure; chance comes from the Rng,
/// so that two devices that fail together do not stay in step.
class DialPlan {
 public:
  static constexpr Tick kFirstRetry{1000};
  static constexpr Tick kLastRetry{60'000};

  explicit DialPlan(Rng& rng) : rng_(rng) {}

  /// Calls this address. `device`: who is expected there; nothing for a static peer. A known
  /// address is kept as it is.
  void add(const std::string& address, std::optional<DeviceId> device, Tick now);
  /// Nobody is called for this device any more.
  void remove(const DeviceId& device);

  /// Addresses to dial now; each is taken as being dialled until failed() or linked() says more.
  [[nodiscard]] std::vector<std::string> due(Tick now);
  [[nodiscard]] std::optional<Tick> next() const;

  /// The device is linked, through any address. `address`: the one that was dialled, empty if it
  /// called us.
  void linked(const DeviceId& device, const std::string& address);
  /// The link is gone: call again soon.
  void unlinked(const DeviceId& device, Tick now);
  /// An attempt came to nothing.
  void failed(const std::string& address, Tick now);

 private:
  struct Target {
    std::optional<DeviceId> device;
    std::optional<Tick> at;  ///< nothing: being dialled, or linked
    Tick wait = kFirstRetry;
    bool linked = false;
  };
  [[nodiscard]] Tick with_jitter(Tick wait);

  Rng& rng_;
  std::map<std::string, Target> targets_;
};

}  // namespace lanyard::discovery
