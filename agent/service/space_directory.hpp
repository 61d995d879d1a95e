#pragma once

#include <map>
#include <optional>
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

  using MaySee = std::function<bool(const SpaceId&)>;

  /// Calls back at once if the name is remembered. Only spaces that were not left.
  void find(const std::string& name, const Done<SpaceId>& done) { find(name, {}, done); }
  /// The same for whoever may know of some spaces alone: another one is not found, after the same
  /// way as a name that means nothing, and nothing is said of names that are near.
  void find(const std::string& name, const MaySee& may_see, const Done<SpaceId>& done);
  /// Names were given, taken or changed.
  void forget_all() { known_.clear(); }

 private:
  struct Waiting {
    MaySee may_see;  ///< empty: everything
    Done<SpaceId> done;
  };
  void answer(const std::string& name, const std::optional<SpaceId>& found,
              const Result<SpaceId>& said);

  const ServiceHost& host_;
  std::map<std::string, SpaceId, std::less<>> known_;
  std::map<std::string, std::vector<Waiting>> asked_;  ///< being looked up, and for whom
};

}  // namespace lanyard::agent
