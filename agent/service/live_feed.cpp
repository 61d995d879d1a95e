#include "agent/service/live_feed.hpp"

#include <utility>

namespace lanyard::agent {

std::uint64_t LiveFeed::watch(const SpaceId& space, Watcher watcher) {
  watchers_.emplace(++last_, Entry{space, std::move(watcher)});
  *count_ = watchers_.size();
  return last_;
}

void LiveFeed::unwatch(std::uint64_t watch) {
  watchers_.erase(watch);
  *count_ = watchers_.size();
}

void LiveFeed::move(const SpaceId& from, const SpaceId& to) {
  for (auto& [number, entry] : watchers_)
    if (entry.space == from) entry.space = to;
  changed(to, {{}, false, {}});
}

void LiveFeed::changed(const SpaceId& space, const storage::Touched& touched) {
  const std::uint64_t outer = std::exchange(round_, ++last_round_);
  // A watcher may end itself or another one.
  std::vector<std::uint64_t> numbers;
  for (const auto& [number, entry] : watchers_)
    if (entry.space == space) numbers.push_back(number);
  for (const std::uint64_t number : numbers) {
    const auto found = watchers_.find(number);
    if (found == watchers_.end()) continue;
    const Watcher watcher = found->second.watcher;
    watcher(space, touched);
  }
  round_ = outer;
}

}  // namespace lanyard::agent
