#include "replication/engine/engine.hpp"
#include "replication/types/limits.hpp"

/// Spaces that peers offer and that are not known to be here: a few at a time of each device.
namespace lanyard::engine {

SpaceSync* Engine::offered_space(const Session& session, const SpaceId& id) {
  const auto found = spaces_.find(id);
  if (found != spaces_.end()) return &found->second;
  std::set<SpaceId>& looked_at = prospects_[session.peer];
  if (looked_at.size() >= limits::kProspectsMax) return nullptr;
  looked_at.insert(id);
  out_.add(JoinSpace{id, session.peer});
  return &add_sync(id);
}

/// A space that came on another way is here. Of a device from which as many were refused as may
/// wait none is looked at any more.
bool Engine::is_refused(const Session& session, const SpaceId& id) const {
  if (session.refused.size() < limits::kSpacesPerPeerMax && !session.refused.contains(id))
    return false;
  const auto sync = spaces_.find(id);
  return sync == spaces_.end() || sync->second.is_prospect();
}

void Engine::refuse_from(const DeviceId& device, const SpaceId& id) {
  for (auto& [link, session] : sessions_) {
    if (session.peer != device) continue;
    session.offered.erase(id);
    if (session.refused.size() < limits::kSpacesPerPeerMax) session.refused.insert(id);
  }
}

bool Engine::waits(Session& session, const SpaceId& id) {
  if (session.offered.size() >= limits::kSpacesPerPeerMax) return session.offered.contains(id);
  session.offered.insert(id);
  return true;
}

void Engine::look_at_offers() {
  for (auto& [device, looked_at] : prospects_) {
    std::erase_if(looked_at, [&](const SpaceId& id) {
      const auto sync = spaces_.find(id);
      if (sync == spaces_.end()) return true;
      if (!sync->second.is_open()) return false;
      if (!sync->second.is_prospect()) return true;
      if (!sync->second.is_hollow()) return false;
      spaces_.erase(sync);
      out_.notify(NothingThere{id});
      return true;
    });
  }
  for (auto& [link, session] : sessions_) {
    while (!session.offered.empty()) {
      const SpaceId id = *session.offered.begin();
      SpaceSync* const sync = offered_space(session, id);
      if (sync == nullptr) break;
      session.offered.erase(id);
      sync->peer_listed(link, session.peer, false);
      sync->peer_has_news(link, now_);
    }
  }
  std::erase_if(prospects_, [](const auto& each) { return each.second.empty(); });
}

}  // namespace lanyard::engine
