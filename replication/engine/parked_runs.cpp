#include "replication/engine/parked_runs.hpp"

#include "replication/engine/live_run.hpp"

namespace lanyard::engine {

void ParkedRuns::add(LinkId link, wire::LiveRun run) {
  const std::uint64_t cost = cost_of(run);
  if (runs_.size() >= limits::kParkedChangesMax || bytes_ + cost > limits::kParkedBytesMax ||
      all_.runs >= kAllParkedMax || all_.bytes + cost > kAllParkedBytesMax)
    return;
  runs_.emplace_back(link, std::move(run));
  bytes_ += cost;
  ++all_.runs;
  all_.bytes += cost;
}

std::deque<ParkedRuns::Run> ParkedRuns::take() {
  all_.runs -= runs_.size();
  all_.bytes -= std::exchange(bytes_, 0);
  return std::exchange(runs_, {});
}

void ParkedRuns::drop(LinkId link) {
  for (auto& [from, run] : take())
    if (from != link) add(from, std::move(run));
}

}  // namespace lanyard::engine
