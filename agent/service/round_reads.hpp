#pragma once

#include "agent/service/live_feed.hpp"
#include "agent/service/space_reads.hpp"

namespace lanyard::agent {

/// Reads of watchers that are told of one change, one after the other: each record is read for the
/// first of them. Belongs to the api thread.
class RoundReads {
 public:
  RoundReads(SpaceReads& reads, const LiveFeed& feed) : reads_(reads), feed_(feed) {}

  /// SpaceReads::get(), as new as the change that is being told.
  [[nodiscard]] Result<storage::ReadRecord> get(const SpaceId& space, const std::string& collection,
                                                const std::string& key);

 private:
  SpaceReads& reads_;
  const LiveFeed& feed_;
  std::uint64_t round_ = 0;
  std::map<std::tuple<SpaceId, std::string, std::string>, storage::ReadRecord> kept_;
};

}  // namespace lanyard::agent
