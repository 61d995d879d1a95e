#include "agent/api/sync_round.hpp"

#include <algorithm>

#include "agent/api/handlers.hpp"

namespace lanyard::agent {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kSyncLookEvery{50};

/// A linked device with which nothing is being compared or caught up, and that lacks nothing.
bool is_in_step(const DeviceStatus& device) {
  const PeerStatus& link = device.device.link;
  return !link.linked || (device.not_yet_there == 0 &&
                          std::all_of(link.spaces.begin(), link.spaces.end(), [](const auto& each) {
                            return each.phase == engine::Phase::kInStep;
                          }));
}

struct Round {
  Services& services;
  HttpServer::After after;
  Access access;
  Clock::time_point began;
  Clock::time_point until;
  Done<SyncReport> done;
};

void look(const std::shared_ptr<Round>& round) {
  round->services.status.glance([round](const Result<AgentStatus>& status) {
    if (!status) return round->done(fail(status.error()));
    SyncReport report;
    report.devices = seen_by(round->access, *status).devices;
    report.is_over = std::all_of(report.devices.begin(), report.devices.end(), is_in_step);
    const auto now = Clock::now();
    report.took = std::chrono::duration_cast<std::chrono::milliseconds>(now - round->began);
    if (report.is_over || now >= round->until) return round->done(std::move(report));
    round->after(kSyncLookEvery, [round] { look(round); });
  });
}

}  // namespace

void run_sync_round(Services& services, const HttpServer::After& after, const Access& access,
                    std::chrono::milliseconds most, const Done<SyncReport>& done) {
  const auto now = Clock::now();
  const auto round = std::make_shared<Round>(Round{services, after, access, now, now + most, done});
  ask_network<bool>(
      services.host,
      [](Network& network) {
        network.sync_now();
        return true;
      },
      [round](bool) { look(round); });
}

}  // namespace lanyard::agent
