#include "replication/engine/engine.hpp"

#include <algorithm>

#include "replication/types/check.hpp"
#include "replication/types/limits.hpp"

namespace lanyard::engine {
namespace {

/// Digests are compared again this often: one hash each way, which finds whatever was missed.
constexpr std::chrono::seconds kCompareEvery{30};

wire::ByeCode code_for(const Error& error) {
  return error.is(Code::kBusy) ? wire::ByeCode::kBusy : wire::ByeCode::kProtocol;
}

/// What a peer's goodbye means to the people here.
const char* farewell(wire::ByeCode code) {
  return code == wire::ByeCode::kForgotten
             ? "it does not know this device any more: pair the two again"
             : "the peer said goodbye";
}

}  // namespace

Engine::Engine(Config config, const Hasher& hasher, const Verifier& verifier,
               const CipherFactory& ciphers)
    : config_(std::move(config)),
      hasher_(hasher),
      pushes_(out_, now_),
      context_{config_.self, hasher, verifier, ciphers, out_, pushes_, unproven_, parts_, parked_} {
}

std::vector<Effect> Engine::step(Input input, Now now) {
  now_ = now;
  std::visit([&](auto&& each) { on(std::forward<decltype(each)>(each)); }, std::move(input));
  std::vector<Effect> effects = out_.take();
  tidy(effects);
  std::vector<Effect> more = out_.take();  // what the leaving of a link set in motion
  std::move(more.begin(), more.end(), std::back_inserter(effects));
  return effects;
}

std::optional<Instant> Engine::next_deadline() const {
  std::optional<Instant> next;
  const auto consider = [&](std::optional<Instant> at) {
    if (at) next = next ? std::min(*next, *at) : *at;
  };
  for (const auto& [id, sync] : spaces_) consider(sync.next_deadline());
  for (const auto& [link, session] : sessions_) {
    const auto patience = session.pinged ? 2 * limits::kLinkSilenceMax : limits::kLinkSilenceMax;
    consider(Instant{session.last_heard.since_origin + patience});
    consider(Instant{session.compared.since_origin + kCompareEvery});
    consider(session.presences.next_deadline());
  }
  return next;
}

// ---- links

void Engine::on(const PeerUp& input) {
  out_.open(input.link);
  pushes_.open(input.link);
  const auto [place, fresh] = sessions_.try_emplace(input.link, input.peer, hasher_);
  LANYARD_CHECK(fresh, "a link is never used again");
  place->second.last_heard = now_.mono;
  out_.send(input.link, wire::Hello{config_.build, {}, config_.name, now_.wall.ms});
  compare(input.link, place->second);
}

void Engine::on(const PeerDown& input) {
  out_.close(input.link);
  pushes_.close(input.link);
  sessions_.erase(input.link);
  parts_.erase(input.link);
  for (auto& [id, sync] : spaces_) sync.peer_gone(input.link, now_);
}

void Engine::tidy(const std::vector<Effect>& effects) {
  for (const Effect& effect : effects) {
    const auto* dropped = std::get_if<DropPeer>(&effect);
    if (dropped != nullptr && sessions_.contains(dropped->link)) on(PeerDown{dropped->link});
  }
  std::erase_if(spaces_, [&](const auto& each) {
    return each.second.is_open() && each.second.is_idle() && sessions_.empty();
  });
  look_at_offers();
}

void Engine::compare(LinkId link, Session& session) {
  session.compared = now_.mono;
  if (session.loading || !session.dialogue.may_begin()) return;
  session.loading = true;
  out_.add(LoadShared{link, session.peer});
}

void Engine::on(SharedLoaded input) {
  const auto found = sessions_.find(input.link);
  if (found == sessions_.end() || !found->second.loading) return;
  Session& session = found->second;
  session.loading = false;
  if (input.forgettings != session.told_forgettings) {
    session.told_forgettings = std::move(input.forgettings);
    out_.send(input.link, wire::Forgotten{session.told_forgettings});
  }
  session.shared.clear();
  session.unconfirmed = std::move(input.unconfirmed);
  for (wire::SpaceDigest& each : input.spaces) {
    session.shared.insert(each.space);
    const auto sync = spaces_.find(each.space);
    if (sync == spaces_.end()) continue;
    // Listed now, so that the peer hears of what comes while we compare.
    sync->second.peer_listed(input.link, session.peer, true);
    // Storage answers for spaces at rest; for one in talk we know ourselves how far it is applied.
    if (sync->second.is_open()) each.digest = sync->second.digest();
  }
  static_cast<void>(
      on_dialogue(input.link, session, session.dialogue.begin(std::move(input.spaces))));
}

void Engine::on(const Received& input) {
  const auto found = sessions_.find(input.link);
  if (found == sessions_.end()) return;  // said after we dropped it
  Session& session = found->second;
  session.last_heard = now_.mono;
  session.pinged = false;
  pushes_.heard(input.link);
  auto message = wire::decode(input.message, session.heard_names);
  if (!message && message.error().is(Code::kNewerVersion))
    return;  // of a newer wire version: not for us
  const Status heard =
      message ? hear(input.link, session, std::move(*message)) : fail(message.error());
  if (!heard)
    out_.drop(input.link, code_for(heard.error()),
              heard.error().detail + " (" + heard.error().code.message() + ")");
}

Status Engine::hear(LinkId link, Session& session, wire::Message message) {
  // Whoever does not know us says nothing else, not even hello.
  const bool is_bye = std::holds_alternative<wire::Bye>(message);
  if (!is_bye && std::holds_alternative<wire::Hello>(message) == session.said_hello) {
    return fail(Code::kProtocol, "the first message, and no other, is a hello");
  }
  const auto handle = [&](auto&& each) -> Status {
    using T = std::decay_t<decltype(each)>;
    if constexpr (std::is_same_v<T, wire::Hello>) {
      session.said_hello = true;
      out_.notify(PeerSaidHello{session.peer, each.name, each.build, each.wall_ms});
      return {};
    } else if constexpr (std::is_same_v<T, wire::DigestRoot> ||
                         std::is_same_v<T, wire::DigestBuckets> ||
                         std::is_same_v<T, wire::DigestSpaces>) {
      return on_dialogue(link, session, session.dialogue.on(each));
    } else if constexpr (std::is_same_v<T, wire::Ping>) {
      on_ping(link, session, each);
      return {};
    } else if constexpr (std::is_same_v<T, wire::Addresses>) {
      out_.notify(PeerToldAddresses{session.peer, std::forward<decltype(each)>(each)});
      return {};
    } else if constexpr (std::is_same_v<T, wire::Names>) {
      out_.notify(PeerToldNames{session.peer, std::forward<decltype(each)>(each)});
      return {};
    } else if constexpr (std::is_same_v<T, wire::Bye>) {
      for (auto& [id, sync] : spaces_) sync.left_by(link, each.code);
      out_.hang_up(link, each.code, farewell(each.code));
      return {};
    } else if constexpr (std::is_same_v<T, wire::Forgotten>) {
      return hear_of_devices(session, std::forward<decltype(each)>(each));
    } else if constexpr (std::is_same_v<T, wire::Presence>) {
      return session.presences.takes(each, now_.mono)
                 ? hear_of_space(link, session, std::forward<decltype(each)>(each))
                 : Status();
    } else if constexpr (std::is_same_v<T, wire::SharedAgain>) {
      session.refused.erase(each.space);
      out_.add(RejoinSpace{each.space, session.peer});
      return {};
    } else {
      return hear_of_space(link, session, std::forward<decltype(each)>(each));
    }
  };
  return std::visit(handle, std::move(message));
}

void Engine::on_ping(LinkId link, const Session& session, const wire::Ping& ping) {
  if (!ping.is_answer) return out_.send(link, wire::Ping{ping.number, true});
  const auto has_room = pushes_.answered(link, ping.number);
  if (!has_room) return out_.notify(PeerAnswered{session.peer, ping.number});
  if (!*has_room) return;
  for (auto& [id, sync] : spaces_) sync.peer_listens(link);
}

Status Engine::hear_of_devices(Session& session, wire::Forgotten message) {
  for (const oplog::Forgetting& word : message.words)
    if (!oplog::is_signed(word, context_.verifier))
      return fail(Code::kBadSignature, "who was forgotten");
  out_.add(KeepForgettings{session.peer, std::move(message.words)});
  return {};
}

Status Engine::hear_of_space(LinkId link, Session& session, SpaceMessage message) {
  const SpaceId id = std::visit([](const auto& each) { return each.space; }, message);
  // It may speak of a space that we do not know yet: one we were admitted to just now.
  const bool offers = std::holds_alternative<wire::Have>(message);
  if (offers && is_refused(session, id)) return {};
  SpaceSync* const found = offers ? offered_space(session, id) : &space(id);
  if (found == nullptr)
    return waits(session, id) ? Status() : fail(Code::kTooLarge, "too many spaces");
  SpaceSync& sync = *found;
  if (offers || std::holds_alternative<wire::Pull>(message) ||
      std::holds_alternative<wire::ClockPart>(message) ||
      std::holds_alternative<wire::Acknowledge>(message))
    sync.peer_listed(link, session.peer, false);
  return sync.hear(link, std::move(message), now_);
}

Status Engine::on_dialogue(LinkId link, Session& session, Result<DigestDialogue::Outcome> outcome) {
  if (!outcome) return fail(outcome.error());
  for (const wire::Message& message : outcome->send) out_.send(link, message);
  if (outcome->begin) compare(link, session);
  if (!outcome->differences) return {};
  settle(link, session, *outcome->differences);
  if (std::exchange(session.again, false)) compare(link, session);
  return {};
}

void Engine::settle(LinkId link, Session& session,
                    const std::vector<DigestDialogue::Difference>& differences) {
  std::set<SpaceId> differing;
  Compared compared{session.peer, {}, {}};
  for (const auto& difference : differences) {
    differing.insert(difference.space);
    if (difference.ours) compared.ours.push_back(difference.space);
    if (difference.theirs) compared.theirs.push_back(difference.space);
  }
  out_.notify(std::move(compared));
  for (const auto& difference : differences) {
    if (!difference.ours && is_refused(session, difference.space)) continue;
    SpaceSync* const sync =
        difference.ours ? &space(difference.space) : offered_space(session, difference.space);
    if (sync == nullptr) {
      static_cast<void>(waits(session, difference.space));  // what is too much comes another time
      continue;
    }
    sync->peer_listed(link, session.peer, difference.ours.has_value());
    if (difference.theirs) sync->peer_has_news(link, now_);
  }
  session.has_settled = true;
  // Both hold the same of these, and nobody would speak of them; but here some of it is damaged.
  for (const SpaceId& id : damaged_)
    if (session.shared.contains(id)) space(id);
  for (auto& [id, sync] : spaces_) {
    const auto told = session.dialogue.told_of(id);
    if (!told || differing.contains(id)) continue;
    sync.peer_listed(link, session.peer, true);
    sync.peer_equal(link, sync.is_open() && sync.digest() == *told, now_);
  }
  confirm(link, session, differing);
}

/// Its last acknowledgement went with a link that was cut, and digests that are equal bring no
/// other. A pull has it open the space and say what is durable there.
void Engine::confirm(LinkId link, Session& session, const std::set<SpaceId>& differing) {
  for (const SpaceId& id : std::exchange(session.unconfirmed, {})) {
    if (differing.contains(id)) continue;
    SpaceSync& sync = space(id);
    sync.peer_listed(link, session.peer, true);
    sync.peer_has_news(link, now_);
  }
}

// ---- spaces

SpaceSync& Engine::space(const SpaceId& id) {
  const auto found = spaces_.find(id);
  if (found != spaces_.end()) return found->second;
  out_.add(OpenSpace{id});
  return add_sync(id);
}

SpaceSync& Engine::add_sync(const SpaceId& id) {
  SpaceSync& sync = spaces_.try_emplace(id, id, context_).first->second;
  for (const auto& [link, session] : sessions_) {
    if (!session.shared.contains(id)) continue;
    sync.peer_listed(link, session.peer, true);
    // A space that differed, or changed since, would be in talk already.
    if (session.has_settled) sync.peer_equal(link, true, now_);
  }
  return sync;
}

/// A device that was admitted just now hears of the space; what it makes of that is its own affair.
void Engine::list_members(const SpaceId& id, SpaceSync& sync) {
  for (auto& [link, session] : sessions_) {
    if (sync.offer(link, session.peer)) session.shared.insert(id);
  }
}

void Engine::on(const SpaceLeft& input) {
  damaged_.erase(input.space);
  const auto found = spaces_.find(input.space);
  if (found != spaces_.end()) {
    found->second.end_doubt();
    spaces_.erase(found);
  }
  for (auto& [link, session] : sessions_) session.shared.erase(input.space);
}

// ---- people and time

void Engine::on(const SyncNow& /*input*/) {
  for (auto& [link, session] : sessions_) {
    session.again = session.loading || !session.dialogue.may_begin();
    compare(link, session);
  }
}

void Engine::on(const DeviceForgotten& input) {
  for (const auto& [link, session] : sessions_) {
    if (session.peer == input.device) out_.drop(link, wire::ByeCode::kForgotten, "forgotten here");
  }
}

void Engine::on(const AskPeer& input) {
  if (sessions_.contains(input.link)) out_.send(input.link, wire::Ping{input.number, false});
}

void Engine::on(TellAddresses input) {
  if (sessions_.contains(input.link)) out_.send(input.link, std::move(input.addresses));
}

void Engine::on(TellNames input) {
  if (sessions_.contains(input.link)) out_.send(input.link, std::move(input.names));
}

void Engine::on(const ShareAgain& input) {
  if (sessions_.contains(input.link)) out_.send(input.link, wire::SharedAgain{input.space});
}

void Engine::on(TellPresence input) {
  if (sessions_.empty()) return;  // nobody to tell
  const SpaceId id = input.presence.space;
  space(id).tell_presence(std::move(input));
}

void Engine::on(const ShutDown& /*input*/) {
  for (auto& [id, sync] : spaces_) sync.end_doubt();
  for (const auto& [link, session] : sessions_)
    out_.drop(link, wire::ByeCode::kShutdown, "this agent stops");
}

void Engine::on(const TimePassed& /*input*/) {
  for (auto& [link, session] : sessions_) {
    check_silence(link, session);
    if (now_.mono.since_origin - session.compared.since_origin >= kCompareEvery)
      compare(link, session);
    if (auto late = session.presences.late(now_.mono))
      static_cast<void>(hear_of_space(link, session, std::move(*late)));
  }
  for (auto& [id, sync] : spaces_) sync.time_passed(now_);
}

void Engine::check_silence(LinkId link, Session& session) {
  const auto silent = now_.mono.since_origin - session.last_heard.since_origin;
  if (silent >= 2 * limits::kLinkSilenceMax)
    return out_.drop(link, wire::ByeCode::kSilence, "no sign of life");
  if (silent < limits::kLinkSilenceMax || session.pinged) return;
  session.pinged = true;
  out_.send(link, wire::Ping{static_cast<std::uint64_t>(now_.mono.since_origin.count()), false});
}

}  // namespace lanyard::engine
