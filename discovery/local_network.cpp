#include "discovery/local_network.hpp"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

#include <map>
#include <memory>

#include "discovery/pipe_message.hpp"

namespace lanyard::discovery {
namespace {

constexpr unsigned kNeeded = IFF_UP | IFF_MULTICAST;
constexpr unsigned kUnwanted = IFF_LOOPBACK | IFF_POINTOPOINT;

std::optional<IpAddress> address_in(const sockaddr* raw) {
  if (raw == nullptr) return std::nullopt;
  if (raw->sa_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, raw, sizeof in);
    return IpAddress::from({reinterpret_cast<const std::uint8_t*>(&in.sin_addr), 4});
  }
  if (raw->sa_family != AF_INET6) return std::nullopt;
  sockaddr_in6 in{};
  std::memcpy(&in, raw, sizeof in);
  return IpAddress::from({reinterpret_cast<const std::uint8_t*>(&in.sin6_addr), 16});
}

}  // namespace

LocalNetwork read_local_network(const InterfaceFilter& filter) {
  LocalNetwork out;
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return out;
  const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> owner(list, freeifaddrs);
  std::map<int, std::pair<std::string, std::set<IpAddress>>> found;
  for (const ifaddrs* each = list; each != nullptr; each = each->ifa_next) {
    const auto address = address_in(each->ifa_addr);
    if (address) out.own_addresses.insert(*address);
    const bool is_usable = (each->ifa_flags & kNeeded) == kNeeded &&
                           (each->ifa_flags & kUnwanted) == 0 && filter.admits(each->ifa_name);
    const int index = static_cast<int>(if_nametoindex(each->ifa_name));
    if (!is_usable || index == 0) continue;
    auto& [name, addresses] = found[index];
    name = each->ifa_name;
    if (address && address->is_near() && addresses.size() < kAddressesPerInterfaceMax)
      addresses.insert(*address);
  }
  for (const auto& [index, interface] : found) {
    if (out.interfaces.size() == kInterfacesMax) break;
    out.interfaces.push_back(
        {index, interface.first, {interface.second.begin(), interface.second.end()}});
  }
  return out;
}

}  // namespace lanyard::discovery
