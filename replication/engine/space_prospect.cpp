// Spaces that are offered and not here: in memory alone, until their founding is proven.
#include <algorithm>

#include "replication/engine/space_sync.hpp"
#include "replication/types/limits.hpp"

namespace lanyard::engine {

bool SpaceSync::is_hollow() const {
  return is_prospect_ && is_open() && !source_ && in_flight_.empty() &&
         std::none_of(peers_.begin(), peers_.end(), [&](const auto& each) {
           return each.second.pulling || has_news(each.second);
         });
}

/// After changes were accepted: whether there is a founder, so that there is something to keep. The
/// first change that a log without members takes is a founding; this says it where it counts.
bool SpaceSync::is_founded(LinkId link) {
  if (!is_prospect_) return true;
  const Peer* peer = find(link);
  if (peer == nullptr || !intake_->state().founder) {
    open_anew("changes of a space that nobody has founded");
    return false;
  }
  is_prospect_ = false;
  context_.out.add(AddSpace{space_, peer->device});
  for (Effect& each : std::exchange(held_back_, {})) context_.out.add(std::move(each));
  held_back_bytes_ = 0;
  return true;
}

/// What storage is to keep, behind the founding. What is beyond the bound is told again on the next
/// link, when the space is here.
void SpaceSync::keep(Effect effect, std::size_t bytes) {
  if (!is_prospect_) return context_.out.add(std::move(effect));
  if (held_back_bytes_ + bytes > limits::kHeldBackBytesMax) return;
  held_back_bytes_ += bytes;
  held_back_.push_back(std::move(effect));
}

}  // namespace lanyard::engine
