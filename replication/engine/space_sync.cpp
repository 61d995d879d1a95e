#include "replication/engine/space_sync.hpp"

#include "replication/engine/digest_dialogue.hpp"

#include <algorithm>

#include "replication/types/limits.hpp"

namespace lanyard::engine {
namespace {

/// How long nobody is asked after storage could not take what came: a full disk is not emptied in
/// less.
constexpr std::chrono::seconds kStorageRetry{30};
/// Messages that wait while a space is being opened: what standing credit allows in a moment.
constexpr std::size_t kDeferredMax = 1024;
/// The same for what says how much peers hold: a clock of 100,000 logs, and an acknowledgement.
constexpr std::uint64_t kDeferredClockBytesMax = 16 * limits::kMiB;

/// About as much as a message without content takes, or one entry of a clock.
constexpr std::uint64_t kSmall = 100;

std::uint64_t size_of(const SpaceMessage& message) {
  if (const auto* part = std::get_if<wire::PackPart>(&message)) return kSmall + part->bytes.size();
  if (const auto* run = std::get_if<wire::LiveRun>(&message)) return kSmall + cost_of(*run);
  if (const auto* grant = std::get_if<wire::Grant>(&message))
    return kSmall + grant->header.size() + grant->payload.size();
  if (const auto* pull = std::get_if<wire::Pull>(&message))
    return kSmall * (1 + pull->clock.size());
  if (const auto* step = std::get_if<wire::InStep>(&message))
    return kSmall * (1 + step->clock.size());
  if (const auto* part = std::get_if<wire::ClockPart>(&message))
    return kSmall * (1 + part->clock.size());
  if (const auto* told = std::get_if<wire::Acknowledge>(&message))
    return kSmall * (1 + told->durable.size());
  if (const auto* fork = std::get_if<wire::Fork>(&message))
    return kSmall + fork->first.size() + fork->second.size();
  if (const auto* presence = std::get_if<wire::Presence>(&message))
    return kSmall + presence->value.size();
  return kSmall;
}

bool has_clock(const SpaceMessage& message) {
  return std::holds_alternative<wire::ClockPart>(message) ||
         std::holds_alternative<wire::Pull>(message) ||
         std::holds_alternative<wire::InStep>(message) ||
         std::holds_alternative<wire::Acknowledge>(message);
}

}  // namespace

SpaceSync::SpaceSync(const SpaceId& space, const SpaceContext& context)
    : space_(space), context_(context), parked_(context.parked) {}

Hash SpaceSync::digest() const {
  return digest_of(oplog::with_forks(applied_, intake_->state().branches, context_.hasher),
                   context_.hasher);
}

SpaceSync::Peer* SpaceSync::find(LinkId link) {
  const auto found = peers_.find(link);
  return found == peers_.end() ? nullptr : &found->second;
}

// ---- storage

void SpaceSync::opened(SpaceOpened opened, Now now) {
  if (!opened.log || is_open()) return;
  cipher_ = context_.ciphers.make();
  for (const auto& [epoch, sealed] : opened.grants) {
    static_cast<void>(
        cipher_->take_grant(epoch, sealed));  // storage has said what it could not take
  }
  applied_ = opened.log->clock();
  durable_ = std::move(opened.durable);
  own_log_ = opened.own_log;
  may_ask_ = opened.may_ask;
  damaged_ = std::move(opened.damaged);
  is_prospect_ = opened.is_prospect;
  intake_ = std::make_unique<oplog::Intake>(context_.self, std::move(*opened.log), *cipher_,
                                            context_.hasher, context_.verifier);
  for (const Committed& each : std::exchange(own_deferred_, {})) announce(each, now);
  if (presence_) tell_presence(*std::exchange(presence_, {}));
  for (auto& [link, peer] : peers_) {
    // Its digest equalled ours, as storage had it.
    if (!damaged_.empty() && peer.has_standing_credit) show(peer, applied_);
    acknowledge(link, peer);
  }
  deferred_bytes_ = deferred_clock_bytes_ = 0;
  for (auto& [link, message] : std::exchange(deferred_, {})) {
    const Status heard = hear(link, std::move(message), now);
    // One of them may have had the space opened anew.
    if (!heard) context_.out.drop(link, wire::ByeCode::kBusy, heard.error().detail);
  }
  pull_next(now);
}

void SpaceSync::committed(Committed committed, Now now) {
  if (!is_open()) return own_deferred_.push_back(std::move(committed));
  for (const oplog::Change& change : committed.changes) {
    if (intake_->state().head_of(change.header.log).seq >= change.header.seq)
      continue;  // known since it was opened
    const Status advanced = intake_->advance(change);
    if (advanced) continue;
    context_.out.notify(Refused{context_.self, space_, advanced.error()});
    return open_anew("what was written here does not fit what was taken");
  }
  own_log_ = committed.run.log;
  note_live(committed.run, LinkId{});
  const VectorClock own{{committed.run.log, head_of(committed.changes.back())}};
  raise(applied_, own);
  // It was synced before anybody heard of it. Peers know that of a change's author, and are told
  // nothing more.
  raise(durable_, own);
  announce(committed, now);
  retry_parked(now);
}

void SpaceSync::applied(std::uint64_t ticket, Now now) {
  while (!in_flight_.empty() && in_flight_.front().ticket <= ticket) {
    const InFlight done = std::move(in_flight_.front());
    in_flight_.pop_front();
    raise(applied_, done.heads);
    own_log_shown(done);
    if (Peer* peer = find(done.from)) peer->unapplied -= done.cost;
    return_credit(done.from, done.cost);
    if (done.run) {
      broadcast(*done.run, done.heads.begin()->second, done.from, now);
    } else {
      tell(done.from, done.heads, now);
    }
    if (const Peer* peer = find(done.from); peer != nullptr && peer->pulling)
      notify_progress(*peer, Phase::kCatchingUp);
  }
  look_at_withheld();
  if (!durable_at_) durable_at_ = Instant{now.mono.since_origin + limits::kDurableWithin};
  retry_parked(now);
  pull_next(now);
}

void SpaceSync::durable(const VectorClock& clock) {
  durable_ = clock;
  for (auto& [link, peer] : peers_) acknowledge(link, peer);
}

void SpaceSync::persist_failed(const PersistFailed& failed, Now now) {
  if (!is_open()) return;
  retry_at_ = Instant{now.mono.since_origin + kStorageRetry};
  open_anew("storage cannot take changes: " + failed.error.detail);
}

/// Storage holds something else than we believe. It takes what we have asked of it until now, or
/// refuses it, and says then what it holds. What a peer still sends goes on from a state that we no
/// longer have: it begins again on a new link.
void SpaceSync::open_anew(const std::string& reason) {
  end_doubt();
  intake_.reset();
  in_flight_.clear();
  parked_.clear();
  last_live_.clear();
  source_.reset();
  awaited_at_.reset();
  for (const auto& [link, peer] : peers_) context_.out.drop(link, wire::ByeCode::kBusy, reason);
  context_.out.add(OpenSpace{space_});
}

void SpaceSync::not_here() {
  for (const auto& [link, message] : deferred_) {
    if (std::holds_alternative<wire::Pull>(message))
      context_.out.send(link, wire::InStep{space_, {}});
  }
  deferred_.clear();
  deferred_bytes_ = deferred_clock_bytes_ = 0;
}

Status SpaceSync::hear(LinkId link, SpaceMessage message, Now now) {
  if (!is_open()) {
    const bool is_clock = has_clock(message);
    std::uint64_t& waiting = is_clock ? deferred_clock_bytes_ : deferred_bytes_;
    const std::uint64_t bytes = waiting + size_of(message);
    if (deferred_.size() >= kDeferredMax ||
        bytes > (is_clock ? kDeferredClockBytesMax : limits::kPeerWindowBytesMax)) {
      // Of logs that a clock does not name the peer is sent again what it holds.
      if (std::holds_alternative<wire::ClockPart>(message)) return {};
      return fail(Code::kBusy, "the space is still being opened");
    }
    waiting = bytes;
    deferred_.emplace_back(link, std::move(message));
    return {};
  }
  std::visit([&](const auto& each) { on(link, each, now); }, message);
  return {};
}

bool SpaceSync::is_member(const Peer& peer) const {
  return is_open() && (!intake_->state().founder || intake_->state().is_member(peer.device));
}

bool SpaceSync::is_known_member(const Peer& peer) const {
  return is_open() && intake_->state().is_member(peer.device);
}

// ---- peers

void SpaceSync::peer_listed(LinkId link, const DeviceId& device, bool knows_of_it) {
  Peer& peer = peers_[link];
  peer.device = device;
  peer.knows_of_it = peer.knows_of_it || knows_of_it;
}

void SpaceSync::peer_equal(LinkId link, bool still, Now now) {
  Peer& peer = peers_.at(link);
  if (!peer.has_standing_credit) {
    // Both sides see the same digests, and so give each other the same.
    peer.has_standing_credit = true;
    peer.their_credit += limits::kLiveCreditBytes;
    peer.our_credit += limits::kLiveCreditBytes;
  }
  if (still) show(peer, applied_);
  acknowledge(link, peer);
  if (!damaged_.empty()) pull_next(now);
}

bool SpaceSync::offer(LinkId link, const DeviceId& device) {
  if (!is_open() || !intake_->state().is_member(device)) return false;
  Peer& peer = peers_[link];
  peer.device = device;
  if (std::exchange(peer.knows_of_it, true)) return false;
  if (!peer.durable.empty()) context_.out.notify(PeerAcknowledged{device, space_, peer.durable});
  for (const auto& [log, head] : applied_) context_.out.send(link, wire::Have{space_, log, head});
  return true;
}

void SpaceSync::peer_gone(LinkId link, Now now) {
  peers_.erase(link);
  parked_.drop(link);
  std::erase_if(deferred_, [&](const auto& each) {
    if (each.first == link) deferred_bytes_ -= size_of(each.second);
    return each.first == link;
  });
  finish_source(link, now);
}

void SpaceSync::notify_progress(const Peer& peer, Phase phase) const {
  context_.out.notify(Progress{peer.device, space_, phase, peer.received, peer.accepted});
}

// ---- time

void SpaceSync::time_passed(Now now) {
  if (durable_at_ && now.mono >= *durable_at_) {
    durable_at_.reset();
    context_.out.add(MakeDurable{space_});
  }
  if (retry_at_ && now.mono >= *retry_at_) retry_at_.reset();
  if (doubt_ && now.mono >= doubt_->until) end_doubt();
  look_at_awaited(now);
  if (source_ && now.mono.since_origin - source_heard_.since_origin >= limits::kSourceSilenceMax) {
    const LinkId silent = *source_;
    if (Peer* peer = find(silent)) peer->has_news = true;  // asked again after the others
    finish_source(silent, now);
  }
  pull_next(now);
}

std::optional<Instant> SpaceSync::next_deadline() const {
  std::optional<Instant> next = durable_at_;
  const auto consider = [&](Instant at) { next = next ? std::min(*next, at) : at; };
  if (retry_at_) consider(*retry_at_);
  if (doubt_) consider(doubt_->until);
  if (source_) consider(Instant{source_heard_.since_origin + limits::kSourceSilenceMax});
  if (awaited_at_) consider(*awaited_at_);
  return next;
}

bool SpaceSync::is_idle() const {
  const auto quiet = [](const auto& each) { return !each.second.serving && !each.second.pulling; };
  return in_flight_.empty() && parked_.empty() && !durable_at_ && !retry_at_ && !source_ &&
         !doubt_ && may_ask_ && std::all_of(peers_.begin(), peers_.end(), quiet);
}

}  // namespace lanyard::engine
