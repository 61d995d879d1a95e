// What peers remember of our own log: a store that was set back, or is not the only one of its
// kind, learns it here, before it gives a number away a second time (ADR 0011).
#include <algorithm>

#include "replication/engine/space_sync.hpp"
#include "replication/types/limits.hpp"

namespace lanyard::engine {

/// More of it than we hold, or another change where ours ends, means that somebody wrote there whom
/// we do not know: ourselves. Saying so proves nothing, so it is asked to show it.
void SpaceSync::look_at_own_log(LinkId link, const VectorClock& theirs, Now now) {
  const Peer* peer = find(link);
  if (!own_log_ || doubt_ || peer == nullptr || !is_member(*peer)) return;
  const auto told = theirs.find(*own_log_);
  if (told == theirs.end()) return;
  const Head held = intake_->state().head_of(*own_log_);
  const bool has_more = told->second.seq > held.seq;
  const bool has_other = told->second.seq == held.seq && told->second.hash != held.hash;
  const auto before = context_.unproven.find(peer->device);
  const bool has_lied =
      before != context_.unproven.end() && before->second >= limits::kUnprovenClaimsMax;
  if ((!has_more && !has_other) || has_lied) return;
  doubt_ = Doubt{link, peer->device, Instant{now.mono.since_origin + limits::kDoubtMax}};
  context_.out.add(HoldWrites{space_});
  peer_has_news(link, now);
}

/// Changes of our own log that we did not have are in: storage has left that log with them.
void SpaceSync::own_log_shown(const InFlight& applied) {
  if (!own_log_ || !applied.heads.contains(*own_log_)) return;
  own_log_.reset();
  const Peer* peer = find(applied.from);
  const DeviceId shown_by = peer != nullptr ? peer->device : context_.self;
  context_.unproven.erase(shown_by);
  context_.out.notify(OwnLogWentOn{shown_by, space_, true});
  if (doubt_) settle_doubt(false);
}

/// It has said all that it will say, and what it spoke of was not there.
void SpaceSync::not_shown(LinkId link) {
  if (!doubt_ || doubt_->link != link) return;
  const bool is_coming =
      std::any_of(in_flight_.begin(), in_flight_.end(),
                  [&](const InFlight& each) { return own_log_ && each.heads.contains(*own_log_); });
  if (!is_coming) end_doubt();
}

/// It may be true all the same, and a new log does no harm.
void SpaceSync::end_doubt() {
  if (!doubt_) return;
  ++context_.unproven[doubt_->peer];
  context_.out.notify(OwnLogWentOn{doubt_->peer, space_, false});
  own_log_.reset();
  settle_doubt(true);
}

void SpaceSync::settle_doubt(bool in_new_log) {
  doubt_.reset();
  context_.out.add(ReleaseWrites{space_, in_new_log});
}

}  // namespace lanyard::engine
