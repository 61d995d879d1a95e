#pragma once

#include <string>
#include <vector>

#include "agent/service/service_host.hpp"

namespace lanyard::agent {

/// A device as storage and network know it together.
struct DeviceView {
  storage::KnownDevice known;
  PeerStatus link;  ///< as far as the network has met it since the start
};

/// Which devices this one talks to.
class DeviceService {
 public:
  explicit DeviceService(const ServiceHost& host) : host_(host) {}

  /// Forgotten ones last.
  void list(Done<std::vector<DeviceView>> done);
  /// Makes a device known: by its whole id, and where it is to be dialled (host:port, may be
  /// empty).
  /// kMalformed for a bad id, kUsage for our own or a bad address.
  void add(const std::string& id, const std::string& address, Done<storage::KnownDevice> done);
  void rename(const std::string& device, const std::string& name, Done<storage::KnownDevice> done);
  /// The link is cut, and refused from now on, and the other devices of this person do the same
  /// once they hear of it. The keys that the device has stay valid: it can still read what it
  /// holds, and what those give it that have not heard yet.
  void forget(const std::string& device, Done<storage::KnownDevice> done);
  void ping(const std::string& device, Done<std::vector<PingStep>> done);

 private:
  const ServiceHost& host_;
};

}  // namespace lanyard::agent
