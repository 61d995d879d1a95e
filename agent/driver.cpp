#include "agent/driver.hpp"

#include "agent/clock.hpp"
#include "agent/logging.hpp"
#include "replication/types/device_id_text.hpp"
#include "replication/types/limits.hpp"

namespace lanyard::agent {
namespace {

/// The space that this device brings to nobody from now on, if that is what the input says.
std::optional<SpaceId> space_that_goes(const engine::Input& input) {
  if (const auto* left = std::get_if<engine::SpaceLeft>(&input)) return left->space;
  const auto* opened = std::get_if<engine::SpaceOpened>(&input);
  return opened != nullptr && !opened->log ? std::optional(opened->space) : std::nullopt;
}

}  // namespace

Driver::Driver(asio::io_context& io, engine::Config config, const Hasher& hasher,
               const Verifier& verifier, const CipherFactory& ciphers, LinkSet& links,
               Meters& meters)
    : io_(io),
      engine_(std::move(config), hasher, verifier, ciphers),
      links_(links),
      meters_(meters),
      rounds_(meters, [&links](engine::LinkId link) { return links.traffic(link); }),
      timer_(io) {}

void Driver::feed(engine::Input input) {
  if (const auto* down = std::get_if<engine::PeerDown>(&input)) reads_.erase(down->link);
  const auto gone = space_that_goes(input);
  for (engine::Effect& effect : engine_.step(std::move(input), now())) perform(std::move(effect));
  // How far it had come with somebody is nothing to wait for any more.
  if (gone) {
    for (auto& [device, peer] : peers_) peer.spaces.erase(*gone);
    rounds_.gone(*gone, now().mono);
  }
  wait_for_deadline();
}

void Driver::link_up(engine::LinkId link, const DeviceId& peer) {
  rounds_.up(link, peer, now().mono);
  up_[link] = peer;
  feed(engine::PeerUp{link, peer});
}

void Driver::link_down(engine::LinkId link, const Error& why) {
  gone(link);
  rounds_.down(link, why, now().mono);
  feed(engine::PeerDown{link});
}

void Driver::sync_now() {
  rounds_.asked(now().mono);
  feed(engine::SyncNow{});
}

void Driver::answer(engine::Input input) {
  // std::function must be copyable; an input is not. Shared, it is moved out exactly once.
  auto held = std::make_shared<engine::Input>(std::move(input));
  asio::post(io_, [this, held] { feed(std::move(*held)); });
}

void Driver::wait_for_deadline() {
  const auto next = engine_.next_deadline();
  if (next == timer_at_) return;
  timer_at_ = next;
  timer_.cancel();
  if (!next) return;
  timer_.expires_at(std::chrono::steady_clock::time_point(next->since_origin));
  timer_.async_wait([this](const std::error_code& error) {
    if (error) return;
    timer_at_.reset();
    feed(engine::TimePassed{});
  });
}

void Driver::perform(engine::Effect effect) {
  std::visit([this](auto&& each) { perform(std::forward<decltype(each)>(each)); },
             std::move(effect));
}

// ---- network

void Driver::perform(engine::Send effect) { links_.send(effect.link, effect.message); }

void Driver::perform(const engine::DropPeer& effect) {
  gone(effect.link);
  reads_.erase(effect.link);
  const Error why = error_of(effect);
  if (!is_farewell(why)) count_error(meters_, "links", why);
  rounds_.down(effect.link, why, now().mono);
  links_.drop(effect.link, why);
}

// ---- storage

namespace {

/// What is not allowed, or is more than one device may bring, is so the next time too.
bool is_refusal(const Error& error) {
  return error.is(Code::kNotAllowed) || error.is(Code::kTooLarge);
}

engine::SpaceOpened opened(storage::Vault& vault, const SpaceId& space,
                           Result<storage::SpaceStore*> store) {
  engine::SpaceOpened out{space, std::nullopt, {}, {}, {}};
  if (!store) return out;
  storage::SpaceState state = (*store)->state();
  out.log = std::move(state.log);
  out.durable = std::move(state.durable);
  out.grants = std::move(state.grants);
  out.own_log = state.own_log;
  storage::StoreCondition condition = (*store)->condition();
  out.may_ask = condition.may_ask && vault.may_ask_for_more();
  out.damaged = std::move(condition.damaged);
  return out;
}

/// Of a space of which nothing is here, not even a row.
engine::SpaceOpened prospect(const SpaceId& space) {
  engine::SpaceOpened out{space, oplog::SpaceLog{}, {}, {}, {}};
  out.log->space = space;
  out.is_prospect = true;
  return out;
}

engine::LogLoaded read_log(storage::Vault& vault, const engine::LoadLog& effect) {
  engine::LogLoaded loaded{effect.link, effect.space, effect.request, {}, 0, false, true};
  const auto store = vault.space(effect.space);
  auto slice = store ? (*store)->read_log(effect.position, effect.held, effect.bytes_max, false)
                     : Result<storage::LogSlice>(fail(store.error()));
  if (slice) {
    loaded.packs = std::move(slice->packs);
    loaded.next = slice->next;
    loaded.at_end = slice->at_end;
    loaded.failed = false;
  } else {
    log_warning("the log of space " + to_text(effect.space) +
                " cannot be read: " + slice.error().detail);
  }
  return loaded;
}

}  // namespace

void Driver::perform(const engine::LoadShared& effect) {
  storage_->run([this, effect](storage::Vault& vault) {
    engine::SharedLoaded loaded{effect.link, {}, {}, {}};
    if (auto said = vault.forgettings_for(effect.peer)) loaded.forgettings = std::move(*said);
    if (const auto shared = vault.shared_with(effect.peer)) {
      for (const storage::SharedSpace& each : *shared) {
        loaded.spaces.push_back({each.space, each.digest});
        if (!each.is_confirmed) loaded.unconfirmed.insert(each.space);
      }
    }
    answer(std::move(loaded));
  });
}

void Driver::perform(const engine::OpenSpace& effect) {
  storage_->run([this, effect](storage::Vault& vault) {
    answer(opened(vault, effect.space, vault.space_to_sync(effect.space)));
  });
}

void Driver::perform(const engine::JoinSpace& effect) {
  rounds_.joining(effect.from, effect.space, now().mono);
  storage_->run([this, effect](storage::Vault& vault) {
    const auto has = vault.has_space(effect.space);
    // One that is here and takes no part is asked for again: a person may change that at any time.
    answer(has && !*has ? prospect(effect.space)
                        : opened(vault, effect.space, vault.space_to_sync(effect.space)));
  });
}

void Driver::perform(const engine::AddSpace& effect) {
  storage_->run([this, effect](storage::Vault& vault) {
    const Status added = vault.join_space(effect.space, effect.from, wall_now());
    if (added) return;
    log_warning("space " + to_text(effect.space) + ", of which device " +
                to_short_text(effect.from) + " has told, is not kept: " + added.error().detail);
    engine::SpaceOpened none{effect.space, std::nullopt, {}, {}, {}};
    if (is_refusal(added.error())) none.refused_from = effect.from;
    answer(std::move(none));
  });
}

void Driver::perform(const engine::Persist& effect) {
  rounds_.persisting(effect.space, effect.accepted->pack.changes.size());
  storage_->apply(effect.space, effect.accepted,
                  [this, effect](Result<storage::ApplyOutcome> outcome) {
                    persisted(effect.space, effect.ticket, outcome);
                    if (!outcome) answer(engine::PersistFailed{effect.space, outcome.error()});
                  });
}

void Driver::persisted(const SpaceId& space, std::uint64_t ticket,
                       const Result<storage::ApplyOutcome>& outcome) {
  if (outcome) {
    tell_merged(space, outcome->touched);
    if (outcome->has_admitted) refresh(space);
  } else {
    count_error(meters_, "storage", outcome.error());
  }
  const std::size_t records = outcome ? outcome->touched.records.size() : 0;
  asio::post(io_, [this, space, ticket, records, is_in = outcome.has_value()] {
    rounds_.persisted(space, records, now().mono);
    if (is_in) feed(engine::Applied{space, ticket});
  });
}

void Driver::perform(const engine::MakeDurable& effect) {
  storage_->run([this, effect](storage::Vault& vault) {
    const auto store = vault.space(effect.space);
    if (!store || !(*store)->make_durable())
      return;  // not acknowledged; asked again after the next change
    answer(engine::Durable{effect.space, (*store)->state().durable});
  });
}

void Driver::perform(engine::LoadLog effect) {
  const engine::LinkId link = effect.link;
  rounds_.serving(link, effect.space);
  reads_[link].waiting.push_back(std::move(effect));
  read_next(link);
}

void Driver::read_next(engine::LinkId link) {
  const auto found = reads_.find(link);
  if (found == reads_.end()) return;
  Reads& reads = found->second;
  if (reads.is_reading || reads.waiting.empty()) return;
  if (links_.queued_bytes(link) > limits::kSendQueueBytesMax) return;  // drained() comes back
  reads.is_reading = true;
  storage_->run([this, effect = std::move(reads.waiting.front())](storage::Vault& vault) {
    auto loaded = std::make_shared<engine::LogLoaded>(read_log(vault, effect));
    asio::post(io_, [this, loaded] {
      const engine::LinkId asked = loaded->link;
      const auto reading = reads_.find(asked);  // gone with the link, if that is gone
      if (reading != reads_.end()) reading->second.is_reading = false;
      feed(std::move(*loaded));
      read_next(asked);
    });
  });
  reads.waiting.pop_front();
}

void Driver::perform(const engine::LoadGrant& effect) {
  storage_->run([this, effect](storage::Vault& vault) {
    engine::GrantLoaded loaded{effect.link, effect.space, effect.request, std::nullopt};
    const auto store = vault.space(effect.space);
    auto grant = store ? (*store)->grant_for(effect.device)
                       : Result<storage::SignedGrant>(fail(store.error()));
    if (grant) {
      loaded.grant = wire::Grant{effect.space,
                                 grant->author,
                                 grant->incarnation,
                                 std::move(grant->header),
                                 std::move(grant->payload),
                                 grant->signature};
    }
    answer(std::move(loaded));
  });
}

void Driver::perform(engine::KeepGrant effect) {
  storage_->run([effect = std::move(effect)](storage::Vault& vault) {
    const auto store = vault.space(effect.space);
    const Status kept =
        store ? (*store)->keep_grant(effect.epoch, effect.sealed) : fail(store.error());
    if (!kept)
      log_warning("a key of space " + to_text(effect.space) +
                  " cannot be kept: " + kept.error().detail);
  });
}

// ---- notices

void Driver::perform(const engine::Notify& effect) {
  std::visit([this](const auto& notice) { note(notice); }, effect.notice);
}

void Driver::note(const engine::Progress& notice) {
  SpaceLink& space = peers_[notice.peer].spaces[notice.space];
  space = {notice.space, notice.phase, notice.bytes, space.withheld};
  rounds_.heard(notice, now().mono);
  if (notice.phase != engine::Phase::kInStep) return;
  // What came in may have changed the space's name and members.
  refresh(notice.space);
}

void Driver::refresh(const SpaceId& space) {
  storage_->run([this, space](storage::Vault& vault) {
    const auto refreshed = vault.refresh_space(space);
    if (refreshed && caught_up_)
      asio::post(io_, [this, has_new = *refreshed] { caught_up_(has_new); });
  });
}

void Driver::tell_presence(wire::Presence presence) {
  engine::TellPresence told{std::move(presence), {}};
  for (const engine::LinkId link : links_.up())
    if (links_.queued_bytes(link) > limits::kSendQueueBytesMax) told.busy.insert(link);
  feed(std::move(told));
}

void Driver::note(const engine::PeerPresent& notice) {
  if (present_) present_(notice.peer, notice.presence);
}

void Driver::note(const engine::NothingThere& notice) {
  for (auto& [device, peer] : peers_) peer.spaces.erase(notice.space);
  rounds_.gone(notice.space, now().mono);
}

void Driver::note(const engine::PeerAcknowledged& notice) {
  if (acknowledged_) acknowledged_(notice.peer, notice.space, notice.durable);
  const std::pair whose{notice.peer, notice.space};
  told_[whose].next = notice.durable;
  write_told(whose);
}

void Driver::write_told(const std::pair<DeviceId, SpaceId>& whose) {
  Told& told = told_[whose];
  if (told.is_writing) return;
  if (!told.next) {
    told_.erase(whose);
    return;
  }
  told.is_writing = true;
  storage_->run([this, whose, clock = std::move(*told.next)](storage::Vault& vault) {
    static_cast<void>(vault.acknowledged(whose.first, whose.second, clock, wall_now()));
    asio::post(io_, [this, whose] {
      told_[whose].is_writing = false;
      write_told(whose);
    });
  });
  told.next.reset();
}

void Driver::ask(engine::LinkId link, std::function<void()> done) {
  constexpr std::size_t kQuestionsMax = 64;
  if (questions_.size() >= kQuestionsMax)
    questions_.erase(questions_.begin());  // nobody waits that long
  questions_.emplace(next_question_, std::move(done));
  feed(engine::AskPeer{link, next_question_++});
}

void Driver::note(const engine::PeerAnswered& notice) {
  const auto found = questions_.find(notice.number);
  if (found == questions_.end()) return;  // the engine's own
  const auto done = std::move(found->second);
  questions_.erase(found);
  done();
}

void Driver::note(const engine::PeerToldAddresses& notice) {
  links_.told(notice.peer, notice.addresses);
}

void Driver::note(const engine::Refused& notice) {
  ++refused_changes_;
  ++peers_[notice.peer].refused_changes;
  count_error(meters_, "sync", notice.error);
  log_warning("changes of space " + to_text(notice.space) + " from device " +
              to_short_text(notice.peer) + " were refused: " + notice.error.detail + " (" +
              notice.error.code.message() + ")");
}

void Driver::note(const engine::OwnLogWentOn& notice) {
  log_warning("device " + to_short_text(notice.peer) +
              (notice.is_proven ? " has shown" : " says, and has not shown,") +
              " changes of this device in space " + to_text(notice.space) +
              " that were not here: it was restored or copied, and goes on in a new log");
}

void Driver::note(const engine::ForkFound& notice) {
  log_warning("device " + to_short_text(notice.device) + " wrote two changes numbered " +
              std::to_string(notice.seq.value) + " of one log in space " + to_text(notice.space) +
              ": a whole copy of it is in use. Both are kept; see  lanyard space forks");
}

void Driver::describe(PeerStatus& status) const {
  const auto found = peers_.find(status.device);
  if (found == peers_.end()) return;
  status.says_name = found->second.says_name;
  status.build = found->second.build;
  status.clock_ahead_ms = found->second.clock_ahead_ms;
  status.refused_changes = found->second.refused_changes;
  if (!status.linked) return;
  for (const auto& [space, link] : found->second.spaces) status.spaces.push_back(link);
}

}  // namespace lanyard::agent
