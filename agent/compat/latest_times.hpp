#pragma once

#include <memory>
#include <set>
#include <vector>

#include "agent/compat/claim_queue.hpp"

namespace lanyard::agent {

/// When a record was changed last is the latest of the times that were said: where two devices have
/// said one, that is no conflict for a person. Settles those of a listener's records as they come.
/// Two devices that both settle one write the same. Belongs to the api thread.
class LatestTimes : public std::enable_shared_from_this<LatestTimes> {
 public:
  /// `services` outlives it. `collections`: of records with a member `updatedAt`.
  LatestTimes(Services& services, std::shared_ptr<ClaimQueue> queue,
              std::vector<std::string> collections)
      : services_(services), queue_(std::move(queue)), collections_(std::move(collections)) {}
  ~LatestTimes() { close(); }
  LatestTimes(const LatestTimes&) = delete;
  LatestTimes& operator=(const LatestTimes&) = delete;

  /// Settles what there is in the listener's space, and what comes from now on.
  void watch();
  void close();

 private:
  void on_touched(const SpaceId& space, const storage::Touched& touched);
  void look_at_all(const SpaceId& space);
  void settle(const std::string& collection, const std::string& key);

  Services& services_;
  std::shared_ptr<ClaimQueue> queue_;
  std::vector<std::string> collections_;
  std::uint64_t watch_ = 0;
  bool is_closed_ = false;
  std::set<merge::RecordName> waiting_;
};

/// The latest of the times that a conflict holds, as JSON; nothing if it is none of times. Pure.
[[nodiscard]] std::optional<std::string> latest_time(const storage::ReadConflict& conflict);

}  // namespace lanyard::agent
