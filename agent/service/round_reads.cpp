#include "agent/service/round_reads.hpp"

namespace lanyard::agent {
namespace {

/// What is kept until the next change of a space that somebody watches.
constexpr std::size_t kKeptRecords = 256;
constexpr std::size_t kKeptBytes = 16 * 1024;

}  // namespace

Result<storage::ReadRecord> RoundReads::get(const SpaceId& space, const std::string& collection,
                                            const std::string& key) {
  const std::uint64_t round = feed_.round();
  if (round == 0) return reads_.get(space, collection, key);
  if (std::exchange(round_, round) != round) kept_.clear();
  const auto name = std::tuple(space, collection, key);
  if (const auto found = kept_.find(name); found != kept_.end()) return found->second;
  auto record = reads_.get(space, collection, key);
  if (record && record->json.size() <= kKeptBytes && kept_.size() < kKeptRecords)
    kept_.emplace(name, *record);
  return record;
}

}  // namespace lanyard::agent
