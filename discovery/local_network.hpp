#pragma once

#include <set>
#include <vector>

#include "discovery/interface_filter.hpp"

namespace lanyard::discovery {

/// This machine's place in its networks.
struct LocalNetwork {
  /// Those to be used: up, able to multicast, and admitted; sorted by index, at most
  /// kInterfacesMax.
  std::vector<Interface> interfaces;
  /// All addresses of the machine, of other interfaces and loopback too: never to be dialled.
  std::set<IpAddress> own_addresses;
  friend bool operator==(const LocalNetwork&, const LocalNetwork&) = default;
};

/// As the kernel has it now (getifaddrs(3)); empty if it does not say.
[[nodiscard]] LocalNetwork read_local_network(const InterfaceFilter& filter);

}  // namespace lanyard::discovery
