// What the two sides of a space's dialogue say of how much they hold. A space may have more logs
// than a message names: then it is said in parts.
#include "replication/engine/space_sync.hpp"
#include "replication/types/limits.hpp"

namespace lanyard::engine {
namespace {

/// An entry of a clock on a link, about.
constexpr std::uint64_t kEntryBytes = 100;

}  // namespace

template <class Message>
void SpaceSync::send_with_clock(LinkId link, Message message) {
  while (message.clock.size() > limits::kClockLogsMax) {
    wire::ClockPart part{space_, {}};
    while (part.clock.size() < limits::kClockLogsMax)
      part.clock.insert(part.clock.end(), message.clock.extract(message.clock.begin()));
    context_.out.send(link, part);
  }
  context_.out.send(link, std::move(message));
}
template void SpaceSync::send_with_clock(LinkId link, wire::Pull message);
template void SpaceSync::send_with_clock(LinkId link, wire::InStep message);

/// Of logs that are not here it may name many too, as many as one message does: that it has some is
/// all that matters of the others.
bool SpaceSync::may_note(const VectorClock& noted, const LogId& log) const {
  return noted.size() < limits::kClockLogsMax || noted.contains(log) ||
         (is_open() && intake_->state().logs.contains(log));
}

void SpaceSync::on(LinkId link, const wire::ClockPart& message, Now /*now*/) {
  Peer* peer = find(link);
  if (peer == nullptr) return;
  for (const auto& [log, head] : message.clock)
    if (may_note(peer->clock_said, log)) peer->clock_said[log] = head;
}

/// A clock with what was said of it ahead.
VectorClock SpaceSync::whole_clock(Peer& peer, const VectorClock& last) const {
  if (peer.clock_said.empty()) return last;
  VectorClock whole = std::exchange(peer.clock_said, {});
  for (const auto& [log, head] : last)
    if (may_note(whole, log)) whole[log] = head;
  return whole;
}

/// What of the durable clock the peer was not told yet, as much as a message holds. Full only if
/// another one follows; one less, as a last one may.
VectorClock SpaceSync::untold_durable(const Peer& peer) const {
  VectorClock untold;
  for (const auto& [log, head] : durable_) {
    const auto told = peer.acknowledged.find(log);
    if (told != peer.acknowledged.end() && told->second == head) continue;
    if (untold.size() == limits::kClockLogsMax) return untold;
    untold.emplace_hint(untold.end(), log, head);
  }
  if (untold.size() == limits::kClockLogsMax) untold.erase(std::prev(untold.end()));
  return untold;
}

/// Tells one peer what is newly durable here; of very many logs some, and the others once it has
/// answered.
void SpaceSync::acknowledge(LinkId link, Peer& peer) {
  if (!is_member(peer)) return;
  bool may_have_more = true;
  while (may_have_more) {
    wire::Acknowledge message{space_, untold_durable(peer)};
    const std::uint64_t bytes = kEntryBytes * message.durable.size();
    if (message.durable.empty() || !context_.pushes.takes(link, bytes)) return;
    for (const auto& [log, head] : message.durable) peer.acknowledged[log] = head;
    may_have_more = message.durable.size() + 1 >= limits::kClockLogsMax;
    context_.pushes.send(link, message, bytes);
  }
}

/// Each names only what is new since the one before. It may hold what we do not know yet, but not
/// without end.
void SpaceSync::on(LinkId link, const wire::Acknowledge& message, Now now) {
  Peer* peer = find(link);
  if (peer == nullptr) return;
  bool is_news = false;
  for (const auto& [log, head] : message.durable) {
    const auto known = peer->durable.find(log);
    if (known != peer->durable.end() && known->second == head) continue;
    if (!may_note(peer->durable, log)) continue;
    peer->durable[log] = head;
    is_news = true;
  }
  // Admitted by a change that has not come here yet: kept until it has, as it is not said again.
  if (!is_member(*peer)) return;
  look_at_own_log(link, message.durable, now);
  look_for_forks(link, message.durable);
  show(*peer, message.durable);
  // A full one says that more follows: what is known by then is whole, and takes the place of what
  // was known before this link.
  const bool is_whole = message.durable.size() < limits::kClockLogsMax;
  if (is_news && is_whole)
    context_.out.notify(PeerAcknowledged{peer->device, space_, peer->durable});
}

}  // namespace lanyard::engine
