#include "agent/api/asking_apps.hpp"

#include <utility>

namespace lanyard::agent {
namespace {

Error too_many() {
  return Error(Code::kBusy, "too many apps ask at the same time", "Ask again in a moment.");
}

}  // namespace

Status AskingApps::add(Asking asking, ProcessFinder* finder) {
  if (asking.owner.kind == SocketOwner::Kind::kGone) return {};  // nobody is there any more
  if (finder == nullptr || asking.owner.kind != SocketOwner::Kind::kUser) {
    asking.go(user_of(asking.owner));
    return {};
  }
  if (waiting_.size() + looked_up_.size() >= kAskingAppsMax)
    std::erase_if(waiting_, [](const Asking& each) { return !each.is_there(); });
  if (waiting_.size() + looked_up_.size() >= kAskingAppsMax) return fail(too_many());
  waiting_.push_back(std::move(asking));
  look(*finder);
  return {};
}

void AskingApps::look(ProcessFinder& finder) {
  while (looked_up_.empty() && !waiting_.empty()) {
    std::vector<std::uint64_t> sockets;
    while (!waiting_.empty() && sockets.size() < kLookupSocketsMax) {
      sockets.push_back(waiting_.front().owner.inode);
      looked_up_.push_back(std::move(waiting_.front()));
      waiting_.pop_front();
    }
    const bool is_sought =
        finder.find_later(std::move(sockets), [this, &finder, post = post_](auto found) {
          post([this, &finder, found = std::move(found)] { on_found(found, finder); });
        });
    if (is_sought) return;
    for (const Asking& each : std::exchange(looked_up_, {})) each.go(fail(too_many()));
  }
}

void AskingApps::on_found(const ProcessFinder::Found& found, ProcessFinder& finder) {
  const std::vector<Asking> asked = std::exchange(looked_up_, {});
  for (std::size_t each = 0; each < asked.size(); ++each)
    if (asked[each].is_there()) asked[each].go(program_of(asked[each].owner, found[each]));
  look(finder);
}

}  // namespace lanyard::agent
