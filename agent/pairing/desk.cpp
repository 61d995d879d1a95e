#include "agent/pairing/desk.hpp"

#include "agent/clock.hpp"
#include "replication/types/limits.hpp"

namespace lanyard::agent {
namespace {

/// How long a person waits to hear of a pairing that is done, for the two to have one `default`.
constexpr std::chrono::seconds kMovedWithin{5};
/// What a wrong code sets going here begins so much later: by then whoever tried it was hung up on,
/// as soon as without a window.
constexpr std::chrono::milliseconds kAfterRefusal{20};

/// The address with the port on which the other side said that it listens.
std::string listening_at(const std::string& address, std::uint16_t port) {
  const auto parsed = parse_host_port(address);
  if (!parsed) return {};
  return to_text(HostPort{parsed->host, port});
}

std::string port_of(const std::string& address) {
  const auto parsed = parse_host_port(address);
  return parsed ? std::to_string(parsed->port) : "7761";
}

}  // namespace

Error PairingDesk::well_done() { return {Code::kExists, "the devices are paired"}; }

storage::HomePlan PairingDesk::own_part(DefaultPlan plan, bool we_join) {
  switch (plan) {
    case DefaultPlan::kJoinerMoves:
      return we_join ? storage::HomePlan::kMove : storage::HomePlan::kShare;
    case DefaultPlan::kHostMoves:
      return we_join ? storage::HomePlan::kShare : storage::HomePlan::kMove;
    case DefaultPlan::kSame:
    case DefaultPlan::kBothStay: break;
  }
  return storage::HomePlan::kNothing;
}

PairingDesk::PairingDesk(asio::io_context& io, LinkSet& links, Rng& rng, Owner owner)
    : io_(io),
      links_(links),
      rng_(rng),
      owner_(std::move(owner)),
      window_(rng),
      timer_(io),
      refusal_timer_(io),
      search_timer_(io),
      move_timer_(io) {}

void PairingDesk::start(storage::StorageThread& storage, Self self) {
  storage_ = &storage;
  self_ = std::move(self);
}

PairingFacts PairingDesk::facts(const DefaultSpace& home) const {
  return {self_.name, self_.sync_port, home};
}

void PairingDesk::with_home(const DeviceId& peer, std::function<void(Result<DefaultSpace>)> next) {
  storage_->run([this, peer, next = std::move(next)](storage::Vault& vault) {
    const auto home = vault.home_for(peer, wall_now());
    Result<DefaultSpace> answer =
        home ? Result<DefaultSpace>(DefaultSpace{home->id, home->is_shared}) : fail(home.error());
    asio::post(io_, [next, answer] { next(answer); });
  });
}

void PairingDesk::store(const storage::NewPairing& pairing, std::function<void(Status)> next) {
  storage_->run([this, pairing, next = std::move(next)](storage::Vault& vault) {
    auto paired = vault.pair(pairing, wall_now());
    Status answer;
    if (!paired) answer = fail(paired.error());
    std::shared_ptr<const storage::WriteOutcome> outcome;
    SpaceId home;
    if (paired && !paired->outcome.runs.empty()) {
      home = paired->home;
      outcome = std::make_shared<const storage::WriteOutcome>(std::move(paired->outcome));
    }
    asio::post(io_, [this, next, answer, home, outcome] {
      if (outcome) owner_.wrote(home, outcome);
      next(answer);
    });
  });
}

// ---- the window

void PairingDesk::open_window(WindowWatcher watcher) {
  if (watcher_) {
    return watcher.ended(fail(Code::kBusy, "a pairing code is shown already",
                              "Use that one, or cancel it where it is shown (Ctrl-C)."));
  }
  watcher_ = std::move(watcher);
  window_.open(mono_now());
  show_code();
  wait_for_end();
}

bool PairingDesk::is_open() { return window_.offer(mono_now()).has_value(); }

std::optional<WindowStatus> PairingDesk::window() {
  const auto now = mono_now();
  if (const auto& offer = window_.offer(now))
    return WindowStatus{offer->until - now, offer->codes_left};
  return matched_ ? std::optional(WindowStatus{}) : std::nullopt;
}

void PairingDesk::announce() {
  if (is_open() != is_announced_) owner_.window(is_announced_ = !is_announced_);
}

void PairingDesk::show_code() {
  announce();
  const auto& offer = window_.offer(mono_now());
  if (offer && watcher_)
    watcher_->shown({offer->code, offer->until - mono_now(), offer->codes_left});
}

void PairingDesk::wait_for_end() {
  timer_.expires_after(limits::kPairWindow);
  timer_.async_wait([this](const std::error_code& error) {
    if (error || matched_) return;
    end_window(fail(Code::kUnreachable, "no device used the code in five minutes",
                    "Run  lanyard pair  again when the other device is at hand."));
  });
}

void PairingDesk::close_window() {
  if (!watcher_ || is_storing_) return;
  // Paired, and only the move is waited for: that is no cancelling any more.
  if (!matched_ && !is_open()) return home_settled();
  const auto link = matched_;
  end_window(fail(Code::kInterrupted, "the pairing was cancelled here"));
  if (link) links_.finish(*link, Error(Code::kInterrupted, "the pairing was cancelled here"));
}

void PairingDesk::end_window(Result<Paired> how) {
  window_.close();
  announce();
  timer_.cancel();
  matched_.reset();
  code_is_used_ = false;
  is_storing_ = false;
  if (!watcher_) return;
  const WindowWatcher watcher = std::move(*watcher_);
  watcher_.reset();
  watcher.ended(std::move(how));
}

void PairingDesk::end_after_move(bool moves, std::function<void()> end) {
  if (!moves) return end();
  after_move_ = std::move(end);
  move_timer_.expires_after(kMovedWithin);
  move_timer_.async_wait([this](const std::error_code& error) {
    if (!error) home_settled();
  });
}

void PairingDesk::home_settled() {
  move_timer_.cancel();
  if (const auto end = std::exchange(after_move_, {})) end();
}

void PairingDesk::stop() {
  refusal_timer_.cancel();
  search_timer_.cancel();
  home_settled();
  end_window(fail(Code::kInterrupted, "this agent stops"));
  end_join(fail(Code::kInterrupted, "this agent stops"));
}

// ---- links

void PairingDesk::on_stranger(const PairingLink& link) {
  if (link.we_dialed) {
    if (!join_ || join_->link != link.link)
      return links_.finish(link.link, Error(Code::kInterrupted, "given up"));
    join_->talk.emplace(PairingEnds{self_.device, link.peer, link.handshake}, join_->code, rng_);
    join_->address = link.address;
    return links_.send(link.link, join_->talk->start());
  }
  const PairingEnds ends{link.peer, self_.device, link.handshake};
  hosts_.emplace(link.link, Host{HostTalk(ends, window_, rng_), link});
}

void PairingDesk::on_message(engine::LinkId link, ByteView message) {
  if (join_ && join_->link == link && join_->talk) return hear_host(message);
  const auto host = hosts_.find(link);
  if (host != hosts_.end()) hear_joiner(host->second, message);
}

void PairingDesk::on_end(engine::LinkId link, const Error& why) {
  hosts_.erase(link);
  if (matched_ == link && !is_storing_) {
    end_window(fail(Code::kUnreachable, "the other device did not finish: " + why.detail,
                    "Run  lanyard pair  again for a new code."));
  }
  if (!join_ || join_->link != link) return;
  if (!join_->talk) {
    return end_join(fail(Code::kUnreachable, "no device answered there: " + why.detail,
                         "Check the address, and that Lanyard runs on the other device. If it "
                         "does, a firewall there may keep calls out: run  lanyard pair  on this "
                         "device instead, and type its code on the other one; or open TCP port " +
                             port_of(join_->address) +
                             " and UDP port 5353 there. The code was not used."));
  }
  if (!join_->talk->has_guessed()) {
    return end_join(fail(Code::kUnreachable, "the link ended: " + why.detail,
                         "Try again. The code was not used."));
  }
  if (join_->home) {
    return end_join(
        fail(Code::kUnreachable,
             "the link ended before the other device said that it is done: " + why.detail,
             "If  lanyard devices  does not show both as connected soon, pair them "
             "again with a new code."));
  }
  end_join(fail(Code::kNotAllowed, "the code is wrong, used up, or not the one that device shows",
                "Look at the other device: it shows the next code, or run  lanyard pair  there."));
}

// ---- the host's side

void PairingDesk::hear_joiner(Host& host, ByteView message) {
  const engine::LinkId link = host.link.link;
  HostTalk::Heard heard = host.talk.hear(message, mono_now());
  if (!heard.to_send.empty()) links_.send(link, heard.to_send);
  switch (heard.event) {
    case HostTalk::Event::kNothing: break;
    case HostTalk::Event::kMatched:
      matched_ = link;
      announce();
      links_.give_time(link, limits::kPairConfirmMax);
      if (watcher_) watcher_->typed({host.talk.joiner(), host.talk.check()});
      with_home(host.talk.joiner(),
                [this, link](const Result<DefaultSpace>& home) { welcome(link, home); });
      break;
    case HostTalk::Event::kWrong: code_is_used_ = true; break;
    case HostTalk::Event::kAccepted: accepted(host); break;
  }
  if (!heard.end) return;
  links_.finish(link, *heard.end);
  look_after_refusal();
}

void PairingDesk::look_after_refusal() {
  if (std::exchange(look_is_due_, true)) return;
  refusal_timer_.expires_after(kAfterRefusal);
  refusal_timer_.async_wait([this](const std::error_code& error) {
    look_is_due_ = false;
    if (!error && std::exchange(code_is_used_, false)) after_wrong_code();
  });
}

void PairingDesk::after_wrong_code() {
  if (matched_) return;
  if (is_open()) return show_code();
  end_window(fail(Code::kNotAllowed, "three wrong codes were tried",
                  "If that was not you, somebody near by is guessing. Run  lanyard pair  again for "
                  "a new code."));
}

void PairingDesk::welcome(engine::LinkId link, const Result<DefaultSpace>& home) {
  const auto host = hosts_.find(link);
  if (host == hosts_.end()) return;
  if (!home) {
    end_window(fail(home.error()));
    return links_.finish(link, home.error());
  }
  links_.send(link, host->second.talk.welcome(facts(*home)));
}

void PairingDesk::accepted(const Host& host) {
  const PairingFacts& theirs = host.talk.theirs();
  Paired paired{host.talk.joiner(), theirs.name, listening_at(host.link.address, theirs.sync_port),
                host.talk.check(), host.talk.plan()};
  const storage::NewPairing pairing{paired.device, paired.name, paired.address,
                                    own_part(paired.plan, false), theirs.home.id};
  is_storing_ = matched_ == host.link.link;
  store(pairing, [this, paired, link = host.link.link](const Status& stored) {
    if (!stored) {
      end_window(fail(stored.error()));
      return links_.finish(link, stored.error());
    }
    links_.send(link, HostTalk::done());
    owner_.knows(paired.device, paired.address);
    if (matched_ != link) return links_.finish(link, well_done());
    matched_.reset();
    is_storing_ = false;
    links_.finish(link, well_done());
    end_after_move(paired.plan == DefaultPlan::kHostMoves, [this, paired] { end_window(paired); });
  });
}

}  // namespace lanyard::agent
