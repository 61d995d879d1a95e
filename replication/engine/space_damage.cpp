// Changes that are held and cannot be read (ADR 0021): here, where a peer brings them once more, or
// at a peer, which then sends what does not hang on them.
#include <algorithm>

#include "replication/engine/space_sync.hpp"

namespace lanyard::engine {

/// While there is no room nobody is asked, and no credit given: what was asked for already still
/// comes, a window of each peer at the most.
void SpaceSync::condition(const StoreCondition& said, Now now) {
  if (!is_open()) return;  // opened() brings it
  may_ask_ = said.may_ask;
  if (said.damaged != damaged_) {
    for (auto& [link, peer] : peers_) peer.mend_asked = false;
    const bool was_damaged = !damaged_.empty();
    damaged_ = said.damaged;
    if (was_damaged && damaged_.empty()) tell_all();
  }
  if (!may_ask_) return;
  for (const auto& [link, peer] : peers_) return_credit(link, 0);
  pull_next(now);
}

/// Everything can be sent again: whoever lacks some of it comes for it.
void SpaceSync::tell_all() {
  for (const auto& [link, peer] : peers_) {
    if (!is_known_member(peer)) continue;
    for (const auto& [log, head] : applied_) context_.out.send(link, wire::Have{space_, log, head});
  }
}

void SpaceSync::left_by(LinkId link, wire::ByeCode why) {
  const Peer* const peer = find(link);
  if (why == wire::ByeCode::kRefused && peer != nullptr && peer->was_sent_packs)
    context_.out.add(CheckLog{space_});
}

/// It shows to hold some of what is damaged here, and was not asked for it yet.
bool SpaceSync::may_mend(const Peer& peer) const {
  return !peer.mend_asked && is_known_member(peer) &&
         std::any_of(damaged_.begin(), damaged_.end(), [&](const auto& before) {
           return seq_in(peer.shown, before.first) > before.second.seq;
         });
}

/// What we hold, as if it ended before what is damaged: a peer then sends that once more.
VectorClock SpaceSync::held_undamaged() const {
  VectorClock held = intake_->state().clock();
  for (const auto& [log, head] : damaged_) {
    held.erase(log);
    if (head.seq > Seq{}) held[log] = head;
  }
  return held;
}

/// Hands a pack on that was proven, if it was asked for to mend something. True: its credit is
/// given back when storage has looked at it. `is_known`: there is nothing new in it.
bool SpaceSync::mend(LinkId link, ByteView pack, std::uint64_t cost, bool is_known) {
  const Peer* const peer = find(link);
  if (peer == nullptr || !peer->mending) return false;
  context_.out.add(
      MendLog{link, space_, std::make_shared<const Bytes>(to_bytes(pack)), is_known ? cost : 0});
  return is_known;
}

/// The peer has said that it sent all that we lack, and what it holds.
void SpaceSync::note_withheld(Peer& peer, const VectorClock& theirs,
                              const VectorClock& held) const {
  const std::uint64_t changes = missing_count(theirs, held);
  peer.withheld = changes == 0 ? VectorClock{} : theirs;
  if (std::exchange(peer.told_withheld, changes) == changes) return;
  context_.out.notify(Withheld{peer.device, space_, changes});
}

/// The peer has said that it cannot send what comes before this run: to ask again brings nothing.
bool SpaceSync::is_withheld(Peer& peer, const wire::LiveRun& run) {
  const auto said = peer.withheld.find(run.log);
  if (said == peer.withheld.end() || said->second.seq.next() < run.first) return false;
  const Seq last{run.first.value + run.items.size() - 1};
  if (said->second.seq < last) said->second = {last, {}};
  return true;
}

/// It may have come from somebody else.
void SpaceSync::look_at_withheld() {
  for (auto& [link, peer] : peers_)
    if (peer.told_withheld > 0) note_withheld(peer, VectorClock(peer.withheld), applied_);
}

}  // namespace lanyard::engine
