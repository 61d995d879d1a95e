// Logs that forked: finding out where, showing it to everybody, and going on with all the rest.
#include <algorithm>

#include "replication/engine/space_sync.hpp"
#include "replication/oplog/fork.hpp"
#include "replication/types/limits.hpp"

namespace lanyard::engine {

/// Members, and who shows what it holds to prove that it is one, or was asked about that.
bool SpaceSync::may_speak_of_forks(const Peer* peer) const {
  return peer != nullptr && (is_member(*peer) || peer->pulling || !peer->asked_branches.empty());
}

/// Asks for the branch that the peer holds, once for each length of it that is known here and for
/// each end of it that the peer shows.
void SpaceSync::ask_branch(LinkId link, const LogId& log, const Head& shown) {
  Peer* peer = find(link);
  if (!may_speak_of_forks(peer)) return;
  const auto& branches = intake_->state().branches;
  const auto known = branches.find(log);
  const PeerSpace::AskedBranch now{known == branches.end() ? Seq{} : known->second.last(), shown};
  const auto asked = peer->asked_branches.find(log);
  const bool is_first = asked == peer->asked_branches.end();
  if (is_first ? peer->asked_branches.size() >= limits::kForksMax : asked->second == now) return;
  peer->asked_branches[log] = now;
  context_.out.add(LoadForkPoints{link, space_, log});
}

/// In what a peer says that it holds: the same number and another change at the end of a log, or an
/// end of a log of two branches that may lie on the one that is not all known here.
void SpaceSync::look_for_forks(LinkId link, const VectorClock& theirs) {
  for (const auto& [log, head] : theirs)
    if (intake_->state().may_be_unknown_branch({log, head})) ask_branch(link, log, head);
}

void SpaceSync::note_live(const wire::LiveRun& run, LinkId from) {
  last_live_[run.log] = {last_of(run), run.signature, from};
}

/// A run that ends where one ended that we hold. Signatures of one device are the same for the same
/// change (RFC 8032), so another one is another change; should a device sign otherwise, asking does
/// no harm.
void SpaceSync::compare_live(LinkId link, const wire::LiveRun& run) {
  const auto known = last_live_.find(run.log);
  if (known == last_live_.end() || known->second.last != last_of(run)) return;
  if (known->second.signature != run.signature) ask_branch(link, run.log);
}

/// Whether its live changes of this log may hang on to a branch that is not ours.
bool SpaceSync::is_suspect(LinkId link, const LogId& log) {
  const Peer* peer = find(link);
  return peer != nullptr &&
         (peer->asked_branches.contains(log) || intake_->state().branches.contains(log));
}

/// Changes that could not be taken: was it for a fork, or may it have been?
bool SpaceSync::look_for_fork(LinkId link, ByteView pack, const Error& refused) {
  const bool is_fork = refused.is(Code::kForked);
  if (!is_fork && !refused.is(Code::kNotAdmitted)) return false;
  const auto read = oplog::read_pack(pack, *cipher_, context_.hasher);
  if (!read) return is_fork;
  const auto log = oplog::find_forked(read->changes, intake_->state());
  if (log) ask_branch(link, *log);
  return log || is_fork || look_behind(link, read->changes);
}

/// A log whose device is no member here: its author knew of an admission. Where a log that it names
/// has forked before the end that is held here, that may stand in the other branch.
bool SpaceSync::look_behind(LinkId link, std::span<const oplog::Change> changes) {
  bool found = false;
  for (const oplog::Change& change : changes) {
    if (change.header.seq.value != 1) continue;
    for (const oplog::ContextEntry& entry : change.header.context) {
      if (entry.head.seq >= intake_->state().head_of(entry.log).seq) continue;
      ask_branch(link, entry.log, entry.head);
      found = true;
    }
  }
  return found;
}

void SpaceSync::on(LinkId link, const wire::ForkPoints& message, Now /*now*/) {
  Peer* peer = find(link);
  if (peer == nullptr || !is_member(*peer)) return;
  if (++peer->fork_messages > limits::kForkMessagesMax) return;
  context_.out.add(FindBranch{link, space_, message.log, message.points});
}

/// A few forks are taken before anything shows that their devices are members: whoever is new here
/// hears of them before the log, which may hang on them.
bool SpaceSync::may_be_told(const LogId& log, const DeviceId& device) const {
  const auto& state = intake_->state();
  if (state.branches.contains(log) || state.told.contains(log)) return true;
  // Of this device alone: another one's do not count against it.
  const auto is_its_log = [&](const auto& each) {
    const auto held = state.logs.find(each.first);
    return held != state.logs.end() && held->second.device == device;
  };
  const auto is_of_it = [&](const auto& each) { return each.second.device == device; };
  const auto count = std::count_if(state.branches.begin(), state.branches.end(), is_its_log) +
                     std::count_if(state.told.begin(), state.told.end(), is_of_it);
  if (static_cast<std::size_t>(count) >= limits::kForksMax) return false;
  return state.is_member(device) || state.told.size() < limits::kForksAheadMax;
}

/// Verified here, so that storage need not; whether it is of use is known there.
Status SpaceSync::take_fork(const wire::Fork& message) {
  if (message.second.empty()) {
    LANYARD_TRY(
        oplog::read_branch(message.first, message, *cipher_, context_.hasher, context_.verifier));
    return {};
  }
  LANYARD_TRY_SET(const oplog::ProvenFork fork,
                  oplog::prove(message, *cipher_, context_.hasher, context_.verifier));
  intake_->tell_fork(fork);
  return {};
}

void SpaceSync::on(LinkId link, const wire::Fork& message, Now /*now*/) {
  Peer* peer = find(link);
  if (!may_speak_of_forks(peer)) return;
  if (++peer->fork_messages > limits::kForkMessagesMax) return;
  const LogId log = oplog::log_id_of(message.device, message.incarnation, space_, context_.hasher);
  if (!may_be_told(log, message.device)) return;
  if (message.second.empty() && !peer->asked_branches.contains(log)) return;
  const Status taken = take_fork(message);
  // Without the key it can be read later: it is told again on the next link.
  if (!taken && taken.error().is(Code::kMissingKey)) return;
  if (!taken) {
    context_.out.notify(Refused{peer->device, space_, taken.error()});
    return context_.out.drop(link, wire::ByeCode::kRefused, "a fork that proves nothing");
  }
  keep(KeepFork{link, space_, message}, message.first.size() + message.second.size());
}

/// What storage has prepared for one peer.
void SpaceSync::fork_said(const ForkSaid& said) {
  if (!may_speak_of_forks(find(said.link))) return;
  for (const wire::Message& message : said.messages) context_.out.send(said.link, message);
}

/// A fork is proven, and both its branches are on our disk.
void SpaceSync::fork_kept(ForkKept kept, Now now) {
  if (!is_open() || !kept.other) return;
  const auto known = intake_->state().branches.find(kept.log);
  const bool is_old = known != intake_->state().branches.end() && known->second == *kept.other;
  if (!is_old) intake_->keep_branch(kept.log, *kept.other);
  if (kept.is_new) {
    context_.out.notify(ForkFound{kept.fork.device, space_, kept.log, kept.other->first});
    for (auto& [link, peer] : peers_)
      if (is_member(peer) && (link != kept.link || kept.was_asked))
        context_.out.send(link, kept.fork);
  }
  leave_forked_log(kept.log);
  if (is_old && !kept.is_new) return;
  // What was refused for it can be taken now.
  for (auto& [link, peer] : peers_) {
    peer.told_of_fork = false;
    if (peer.asked && !peer.pulling) peer.has_news = true;
  }
  pull_next(now);
}

/// Everybody who holds one of the branches will hear of the other from somebody: we do not make it
/// longer.
void SpaceSync::leave_forked_log(const LogId& log) {
  if (own_log_ != log) return;
  own_log_.reset();
  doubt_.reset();
  context_.out.notify(OwnLogWentOn{context_.self, space_, true});
  context_.out.add(ReleaseWrites{space_, true});
}

}  // namespace lanyard::engine
