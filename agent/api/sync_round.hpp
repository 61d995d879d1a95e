#pragma once

#include "agent/api/api_room.hpp"

namespace lanyard::agent {

/// What came of comparing with every linked device.
struct SyncReport {
  bool is_over = false;  ///< all of them are in step; false: the time was up before
  std::chrono::milliseconds took{0};
  std::vector<DeviceStatus> devices;
};

/// Compares with every linked device now, and waits until all are in step, or until the time is up.
/// Devices that are not linked are not waited for. `services` outlives it.
void run_sync_round(Services& services, const HttpServer::After& after, const Access& access,
                    std::chrono::milliseconds most, const Done<SyncReport>& done);

}  // namespace lanyard::agent
