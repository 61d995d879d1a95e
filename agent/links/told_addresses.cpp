#include "agent/links/told_addresses.hpp"

#include <set>

#include "agent/links/peer_link.hpp"
#include "discovery/ip_address.hpp"
#include "replication/types/limits.hpp"

namespace lanyard::agent {
namespace {

std::set<DeviceId> common_members(const DeviceId& self, const DeviceId& peer,
                                  const std::vector<storage::SpaceEntry>& spaces) {
  std::set<DeviceId> out;
  for (const storage::SpaceEntry& space : spaces) {
    const std::set<DeviceId> members(space.members.begin(), space.members.end());
    if (space.left || !members.contains(self) || !members.contains(peer)) continue;
    out.insert(members.begin(), members.end());
  }
  out.erase(self);
  out.erase(peer);
  return out;
}

std::vector<wire::Addresses::Endpoint> endpoints_of(const std::vector<std::string>& addresses) {
  std::vector<wire::Addresses::Endpoint> out;
  for (const std::string& address : addresses) {
    const auto ip = discovery::address_of(address);
    const auto parsed = parse_host_port(address);
    if (!ip || !parsed || !ip->is_near() || ip->is_v6_link_local()) continue;
    out.push_back({to_bytes(ip->view()), parsed->port});
    if (out.size() == limits::kToldAddressesMax) break;
  }
  return out;
}

}  // namespace

wire::Addresses addresses_for(const DeviceId& self, const DeviceId& peer,
                              const std::vector<storage::SpaceEntry>& spaces,
                              const std::map<DeviceId, std::vector<std::string>>& reached) {
  wire::Addresses out;
  for (const DeviceId& device : common_members(self, peer, spaces)) {
    const auto found = reached.find(device);
    if (found == reached.end() || out.devices.size() == limits::kToldDevicesMax) continue;
    auto endpoints = endpoints_of(found->second);
    if (!endpoints.empty()) out.devices.push_back({device, std::move(endpoints)});
  }
  return out;
}

wire::Names names_for(const DeviceId& self, const DeviceId& peer,
                      const std::vector<storage::SpaceEntry>& spaces,
                      const std::map<DeviceId, std::string>& said) {
  wire::Names out;
  for (const DeviceId& device : common_members(self, peer, spaces)) {
    const auto found = said.find(device);
    if (found != said.end() && out.devices.size() < limits::kToldDevicesMax)
      out.devices.push_back({device, found->second});
  }
  return out;
}

}  // namespace lanyard::agent
