#pragma once

#include <map>
#include <string>

#include "agent/service/service_host.hpp"

namespace lanyard::agent {

/// Which space a name means, without asking storage each time: names are few and rarely change, and
/// every write names one. A name that is not remembered is looked up.
class SpaceDirectory {
 public:
  explicit SpaceDirectory(const ServiceHost& host) : host_(host) {}

  /// Calls back at once if the name is remembered. Only spaces that were not left.
  void find(const std::string& name, const Done<SpaceId>& done);
  /// Names were given, taken or changed.
  void forget_all() { known_.clear(); }

 private:
  const ServiceHost& host_;
  std::map<std::string, SpaceId, std::less<>> known_;
};

}  // namespace lanyard::agent
