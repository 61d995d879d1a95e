#include "agent/service/status_service.hpp"

#include <algorithm>
#include <charconv>

#include "agent/logging.hpp"
#include "agent/service/names.hpp"
#include "replication/types/device_id_text.hpp"

namespace lanyard::agent {
namespace {

/// Packs and runs that were refused since the start: a disk that rots makes a few.
constexpr std::uint64_t kRefusedUsual = 100;

struct Stored {
  std::vector<storage::KnownDevice> devices;
  std::vector<storage::SpaceEntry> spaces;
  std::map<SpaceId, storage::SpaceCounts> counts;
  std::map<DeviceId, std::int64_t> told_ms;
  std::int64_t last_export_ms = 0;
  std::map<SpaceId, storage::SpaceTrouble> troubles;
  Status writable;
  std::vector<Error> warnings;
  std::vector<storage::Excess> excesses;
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
  LANYARD_TRY_SET(out.counts, vault.counts());
  LANYARD_TRY_SET(out.told_ms, vault.told_ms());
  std::erase_if(out.devices, [](const auto& device) { return device.forgotten; });
  std::erase_if(out.spaces, [](const auto& space) { return space.left; });
  sort_for_people(out.spaces);
  LANYARD_TRY_SET(const auto exported, vault.setting(kLastExportSetting));
  if (exported)
    std::from_chars(exported->data(), exported->data() + exported->size(), out.last_export_ms);
  out.troubles = vault.troubles();
  out.writable = vault.can_write();
  out.warnings = vault.warnings();
  out.excesses = vault.excesses();
  return out;
}

bool is_member(const storage::SpaceEntry& space, const DeviceId& device) {
  return std::find(space.members.begin(), space.members.end(), device) != space.members.end();
}

/// Something of it waits for a person, or for another device.
bool needs_a_look(const SpaceStatus& space) {
  const storage::SpaceCounts& counts = space.counts;
  return !space.error.empty() || counts.conflicts > 0 || counts.forks > 0 ||
         (is_synced(space.space) && !counts.missing.empty());
}

bool is_catching_up(const DeviceStatus& device) {
  const auto& links = device.device.link.spaces;
  return std::any_of(links.begin(), links.end(), [](const SpaceLink& link) {
    return link.phase == engine::Phase::kCatchingUp;
  });
}

DeviceStatus status_of(storage::KnownDevice known, const Stored& stored, const Linked& linked) {
  DeviceStatus out;
  for (const PeerStatus& peer : linked.peers)
    if (peer.device == known.id) out.device.link = peer;
  const auto told = stored.told_ms.find(known.id);
  if (told != stored.told_ms.end()) out.in_step_ms = told->second;
  out.device.known = std::move(known);
  return out;
}

std::vector<SpaceStatus> spaces_of(Stored& stored) {
  std::vector<SpaceStatus> out;
  out.reserve(stored.spaces.size());
  for (storage::SpaceEntry& space : stored.spaces) {
    SpaceStatus& status = out.emplace_back();
    const auto counts = stored.counts.find(space.id);
    if (counts != stored.counts.end()) status.counts = std::move(counts->second);
    const auto trouble = stored.troubles.find(space.id);
    if (trouble != stored.troubles.end() && !trouble->second.takes_writes)
      status.error = trouble->second.error.detail;
    status.space = std::move(space);
  }
  return out;
}

Degraded part_of(std::string part, const Error& error) {
  return {std::move(part), error.detail, error.fix.empty() ? "Run  lanyard check" : error.fix};
}

/// What a linked device holds of a space and cannot send; of several the one that holds most.
std::optional<Degraded> withheld_part(const SpaceStatus& space,
                                      const std::vector<DeviceStatus>& devices) {
  std::uint64_t most = 0;
  std::string who;
  for (const DeviceStatus& device : devices) {
    for (const SpaceLink& link : device.device.link.spaces) {
      if (link.space != space.space.id || link.withheld <= most) continue;
      most = link.withheld;
      who = marked_name(device.device.known);
    }
  }
  if (most == 0) return std::nullopt;
  return Degraded{part_of_space(space.space),
                  std::to_string(most) + (most == 1 ? " change of it is" : " changes of it are") +
                      " missing here: " + who + " holds " + (most == 1 ? "it" : "them") +
                      ", and cannot read " + (most == 1 ? "it" : "them") + " in its file",
                  "They come as soon as " + who +
                      " can read them again (see  lanyard status  there), or from any other device "
                      "that has the space: link it."};
}

/// A device that does what no honest one does, here or on its link.
std::optional<Degraded> excess_part(const DeviceStatus& device, const Stored& stored) {
  const DeviceId& id = device.device.known.id;
  const auto found = std::find_if(stored.excesses.begin(), stored.excesses.end(),
                                  [&](const storage::Excess& each) { return each.device == id; });
  std::string why;
  if (found != stored.excesses.end()) {
    why = found->what;
  } else if (device.device.link.refused_changes > kRefusedUsual) {
    why = "it has sent " + std::to_string(device.device.link.refused_changes) +
          " changes that had to be refused";
  }
  if (why.empty()) return std::nullopt;
  const std::string name = marked_name(device.device.known);
  return Degraded{
      "device " + name, why,
      "If it is not yours, or may be in other hands:  lanyard devices forget " + to_short_text(id)};
}

/// What stands in the way of everything comes first.
std::vector<Degraded> degraded_parts(const ServiceHost& host, const Stored& stored,
                                     const AgentStatus& status) {
  std::vector<Degraded> out;
  if (!stored.writable) out.push_back(part_of("disk", stored.writable.error()));
  if (const Status on = check_enabled(host.network); !on)
    out.push_back(part_of("sync", on.error()));
  if (host.door_troubles)
    for (const Error& trouble : *host.door_troubles) out.push_back(part_of("api", trouble));
  for (const Error& warning : stored.warnings) out.push_back(part_of("data folder", warning));
  for (const SpaceStatus& space : status.spaces) {
    const auto trouble = stored.troubles.find(space.space.id);
    if (trouble != stored.troubles.end())
      out.push_back(part_of(part_of_space(space.space), trouble->second.error));
    if (space.counts.forks > 0)
      out.push_back({part_of_space(space.space), "a log of it has two branches",
                     "See  lanyard space forks " + space.space.name});
    if (auto withheld = withheld_part(space, status.devices)) out.push_back(std::move(*withheld));
  }
  for (const DeviceStatus& device : status.devices)
    if (auto excess = excess_part(device, stored)) out.push_back(std::move(*excess));
  if (status.discovery.condition.state == discovery::State::kDegraded)
    out.push_back({"discovery", status.discovery.condition.reason,
                   "Known addresses are tried all the same; see docs/GOALS.md."});
  return out;
}

AgentStatus make_status(const ServiceHost& host, Stored stored, const Linked& linked) {
  AgentStatus out;
  out.counters = linked.counters;
  out.discovery = linked.discovery;
  out.pairing = linked.pairing;
  out.spaces = spaces_of(stored);
  for (const SpaceStatus& space : out.spaces)
    out.last_save_ms = std::max(out.last_save_ms, space.counts.own_ms);
  for (const storage::KnownDevice& device : stored.devices)
    out.devices.push_back(status_of(device, stored, linked));
  out.sum_up();
  for (DeviceStatus& device : out.devices) {
    if (device.in_step) device.in_step_ms = host.wall().ms;
    out.last_sync_ms = std::max(out.last_sync_ms, device.in_step_ms);
  }
  out.last_export_ms = stored.last_export_ms;
  out.clamp_times(host.wall());
  out.degraded = degraded_parts(host, stored, out);
  if (out.spaces.size() > AgentStatus::kSpacesMax)
    std::stable_partition(out.spaces.begin(), out.spaces.end(), needs_a_look);
  return out;
}

}  // namespace

std::string part_of_space(const storage::SpaceEntry& space) { return "space " + space.name; }

void AgentStatus::sum_up() {
  for (DeviceStatus& device : devices) {
    const DeviceId& id = device.device.known.id;
    device.spaces = device.not_yet_there = 0;
    for (const SpaceStatus& space : spaces) {
      if (!is_member(space.space, id) || !is_synced(space.space)) continue;
      ++device.spaces;
      const auto missing = space.counts.missing.find(id);
      if (missing != space.counts.missing.end()) device.not_yet_there += missing->second;
    }
    device.in_step =
        device.device.link.linked && device.not_yet_there == 0 && !is_catching_up(device);
  }
}

void AgentStatus::clamp_times(WallTime now) {
  for (std::int64_t* const time : {&last_save_ms, &last_sync_ms, &last_export_ms})
    *time = std::min(*time, now.ms);
  for (DeviceStatus& device : devices) {
    std::int64_t& seen = device.device.known.last_seen_ms;
    device.in_step_ms = std::min(device.in_step_ms, now.ms);
    seen = std::min(seen, now.ms);
  }
}

std::uint64_t AgentStatus::conflicts() const {
  std::uint64_t out = 0;
  for (const SpaceStatus& space : spaces) out += space.counts.conflicts;
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

void StatusService::glance(Done<AgentStatus> done) { look({}, std::move(done)); }

void StatusService::get(MaySee may_see, Done<AgentStatus> done) {
  look(std::move(may_see), std::move(done));
}

void StatusService::look(MaySee may_see, Done<AgentStatus> done) {
  ask_storage<Stored>(
      host_, read_stored,
      [this, may_see = std::move(may_see), done = std::move(done)](Result<Stored> stored) {
        if (!stored) return done(fail(stored.error()));
        const auto kept = std::make_shared<Stored>(std::move(*stored));
        ask_network<Linked>(
            host_,
            [](Network& network) {
              return Linked{network.peers(), network.counters(), network.discovery(),
                            network.pairing().window()};
            },
            [this, may_see, done, kept](const Linked& linked) {
              AgentStatus out = make_status(host_, std::move(*kept), linked);
              if (may_see) read_numbers(may_see, out);
              done(std::move(out));
            });
      });
}

void StatusService::read_numbers(const MaySee& may_see, AgentStatus& status) {
  std::size_t listed = 0;
  for (SpaceStatus& space : status.spaces) {
    if (!may_see(space.space.id)) continue;
    if (++listed > AgentStatus::kSpacesMax) return;
    auto numbers = reads_.numbers(space.space.id);
    if (numbers) {
      space.numbers = std::move(*numbers);
    } else if (space.error.empty()) {
      space.error = numbers.error().detail;
      status.degraded.push_back(part_of(part_of_space(space.space), numbers.error()));
    }
  }
}

void StatusService::exported() const {
  host_.storage.run([at = std::to_string(host_.wall().ms)](storage::Vault& vault) {
    if (const Status stored = vault.set_setting(kLastExportSetting, at); !stored)
      log_warning("the time of an export was not stored: " + stored.error().detail);
  });
}

}  // namespace lanyard::agent
