// The half of a space's dialogue in which a peer pulls from us.
#include "replication/engine/space_sync.hpp"
#include "replication/types/limits.hpp"

namespace lanyard::engine {
namespace {

/// What one read of the log brings: a few packs, so that a live change never waits long behind it.
constexpr std::size_t kReadBytes = 1 * limits::kMiB;

}  // namespace

void SpaceSync::on(LinkId link, const wire::Pull& message, Now now) {
  Peer* peer = find(link);
  if (peer == nullptr) {
    context_.out.send(link, wire::InStep{space_, {}});
    return;
  }
  VectorClock theirs = whole_clock(*peer, message.clock);
  look_at_own_log(link, theirs, now);
  if (is_member(*peer)) look_for_forks(link, theirs);
  show(*peer, theirs);
  peer->they_in_step = false;
  peer->awaited.clear();
  peer->untold.clear();
  add_credit(*peer, message.credit);
  // One question to storage at a time, however often the peer asks.
  const std::optional<Peer::Serving> before = std::exchange(peer->serving, Peer::Serving{});
  peer->serving->held = std::move(theirs);
  if (!before || !before->loading) return serve(link, now);
  peer->serving->request = before->request;
  peer->serving->loading = peer->serving->begins_anew = true;
}

void SpaceSync::serve(LinkId link, Now now) {
  Peer& peer = peers_.at(link);
  Peer::Serving& serving = *peer.serving;
  serving.request = next_request_++;
  if (!is_member(peer)) {
    // The same answer as for a space that does not exist.
    peer.serving.reset();
    context_.out.send(link, wire::InStep{space_, {}});
    return;
  }
  if (covers(serving.held, applied_)) return in_step(link, peer, now);
  const auto by = intake_->state().admissions.of(peer.device);
  const bool knows_grant = std::any_of(by.begin(), by.end(), [&](const Dot& each) {
    return seq_in(serving.held, each.log) >= each.seq;
  });
  if (knows_grant) {
    tell_forks(link, peer);
    return load(link, peer);
  }
  serving.loading = true;
  context_.out.add(LoadGrant{link, space_, serving.request, peer.device});
}

void SpaceSync::grant_loaded(const GrantLoaded& loaded, Now now) {
  Peer* peer = find(loaded.link);
  if (peer == nullptr || !peer->serving || peer->serving->request != loaded.request) return;
  peer->serving->loading = false;
  if (std::exchange(peer->serving->begins_anew, false)) return serve(loaded.link, now);
  if (loaded.grant) context_.out.send(loaded.link, *loaded.grant);
  tell_forks(loaded.link, *peer);
  load(loaded.link, *peer);
}

/// Ahead of the log, whose changes may name a branch that only the proof brings.
void SpaceSync::tell_forks(LinkId link, Peer& peer) {
  if (intake_->state().branches.empty() || std::exchange(peer.told_forks, true)) return;
  context_.out.add(LoadForks{link, space_});
}

void SpaceSync::load(LinkId link, Peer& peer) {
  Peer::Serving& serving = *peer.serving;
  if (serving.loading || serving.at_end || peer.their_credit == 0) return;
  serving.loading = true;
  const std::size_t bytes = std::min<std::size_t>(peer.their_credit, kReadBytes);
  context_.out.add(LoadLog{link, space_, serving.request, serving.position, serving.held, bytes});
}

void SpaceSync::log_loaded(LogLoaded loaded, Now now) {
  Peer* peer = find(loaded.link);
  if (peer == nullptr || !peer->serving || peer->serving->request != loaded.request) return;
  if (loaded.failed) {
    peer->serving.reset();  // it asks again, or asks another
    return context_.out.drop(loaded.link, wire::ByeCode::kBusy, "the log cannot be read");
  }
  Peer::Serving& serving = *peer->serving;
  serving.loading = false;
  if (std::exchange(serving.begins_anew, false)) return serve(loaded.link, now);
  serving.position = loaded.next;
  const bool news = std::exchange(serving.news, false);
  serving.at_end = loaded.at_end && !news;
  for (Bytes& pack : loaded.packs) serving.ready.push_back(std::move(pack));
  flush(loaded.link, *peer, now);
}

/// Sends what credit allows: whole packs, in parts.
void SpaceSync::flush(LinkId link, Peer& peer, Now now) {
  Peer::Serving& serving = *peer.serving;
  while (!serving.ready.empty() && serving.ready.front().size() <= peer.their_credit) {
    const Bytes pack = std::move(serving.ready.front());
    serving.ready.pop_front();
    peer.their_credit -= pack.size();
    peer.was_sent_packs = true;
    for (std::size_t from = 0; from < pack.size(); from += limits::kPackPartBytesMax) {
      const std::size_t size = std::min(limits::kPackPartBytesMax, pack.size() - from);
      const bool last = from + size == pack.size();
      context_.out.send(link,
                        wire::PackPart{space_, last, to_bytes(ByteView(pack).subspan(from, size))});
    }
  }
  if (!serving.ready.empty()) return;
  if (serving.at_end) return in_step(link, peer, now);
  load(link, peer);
}

void SpaceSync::in_step(LinkId link, Peer& peer, Now now) {
  context_.out.notify(Served{peer.device, space_, missing_count(applied_, peer.serving->held)});
  peer.serving.reset();
  peer.they_in_step = true;
  send_with_clock(link, wire::InStep{space_, applied_});
  tell_forks(link, peer);
  // Without credit of ours its next change would cost a round trip: give some before it comes.
  if (!peer.asked && !peer.has_standing_credit) peer_has_news(link, now);
}

/// The bound only holds off nonsense: an honest peer never has more than a window outstanding.
void SpaceSync::add_credit(Peer& peer, std::uint64_t bytes) {
  peer.their_credit =
      std::min<std::uint64_t>(bytes, limits::kPeerWindowBytesMax) + peer.their_credit;
  peer.their_credit = std::min<std::uint64_t>(peer.their_credit, 2 * limits::kPeerWindowBytesMax);
}

void SpaceSync::on(LinkId link, const wire::Credit& message, Now now) {
  Peer* peer = find(link);
  if (peer == nullptr) return;
  add_credit(*peer, message.bytes);
  if (peer->serving) flush(link, *peer, now);
}

}  // namespace lanyard::engine
