// What is new, and who is told of it. Every member passes on what it holds, so in a full mesh each
// change would cross every link twice. As in epidemic broadcast trees (Leitao, Pereira, Rodrigues,
// SRDS 2007), who brings what the other has already is not needed for that log as long as whoever
// was quicker goes on; what is missing after a while brings it back.
#include "replication/engine/space_sync.hpp"
#include "replication/types/limits.hpp"

namespace lanyard::engine {
namespace {

/// One that names its log by number, with its frame.
constexpr std::uint64_t kHaveBytes = 64;

}  // namespace

/// The peer is told of what is new; to one that is being answered it is part of the answer.
void SpaceSync::tell_peer(LinkId link, Peer& peer, const LogId& log, const Head& head) {
  if (peer.serving) {
    peer.serving->at_end = false;
    peer.serving->news = peer.serving->loading;
    return;
  }
  peer.they_in_step = false;
  if (context_.pushes.takes(link, kHaveBytes)) {
    peer.untold.erase(log);
    context_.pushes.send(link, wire::Have{space_, log, head}, kHaveBytes);
  } else {
    peer.untold[log] = head;
  }
}

void SpaceSync::peer_listens(LinkId link) {
  Peer* peer = find(link);
  if (peer == nullptr || !is_member(*peer)) return;
  acknowledge(link, *peer);
  for (const auto& [log, head] : std::exchange(peer->untold, {}))
    if (seq_in(peer->shown, log) < head.seq) tell_peer(link, *peer, log, head);
}

/// A fresh run goes at once to everybody in step; who has no credit left for it is told of it, and
/// pulls when it can. Over a link that does not answer neither goes out.
void SpaceSync::broadcast(const wire::LiveRun& run, const Head& last, LinkId except, Now now) {
  const std::uint64_t cost = cost_of(run);
  for (auto& [link, peer] : peers_) {
    if (link == except || !is_member(peer) || may_wait(peer, run.log, last, now)) continue;
    const bool at_once =
        cost <= std::min<std::uint64_t>(peer.their_credit, limits::kLiveRunBytesMax);
    if (peer.they_in_step && at_once && context_.pushes.takes(link, cost)) {
      peer.their_credit -= cost;
      peer.brought.insert(run.log);
      context_.pushes.send(link, run, cost);
    } else {
      tell_peer(link, peer, run.log, last);
    }
  }
}

/// What was written here.
void SpaceSync::announce(const Committed& own, Now now) {
  const Head last = head_of(own.changes.back());
  own.is_large ? tell(LinkId{}, {{own.run.log, last}}, now)
               : broadcast(own.run, last, LinkId{}, now);
}

/// The same for what came in bulk: it is not sent on unasked.
void SpaceSync::tell(LinkId except, const VectorClock& heads, Now now) {
  for (auto& [link, peer] : peers_) {
    if (link == except || !is_member(peer)) continue;
    for (const auto& [log, head] : heads)
      if (!may_wait(peer, log, head, now)) tell_peer(link, peer, log, head);
  }
}

/// Whether the peer need not hear of this from us, now or at all. What is our own it hears from us
/// first of all: no other way is shorter.
bool SpaceSync::may_wait(Peer& peer, const LogId& log, const Head& head, Now now) {
  const Seq shown = seq_in(peer.shown, log);
  if (shown >= head.seq) return true;
  if (peer.serving || log == own_log_ || !peer.elsewhere.contains(log)) return false;
  const auto known = peer.awaited.find(log);
  if (known != peer.awaited.end() && shown < known->second.first)
    known->second.last = head;
  else
    keep_awaiting(peer, log, {head.seq, head, {now.mono.since_origin + limits::kShownWithin}});
  return true;
}

/// The peer holds so much. With all that we hold it is in step, whoever brought it.
void SpaceSync::show(Peer& peer, const VectorClock& heads) const {
  for (const auto& [log, head] : heads) {
    if (head.seq <= seq_in(peer.shown, log)) continue;
    if (may_note(peer.shown, log)) peer.shown[log] = head;
  }
  if (!peer.serving && !peer.they_in_step) peer.they_in_step = covers(peer.shown, applied_);
}

/// A run that is here already: one of the two who brought it need not. Its author goes on, whoever
/// was quicker this time, for no way is shorter than that; else who was quicker does.
void SpaceSync::came_twice(LinkId link, Peer& peer, const wire::LiveRun& run) {
  show(peer, {{run.log, {last_of(run), {}}}});
  const auto& logs = intake_->state().logs;
  const auto log = logs.find(run.log);
  const bool is_author = log != logs.end() && log->second.device == peer.device;
  const auto live = last_live_.find(run.log);
  const LinkId first = live == last_live_.end() ? LinkId{} : live->second.from;
  Peer* const quicker = find(first);
  // If the quicker one was told before, nobody would be left.
  if (!is_author && quicker != nullptr && quicker->spared.contains(run.log)) return;
  Peer* const slower = is_author ? quicker : &peer;
  if (slower == nullptr || !is_member(*slower) || !slower->spared.insert(run.log).second) return;
  context_.out.send(is_author ? first : link,
                    wire::Have{space_, run.log, intake_->state().head_of(run.log)});
}

/// Who has not shown what somebody else should have brought is told, and gets it from us again.
void SpaceSync::look_at_awaited(Now now) {
  if (!awaited_at_ || now.mono < *awaited_at_) return;
  awaited_at_.reset();
  const Instant later{now.mono.since_origin + limits::kShownWithin};
  for (auto& [link, peer] : peers_) {
    for (const auto& [log, awaited] : std::exchange(peer.awaited, {})) {
      const Seq shown = seq_in(peer.shown, log);
      if (shown >= awaited.last.seq) continue;
      if (now.mono < awaited.until) {
        keep_awaiting(peer, log, awaited);
      } else if (shown >= awaited.first) {
        keep_awaiting(peer, log, {awaited.last.seq, awaited.last, later});
      } else {
        peer.elsewhere.erase(log);
        tell_peer(link, peer, log, awaited.last);
      }
    }
  }
}

void SpaceSync::keep_awaiting(Peer& peer, const LogId& log, const Peer::Awaited& awaited) {
  peer.awaited[log] = awaited;
  awaited_at_ = awaited_at_ ? std::min(*awaited_at_, awaited.until) : awaited.until;
}

// ---- what nobody keeps

void SpaceSync::tell_presence(TellPresence told) {
  if (!is_open()) {
    presence_ = std::move(told);
    return;
  }
  for (auto& [link, peer] : peers_)
    if (is_known_member(peer) && !told.busy.contains(link)) context_.out.send(link, told.presence);
}

void SpaceSync::on(LinkId link, const wire::Presence& message, Now /*now*/) {
  const Peer* const peer = find(link);
  if (peer != nullptr && is_known_member(*peer))
    context_.out.notify(PeerPresent{peer->device, message});
}

}  // namespace lanyard::engine
