// The half of a space's dialogue in which we pull from a peer.
#include <algorithm>

#include "replication/engine/space_sync.hpp"
#include "replication/types/limits.hpp"

namespace lanyard::engine {
namespace {

/// Of packs of one link that are not complete: one, and one that was cut short by a fork.
constexpr std::uint64_t kPartsMax = 2 * limits::kPackBodyBytesMax + limits::kMiB;

/// Errors that say more about order than about the peer: it is asked again, not dropped.
bool is_out_of_order(const Error& error) { return error.is(Code::kMissingContext); }

/// Whether a log ends with the same number and another change in the two.
bool is_forked(const VectorClock& left, const VectorClock& right) {
  return std::any_of(left.begin(), left.end(), [&](const auto& each) {
    const auto other = right.find(each.first);
    return other != right.end() && other->second.seq == each.second.seq &&
           other->second.hash != each.second.hash;
  });
}

}  // namespace

void SpaceSync::peer_has_news(LinkId link, Now now) {
  Peer* peer = find(link);
  if (peer == nullptr || peer->pulling) return;
  peer->has_news = true;
  pull_next(now);
}

/// What it told of may have come on another way while it waited for its turn.
bool SpaceSync::has_news(const Peer& peer) const {
  return peer.has_news || std::any_of(peer.news.begin(), peer.news.end(), [&](const auto& told) {
           return intake_->state().head_of(told.first).seq < told.second.seq;
         });
}

/// In turn, so that a silent one does not keep the others from being asked; members first.
std::map<LinkId, SpaceSync::Peer>::iterator SpaceSync::next_source() {
  const auto find_among = [&](bool members) {
    const auto asked = [&](const auto& each) {
      return has_news(each.second) && is_member(each.second) == members;
    };
    const auto behind = peers_.upper_bound(last_source_);
    const auto found = std::find_if(behind, peers_.end(), asked);
    return found != peers_.end() ? found : std::find_if(peers_.begin(), peers_.end(), asked);
  };
  const auto member = find_among(true);
  if (member != peers_.end()) return member;
  const auto other = find_among(false);
  if (other != peers_.end() || damaged_.empty()) return other;
  return std::find_if(peers_.begin(), peers_.end(),
                      [&](const auto& each) { return may_mend(each.second); });
}

/// One source of catch-up at a time: two would send the same twice.
void SpaceSync::pull_next(Now now) {
  if (!is_open() || source_ || retry_at_ || !may_ask_) return;
  const auto next = next_source();
  if (next == peers_.end()) return;
  auto& [link, peer] = *next;
  peer.has_news = false;
  peer.news.clear();
  peer.asked = true;
  peer.pulling = true;
  peer.granted = false;
  peer.received = 0;
  peer.accepted = 0;
  peer.mending = may_mend(peer);
  peer.mend_asked = peer.mend_asked || peer.mending;
  source_ = link;
  last_source_ = link;
  source_heard_ = now.mono;
  // Credit is only ever added to: what is under way in both directions then leaves both ends with
  // the same count.
  const std::uint64_t more = credit_room(peer, limits::kPeerWindowBytesMax);
  peer.our_credit += more;
  // Who is not known here as a member may have become one elsewhere, and can show it. It gets to
  // know no more of us than if we had never heard of the space.
  VectorClock held = is_member(peer) ? intake_->state().clock() : VectorClock{};
  if (peer.mending) held = held_undamaged();
  send_with_clock(link, wire::Pull{space_, std::move(held), more});
  notify_progress(peer, Phase::kCatchingUp);
}

void SpaceSync::finish_source(LinkId link, Now now) {
  if (source_ != link) return;
  source_.reset();
  pull_next(now);
}

/// One for each pull: opening boxes costs more than sending them.
void SpaceSync::on(LinkId link, const wire::Grant& message, Now /*now*/) {
  Peer* peer = find(link);
  if (peer == nullptr || !peer->pulling || std::exchange(peer->granted, true)) return;
  take_grant(message);
}

/// Takes epoch keys from an admit that is signed by the device whose log it stands in. Whether that
/// device may admit is proven by the log itself, which follows; until then a key only lets us read
/// what proves it.
void SpaceSync::take_grant(const wire::Grant& grant) {
  const auto header = oplog::decode_header(grant.header);
  if (!header || header->kind != oplog::ChangeKind::kOpen) return;
  if (oplog::log_id_of(grant.author, grant.incarnation, space_, context_.hasher) != header->log)
    return;
  if (context_.hasher.hash({grant.payload}) != header->payload_hash) return;
  const Hash hash = context_.hasher.hash({grant.header});
  if (!oplog::is_signed(hash, grant.signature, grant.author, context_.verifier)) return;
  const auto ops = oplog::read_open(grant.payload);
  if (!ops) return;
  for (const oplog::OpenOp& op : *ops) {
    const auto* admitted = std::get_if<oplog::Admit>(&op);
    if (admitted == nullptr || admitted->device != context_.self) continue;
    for (const oplog::Grant& each : admitted->grants) {
      if (cipher_->holds(each.epoch) || !cipher_->take_grant(each.epoch, each.sealed)) continue;
      keep(KeepGrant{space_, each.epoch, to_bytes(each.sealed)}, each.sealed.size());
    }
  }
}

void SpaceSync::on(LinkId link, const wire::PackPart& message, Now now) {
  Peer* peer = find(link);
  // Not only while we pull: an answer can cross a second pull that follows a silence.
  if (peer == nullptr) return;  // as for a space that is not here
  if (!peer->asked || message.bytes.size() > peer->our_credit)
    return context_.out.drop(link, wire::ByeCode::kProtocol, "a pack that was not asked for");
  if (source_ == link) source_heard_ = now.mono;
  peer->our_credit -= message.bytes.size();
  peer->received += message.bytes.size();
  if (peer->ignoring) return return_credit(link, message.bytes.size());
  append(peer->part, message.bytes);
  std::uint64_t& unproven = context_.parts[link];
  unproven += message.bytes.size();
  // Whoever sends one pack after the other has one under way.
  if (unproven > kPartsMax)
    return context_.out.drop(link, wire::ByeCode::kProtocol, "too many packs begun at once");
  if (!message.last) return;
  const Bytes pack = std::exchange(peer->part, {});
  unproven -= pack.size();
  accept(link, pack, pack.size(), nullptr, now);
}

void SpaceSync::on(LinkId link, const wire::InStep& message, Now now) {
  Peer* peer = find(link);
  if (peer == nullptr) return;
  const VectorClock theirs = whole_clock(*peer, message.clock);
  if (!peer->pulling) return;
  peer->pulling = false;
  peer->ignoring = false;
  peer->mending = false;
  VectorClock held = intake_->state().clock();
  for (const auto& [log, branch] : intake_->state().branches)
    held[log] = std::max(held[log], {branch.last(), branch.hashes.back()});
  look_for_forks(link, theirs);
  show(*peer, theirs);
  note_withheld(*peer, theirs, held);
  // Neither side has anything to send then, and their digests differ for ever: said once.
  if (is_forked(held, theirs) && !std::exchange(peer->told_of_fork, true))
    context_.out.notify(Refused{peer->device, space_, Error(Code::kForked, "the peer's log")});
  notify_progress(*peer, Phase::kInStep);
  not_shown(link);
  finish_source(link, now);
  look_at_own_log(link, theirs, now);
}

void SpaceSync::on(LinkId link, const wire::Have& message, Now now) {
  Peer* peer = find(link);
  if (peer == nullptr) return;
  const VectorClock told{{message.log, message.head}};
  look_at_own_log(link, told, now);
  look_for_forks(link, told);
  show(*peer, told);
  if (intake_->state().head_of(message.log).seq < message.head.seq) {
    peer->spared.erase(message.log);
    if (peer->pulling) return;
    if (peer->news.size() >= limits::kClockLogsMax) return peer_has_news(link, now);
    peer->news[message.log] = message.head;
    pull_next(now);
  } else if (peer->brought.contains(message.log)) {
    peer->elsewhere.insert(message.log);
  }
}

void SpaceSync::on(LinkId link, const wire::LiveRun& message, Now now) {
  Peer* peer = find(link);
  if (peer == nullptr) return;  // as for a space that is not here
  const std::uint64_t cost = cost_of(message);
  if (cost > peer->our_credit) {
    return context_.out.drop(link, wire::ByeCode::kProtocol,
                             "live changes beyond the credit given");
  }
  peer->our_credit -= cost;
  const Head held = intake_->state().head_of(message.log);
  if (message.first.value + message.items.size() <= held.seq.value + 1) {
    compare_live(link, message);
    came_twice(link, *peer, message);
    return return_credit(link, cost);
  }
  if (message.first != held.seq.next()) {
    if (message.first > held.seq.next()) parked_.add(link, message);
    return_credit(link, cost);
    return is_withheld(*peer, message) ? void() : peer_has_news(link, now);
  }
  const auto pack = to_pack(message, held.hash, *cipher_, context_.hasher);
  if (!pack) return refuse(link, *peer, pack.error(), now);
  accept(link, *pack, cost, &message, now);
}

bool SpaceSync::accept(LinkId link, ByteView pack, std::uint64_t cost, const wire::LiveRun* run,
                       Now now) {
  auto accepted = intake_->accept(pack);
  const bool is_known = accepted && accepted->pack.changes.empty();
  const bool is_held_back =
      accepted && run == nullptr && !damaged_.empty() && mend(link, pack, cost, is_known);
  if (!accepted || (is_known && !is_held_back)) return_credit(link, cost);
  if (!accepted) {
    Peer* peer = find(link);
    if (run != nullptr && accepted.error().is(Code::kBadSignature) && is_suspect(link, run->log)) {
      ask_branch(link, run->log);  // nothing is wrong with it: it goes on from the other branch
    } else if (run != nullptr && is_out_of_order(accepted.error())) {
      parked_.add(link, *run);
      peer_has_news(link, now);
    } else if (peer != nullptr) {
      const bool for_fork = look_for_fork(link, pack, accepted.error());
      for_fork ? pass_over(link, *peer, accepted.error(), now)
               : refuse(link, *peer, accepted.error(), now);
    }
    return false;
  }
  for (const LogId& log : accepted->outgrown) ask_branch(link, log);
  if (accepted->pack.changes.empty() || !is_founded(link)) return false;
  InFlight item{next_ticket_++, link, cost, {}, std::nullopt};
  for (const oplog::Change& change : accepted->pack.changes)
    item.heads[change.header.log] = head_of(change);
  if (run != nullptr) {
    item.run = *run;
    note_live(*run, link);
  }
  if (Peer* peer = find(link)) {
    peer->unapplied += cost;
    peer->accepted += accepted->pack.changes.size();
    show(*peer, item.heads);
  }
  context_.out.add(
      Persist{space_, item.ticket, std::make_shared<const oplog::Accepted>(std::move(*accepted))});
  in_flight_.push_back(std::move(item));
  return true;
}

void SpaceSync::refuse(LinkId link, Peer& peer, const Error& error, Now now) {
  context_.out.notify(Refused{peer.device, space_, error});
  context_.out.drop(link, wire::ByeCode::kRefused,
                    error.detail + " (" + error.code.message() + ")");
  finish_source(link, now);
}

/// A fork is nobody's fault that is at the other end of this link: what it sends on top of it
/// cannot be taken, that is all.
void SpaceSync::pass_over(LinkId link, Peer& peer, const Error& error, Now now) {
  context_.out.notify(Refused{peer.device, space_, error});
  peer.ignoring = peer.pulling;
  not_shown(link);
  finish_source(link, now);
}

/// Credit goes back in portions, so that single changes do not each cost a message.
void SpaceSync::return_credit(LinkId link, std::uint64_t bytes) {
  Peer* peer = find(link);
  if (peer == nullptr) return;
  peer->owed += bytes;
  if (!may_ask_) return;
  const std::uint64_t full = peer->pulling ? limits::kPeerWindowBytesMax : limits::kLiveCreditBytes;
  if (peer->owed < full / 8 && peer->our_credit > full / 2) return;
  const std::uint64_t back = std::min(peer->owed, credit_room(*peer, full));
  peer->owed = 0;
  if (back == 0) return;
  peer->our_credit += back;
  context_.out.send(link, wire::Credit{space_, back});
}

std::uint64_t SpaceSync::credit_room(const Peer& peer, std::uint64_t window) {
  const std::uint64_t taken = peer.our_credit + peer.unapplied;
  return window > taken ? window - taken : 0;
}

// ---- live changes before their context

bool SpaceSync::has_context(const wire::LiveRun& run) const {
  const auto held = [&](const oplog::ContextEntry& entry) {
    const auto& state = intake_->state();
    return state.head_of(entry.log).seq >= entry.head.seq || state.is_of_kept_branch(entry);
  };
  return std::all_of(run.items.begin(), run.items.end(), [&](const wire::LiveRun::Item& item) {
    return std::all_of(item.context.begin(), item.context.end(), held);
  });
}

/// Goes over what is parked, after the state moved. What still does not fit stays, what is held
/// already goes.
void SpaceSync::retry_parked(Now now) {
  for (bool moved = !parked_.empty(); moved;) {
    moved = false;
    for (auto& [link, run] : parked_.take()) {
      const Head held = intake_->state().head_of(run.log);
      if (run.first > held.seq.next() || !has_context(run)) {
        parked_.add(link, std::move(run));
      } else if (run.first == held.seq.next()) {
        const auto pack = to_pack(run, held.hash, *cipher_, context_.hasher);
        moved = (pack && accept(link, *pack, 0, &run, now)) || moved;
      }
    }
  }
}

}  // namespace lanyard::engine
