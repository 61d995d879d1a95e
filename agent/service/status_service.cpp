#include "agent/service/status_service.hpp"

#include <algorithm>

#include "agent/service/names.hpp"

namespace lanyard::agent {
namespace {

struct Stored {
  std::vector<storage::KnownDevice> devices;
  std::vector<storage::SpaceEntry> spaces;
  std::vector<storage::PeerProgress> progress;
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
                       const std::vector<storage::PeerProgress>& progress) {
  DeviceStatus out;
  for (const PeerStatus& peer : linked.peers)
    if (peer.device == known.id) out.device.link = peer;
  for (const SpaceStatus& space : spaces) {
    if (!is_member(space.space, known.id)) continue;
    ++out.spaces;
    out.not_yet_there += not_yet_there(known.id, space, progress);
  }
  const auto& links = out.device.link.spaces;
  out.in_step = out.device.link.linked && out.not_yet_there == 0 &&
                std::none_of(links.begin(), links.end(), [](const SpaceLink& link) {
                  return link.phase == engine::Phase::kCatchingUp;
                });
  out.device.known = std::move(known);
  return out;
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

void StatusService::get(Done<AgentStatus> done) {
  ask_storage<Stored>(host_, read_stored, [this, done = std::move(done)](Result<Stored> stored) {
    if (!stored) return done(fail(stored.error()));
    ask_network<Linked>(
        host_,
        [](Network& network) {
          return Linked{network.peers(), network.counters(), network.discovery(),
                        network.pairing().window()};
        },
        [this, done, stored = std::move(*stored)](const Linked& linked) {
          AgentStatus out;
          out.counters = linked.counters;
          out.discovery = linked.discovery;
          out.pairing = linked.pairing;
          for (const storage::SpaceEntry& space : stored.spaces) {
            if (out.spaces.size() == AgentStatus::kSpacesMax) break;
            SpaceStatus& status = out.spaces.emplace_back(SpaceStatus{space, {}, {}});
            auto numbers = reads_.numbers(space.id);
            if (numbers)
              status.numbers = std::move(*numbers);
            else
              status.error = numbers.error().detail;
          }
          out.more_spaces = stored.spaces.size() - out.spaces.size();
          for (const storage::KnownDevice& device : stored.devices)
            out.devices.push_back(status_of(device, linked, out.spaces, stored.progress));
          done(std::move(out));
        });
  });
}

}  // namespace lanyard::agent
