#pragma once

#include <map>
#include <string>
#include <vector>

#include "agent/service/service_host.hpp"

namespace lanyard::agent {

/// Which space a name means, without asking storage each time: names are few and rarely change, and
/// every write names one. A name that is not remembered is looked up. Who asks for one name is
/// called back in the order of asking: writes of one client stay in theirs.
class SpaceDirectory {
 public:
  explicit SpaceDirectory(const ServiceHost& host) : host_(host) {}

  /// Calls back at once if the name is remembered. Only spaces that were not left.
  void find(const std::string& name, const Done<SpaceId>& done);
  /// Names were given, taken or changed.
  void forget_all() { known_.clear(); }

 private:
  void answer(const std::string& name, const Result<SpaceId>& found);

  const ServiceHost& host_;
  std::map<std::string, SpaceId, std::less<>> known_;
  std::map<std::string, std::vector<Done<SpaceId>>> asked_;  ///< being looked up, and for whom
};

}  // namespace lanyard::agent
