#include "agent/sync_rounds.hpp"

#include <algorithm>

#include "agent/clock.hpp"
#include "agent/errors.hpp"
#include "agent/logging.hpp"
#include "replication/types/device_id_text.hpp"

namespace lanyard::agent {
namespace {

std::chrono::milliseconds time_between(engine::Instant from, engine::Instant to) {
  return to.since_origin - from.since_origin;
}

std::string number_of(const char* name, std::uint64_t value) {
  return std::string(" ") + name + "=" + std::to_string(value);
}

}  // namespace

// ---- links

void SyncRounds::up(engine::LinkId link, const DeviceId& peer, engine::Instant now) {
  peers_[peer] = {link, now, false, std::nullopt};
}

void SyncRounds::down(engine::LinkId link, const Error& why, engine::Instant now) {
  const auto found = std::find_if(peers_.begin(), peers_.end(),
                                  [&](const auto& each) { return each.second.link == link; });
  if (found == peers_.end()) return;
  const auto [device, peer] = *found;
  peers_.erase(found);
  if (!peer.round || is_farewell(why)) return;
  const Problem problem = problem_of(link_error(why));
  meters_.sync_failures.add();
  meters_.errors.add({"sync", problem.id});
  log_warning(
      "sync failed with device " + to_short_text(device) + ":" +
      number_of("ms", static_cast<std::uint64_t>(time_between(peer.round->began, now).count())) +
      " error=" + problem.id + " (" + problem.why + ")");
}

void SyncRounds::asked(engine::Instant now) {
  for (auto& [device, peer] : peers_) begin(device, peer, "asked", now);
}

void SyncRounds::joining(const DeviceId& peer, const SpaceId& space, engine::Instant now) {
  const auto found = peers_.find(peer);
  if (found == peers_.end() || !found->second.said_hello) return;
  const bool is_fresh = !found->second.round;
  begin(peer, found->second, "new space", now);
  Round& round = *found->second.round;
  if (is_fresh) round.is_compared = true;  // there is nothing here to compare
  round.pulled.insert(space);
  round.spaces.insert(space);
}

SyncRounds::Round* SyncRounds::round_with(const DeviceId& peer) {
  const auto found = peers_.find(peer);
  return found == peers_.end() || !found->second.round ? nullptr : &*found->second.round;
}

/// One that is under way goes on.
void SyncRounds::begin(const DeviceId& device, Peer& peer, const char* why, engine::Instant now) {
  if (peer.round || !peer.said_hello) return;
  peer.round.emplace();
  peer.round->began = peer.round->moved = now;
  peer.round->before = traffic_(peer.link);
  meters_.sync_rounds.add();
  log_info("sync started with device " + to_short_text(device) + ": " + why);
}

// ---- what the engine tells

void SyncRounds::heard(const engine::PeerSaidHello& notice, engine::Instant now) {
  const auto found = peers_.find(notice.peer);
  if (found == peers_.end() || std::exchange(found->second.said_hello, true)) return;
  begin(notice.peer, found->second, "linked", now);
  found->second.round->began = found->second.since;
}

void SyncRounds::heard(const engine::Compared& notice, engine::Instant now) {
  Round* round = round_with(notice.peer);
  if (round == nullptr) return;
  const bool is_first = !std::exchange(round->is_compared, true);
  if (is_first) round->moved = now;
  round->pulled = {notice.theirs.begin(), notice.theirs.end()};
  round->spaces.insert(notice.theirs.begin(), notice.theirs.end());
  // Who was told of a space and has not come by the next comparison is not waited for: it may have
  // left the space.
  const auto before = std::exchange(round->served, {});
  for (const SpaceId& space : notice.ours) {
    const auto known = before.find(space);
    const bool is_begun = known != before.end() && known->second;
    round->spaces.insert(space);
    // One that came while the two compared need not come again.
    if (is_begun || (is_first && !round->was_served.contains(space)))
      round->served[space] = is_begun;
  }
  look(notice.peer);
}

void SyncRounds::heard(const engine::Progress& notice, engine::Instant now) {
  Round* round = round_with(notice.peer);
  if (round == nullptr || notice.phase != engine::Phase::kInStep) return;
  round->moved = now;
  round->changes_received += notice.changes;
  round->pulled.erase(notice.space);
  if (persisting_.contains(notice.space)) round->merging.insert(notice.space);
  look(notice.peer);
}

void SyncRounds::heard(const engine::Served& notice, engine::Instant now) {
  meters_.changes_served.add(notice.changes);
  Round* round = round_with(notice.peer);
  if (round == nullptr) return;
  round->moved = now;
  round->changes_sent += notice.changes;
  round->served.erase(notice.space);
  round->was_served.insert(notice.space);
  look(notice.peer);
}

void SyncRounds::serving(engine::LinkId link, const SpaceId& space) {
  for (auto& [device, peer] : peers_) {
    if (peer.link != link || !peer.round) continue;
    const auto served = peer.round->served.find(space);
    if (served != peer.round->served.end()) served->second = true;
  }
}

// ---- what storage does

void SyncRounds::persisting(const SpaceId& space, std::size_t changes) {
  meters_.changes_received.add(changes);
  ++persisting_[space];
}

void SyncRounds::persisted(const SpaceId& space, std::size_t records, engine::Instant now) {
  for (auto& [device, peer] : peers_)
    if (peer.round && peer.round->spaces.contains(space)) peer.round->records_received += records;
  const auto found = persisting_.find(space);
  if (found == persisting_.end() || --found->second > 0) return;
  persisting_.erase(found);
  settle(space, now, false);
}

void SyncRounds::gone(const SpaceId& space, engine::Instant now) { settle(space, now, true); }

void SyncRounds::settle(const SpaceId& space, engine::Instant now, bool is_gone) {
  for (auto& [device, peer] : peers_) {
    if (!peer.round) continue;
    if (peer.round->merging.erase(space) > 0) peer.round->moved = now;
    if (is_gone) {
      peer.round->pulled.erase(space);
      peer.round->served.erase(space);
    }
    look(device);
  }
}

// ---- the end

void SyncRounds::look(const DeviceId& device) {
  Peer& peer = peers_.at(device);
  const auto& round = peer.round;
  if (!round || !round->is_compared) return;
  if (!round->pulled.empty() || !round->served.empty() || !round->merging.empty()) return;
  succeed(device, peer);
}

void SyncRounds::succeed(const DeviceId& device, Peer& peer) {
  const Round round = *std::exchange(peer.round, std::nullopt);
  const auto took = time_between(round.began, round.moved);
  const Traffic now = traffic_(peer.link);
  meters_.sync_successes.add();
  meters_.sync_time.observe(took);
  meters_.last_success_ms.set(wall_now().ms);
  log_info("sync completed with device " + to_short_text(device) + ":" +
           number_of("spaces", round.spaces.size()) +
           number_of("changes_received", round.changes_received) +
           number_of("records_received", round.records_received) +
           number_of("changes_sent", round.changes_sent) +
           number_of("bytes_received", now.in - round.before.in) +
           number_of("bytes_sent", now.out - round.before.out) +
           number_of("ms", static_cast<std::uint64_t>(took.count())));
}

// ---- errors

Error link_error(const Error& why) {
  if (why.code.category() == lanyard_category()) return why;
  return Error(Code::kUnreachable, why.detail + " (" + why.code.message() + ")");
}

Error error_of(const engine::DropPeer& dropped) {
  switch (dropped.code) {
    case wire::ByeCode::kShutdown: return Error(Code::kInterrupted, dropped.why);
    case wire::ByeCode::kBusy: return Error(Code::kBusy, dropped.why);
    case wire::ByeCode::kForgotten: return Error(Code::kForgotten, dropped.why);
    case wire::ByeCode::kSilence: return Error(Code::kUnreachable, dropped.why);
    case wire::ByeCode::kProtocol:
    case wire::ByeCode::kRefused: break;
  }
  return Error(Code::kProtocol, dropped.why);
}

bool is_farewell(const Error& why) { return why.is(Code::kInterrupted) || why.is(Code::kExists); }

}  // namespace lanyard::agent
