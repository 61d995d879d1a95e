#include "agent/service/status_service.hpp"

#include <algorithm>
#include <charconv>

#include "agent/logging.hpp"
#include "agent/service/names.hpp"

namespace lanyard::agent {
namespace {

struct Stored {
  std::vector<storage::KnownDevice> devices;
  std::vector<storage::SpaceEntry> spaces;
  std::vector<storage::PeerProgress> progress;
  std::int64_t last_export_ms = 0;
  Status room;  ///< to write
};

struct Linked {
  std::vector<PeerStatus> peers;
  NetworkCounters counters;
  DiscoveryStatus discovery;
  std::optional<WindowStatus> pairing;
};

Result<Stored> read_stored(storage::Vault& vault) {
  Stored out;
  LANYARD_TRY_SET(out.devices, vault.devices());
  LANYARD_TRY_SET(out.spaces, vault.spaces());
  LANYARD_TRY_SET(out.progress, vault.progress());
  std::erase_if(out.devices, [](const auto& device) { return device.forgotten; });
  std::erase_if(out.spaces, [](const auto& space) { return space.left; });
  sort_for_people(out.spaces);
  LANYARD_TRY_SET(const auto exported, vault.setting(kLastExportSetting));
  if (exported)
    std::from_chars(exported->data(), exported->data() + exported->size(), out.last_export_ms);
  out.room = vault.room_to_write();
  return out;
}

std::uint64_t not_yet_there(const DeviceId& device, const SpaceStatus& status,
                            const std::vector<storage::PeerProgress>& progress) {
  const auto known = std::find_if(progress.begin(), progress.end(), [&](const auto& entry) {
    return entry.device == device && entry.space == status.space.id;
  });
  return missing_count(status.numbers.applied,
                       known == progress.end() ? VectorClock{} : known->durable);
}

bool is_member(const storage::SpaceEntry& space, const DeviceId& device) {
  return std::find(space.members.begin(), space.members.end(), device) != space.members.end();
}

DeviceStatus status_of(storage::KnownDevice known, const Linked& linked,
                       const std::vector<SpaceStatus>& spaces,
                       const std::vector<storage::PeerProgress>& progress, WallTime now) {
  DeviceStatus out;
  for (const PeerStatus& peer : linked.peers)
    if (peer.device == known.id) out.device.link = peer;
  for (const SpaceStatus& space : spaces) {
    if (!is_member(space.space, known.id) || !is_synced(space.space)) continue;
    ++out.spaces;
    out.not_yet_there += not_yet_there(known.id, space, progress);
  }
  const auto& links = out.device.link.spaces;
  out.in_step = out.device.link.linked && out.not_yet_there == 0 &&
                std::none_of(links.begin(), links.end(), [](const SpaceLink& link) {
                  return link.phase == engine::Phase::kCatchingUp;
                });
  for (const storage::PeerProgress& each : progress)
    if (each.device == known.id) out.in_step_ms = std::max(out.in_step_ms, each.at_ms);
  if (out.in_step) out.in_step_ms = now.ms;
  out.device.known = std::move(known);
  return out;
}

/// What is on no other device, as far as this one knows.
std::uint64_t unconfirmed(const SpaceStatus& status,
                          const std::vector<storage::PeerProgress>& progress) {
  VectorClock known;
  for (const storage::PeerProgress& each : progress)
    if (each.space == status.space.id) raise(known, each.durable);
  return missing_count(status.numbers.applied, known);
}

std::vector<Degraded> degraded_parts(const AgentStatus& status, const Status& room) {
  std::vector<Degraded> out;
  if (!room) out.push_back({"disk", room.error().detail, room.error().fix});
  if (status.discovery.condition.state == discovery::State::kDegraded)
    out.push_back({"discovery", status.discovery.condition.reason,
                   "Known addresses are tried all the same; see docs/GOALS.md."});
  for (const SpaceStatus& space : status.spaces) {
    if (!space.error.empty())
      out.push_back({"space " + space.space.name, space.error, "Run  lanyard check"});
    if (space.numbers.forks > 0)
      out.push_back({"space " + space.space.name, "a log of it has two branches",
                     "See  lanyard space forks " + space.space.name});
  }
  return out;
}

/// What follows from what was read.
void fill(const ServiceHost& host, const Stored& stored, const Linked& linked, AgentStatus& out) {
  for (SpaceStatus& space : out.spaces) {
    space.unconfirmed = unconfirmed(space, stored.progress);
    const auto written = space.numbers.written_ms.find(host.self);
    if (written != space.numbers.written_ms.end())
      out.last_save_ms = std::max(out.last_save_ms, written->second);
  }
  for (const storage::KnownDevice& device : stored.devices) {
    out.devices.push_back(status_of(device, linked, out.spaces, stored.progress, host.wall()));
    out.last_sync_ms = std::max(out.last_sync_ms, out.devices.back().in_step_ms);
  }
  out.last_export_ms = stored.last_export_ms;
  out.degraded = degraded_parts(out, stored.room);
  if (const Status on = check_enabled(host.network); !on)
    out.degraded.push_back({"sync", on.error().detail, on.error().fix});
}

}  // namespace

std::uint64_t AgentStatus::conflicts() const {
  std::uint64_t out = 0;
  for (const SpaceStatus& space : spaces) out += space.numbers.conflicts;
  return out;
}

std::uint64_t AgentStatus::not_yet_there() const {
  std::uint64_t out = 0;
  for (const DeviceStatus& device : devices) out += device.not_yet_there;
  return out;
}

bool AgentStatus::is_online() const {
  return std::any_of(devices.begin(), devices.end(),
                     [](const DeviceStatus& each) { return each.device.link.linked; });
}

bool AgentStatus::is_syncing() const {
  return std::any_of(devices.begin(), devices.end(), [](const DeviceStatus& each) {
    return each.device.link.linked && !each.in_step;
  });
}

void StatusService::get(Done<AgentStatus> done) {
  look([](SpaceReads& reads, const SpaceId& space) { return reads.numbers(space); },
       std::move(done));
}

void StatusService::glance(Done<AgentStatus> done) {
  look(
      [](SpaceReads& reads, const SpaceId& space) -> Result<storage::SpaceNumbers> {
        storage::SpaceNumbers out;
        LANYARD_TRY_SET(out.applied, reads.clock(space));
        return out;
      },
      std::move(done));
}

void StatusService::survey(Done<AgentStatus> done) {
  look(
      [](SpaceReads& reads, const SpaceId& space) -> Result<storage::SpaceNumbers> {
        storage::SpaceNumbers out;
        LANYARD_TRY_SET(out.applied, reads.clock(space));
        LANYARD_TRY_SET(out.conflicts, reads.conflict_count(space));
        return out;
      },
      std::move(done));
}

void StatusService::look(ReadNumbers read, Done<AgentStatus> done) {
  ask_storage<Stored>(
      host_, read_stored, [this, read, done = std::move(done)](Result<Stored> stored) {
        if (!stored) return done(fail(stored.error()));
        ask_network<Linked>(
            host_,
            [](Network& network) {
              return Linked{network.peers(), network.counters(), network.discovery(),
                            network.pairing().window()};
            },
            [this, read, done, stored = std::move(*stored)](const Linked& linked) {
              AgentStatus out;
              out.counters = linked.counters;
              out.discovery = linked.discovery;
              out.pairing = linked.pairing;
              for (const storage::SpaceEntry& space : stored.spaces) {
                if (out.spaces.size() == AgentStatus::kSpacesMax) break;
                SpaceStatus& status = out.spaces.emplace_back(SpaceStatus{space, {}, 0, {}});
                auto numbers = read(reads_, space.id);
                if (numbers)
                  status.numbers = std::move(*numbers);
                else
                  status.error = numbers.error().detail;
              }
              out.more_spaces = stored.spaces.size() - out.spaces.size();
              fill(host_, stored, linked, out);
              done(std::move(out));
            });
      });
}

void StatusService::exported() const {
  host_.storage.run([at = std::to_string(host_.wall().ms)](storage::Vault& vault) {
    if (const Status stored = vault.set_setting(kLastExportSetting, at); !stored)
      log_warning("the time of an export was not stored: " + stored.error().detail);
  });
}

}  // namespace lanyard::agent
