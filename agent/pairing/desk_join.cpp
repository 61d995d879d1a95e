// The side of a pairing where the code is typed.
#include "agent/clock.hpp"
#include "agent/pairing/desk.hpp"
#include "replication/types/limits.hpp"

namespace lanyard::agent {
namespace {

/// How often those near by are looked through for a window.
constexpr std::chrono::milliseconds kWindowLookEvery{100};

}  // namespace

void PairingDesk::join(const crypto::PairingCode& code, const FindWindow& find,
                       std::chrono::milliseconds within, JoinWatcher watcher) {
  if (join_)
    return watcher.ended(fail(Code::kBusy, "another code is being tried on this device",
                              "Wait until that is over."));
  join_.emplace(Join{code, {}, std::move(watcher), {}, {}, {}});
  if (within.count() > 0 && !find()) join_->watcher.looking(within);
  look_for_window(find, mono_now() + within);
}

void PairingDesk::look_for_window(const FindWindow& find, std::chrono::milliseconds until) {
  const bool is_over = mono_now() >= until;
  const Result<std::string> found = find();
  if (found || !found.error().is(Code::kNotFound) || is_over) {
    if (!found) return end_join(fail(found.error()));
    join_->address = *found;
    join_->link = links_.dial_to_pair(*found);
    return;
  }
  search_timer_.expires_after(kWindowLookEvery);
  search_timer_.async_wait([this, find, until](const std::error_code& error) {
    if (!error && join_ && join_->link == engine::LinkId{}) look_for_window(find, until);
  });
}

void PairingDesk::end_join(Result<Paired> how) {
  if (!join_) return;
  const Join join = std::move(*join_);
  join_.reset();
  search_timer_.cancel();
  links_.finish(join.link, how ? well_done() : how.error());
  join.watcher.ended(std::move(how));
}

void PairingDesk::hear_host(ByteView message) {
  const JoinTalk::Heard heard = join_->talk->hear(message);
  if (!heard.to_send.empty()) links_.send(join_->link, heard.to_send);
  if (heard.end) return end_join(fail(*heard.end));
  if (heard.event == JoinTalk::Event::kMatched) {
    links_.give_time(join_->link, limits::kPairConfirmMax);
    with_home(join_->talk->host(), [this, link = join_->link](const Result<DefaultSpace>& home) {
      if (join_ && join_->link == link) ask_person(home);
    });
  } else if (heard.event == JoinTalk::Event::kDone) {
    const PairingFacts& theirs = join_->talk->theirs();
    const Paired paired{join_->talk->host(), theirs.name, join_->address, join_->talk->check(),
                        plan_defaults(*join_->home, theirs.home)};
    owner_.knows(paired.device, paired.address);
    const engine::LinkId done = std::exchange(join_->link, engine::LinkId{});
    links_.finish(done, well_done());
    end_after_move(paired.plan == DefaultPlan::kJoinerMoves, [this, paired] { end_join(paired); });
  }
}

void PairingDesk::ask_person(const Result<DefaultSpace>& home) {
  if (!home) return end_join(fail(home.error()));
  join_->home = *home;
  const PairingFacts& theirs = join_->talk->theirs();
  join_->watcher.found({join_->talk->host(), theirs.name, join_->address, join_->talk->check(),
                        plan_defaults(*home, theirs.home)});
}

void PairingDesk::answer(bool yes, bool keep_both) {
  if (!join_ || join_->has_said_yes || (yes && !join_->home)) return;
  join_->has_said_yes = yes;
  if (!yes)
    return end_join(fail(Code::kInterrupted, "you did not say yes; the devices are not paired"));
  with_home(join_->talk->host(),
            [this, keep_both, link = join_->link](const Result<DefaultSpace>& home) {
              if (!join_ || join_->link != link) return;
              if (!home) return end_join(fail(home.error()));
              accept(*home, keep_both);
            });
}

void PairingDesk::accept(const DefaultSpace& home, bool keep_both) {
  const PairingFacts& theirs = join_->talk->theirs();
  const DefaultPlan plan = plan_defaults(home, theirs.home);
  if (plan == DefaultPlan::kBothStay && !keep_both) {
    return end_join(fail(
        Code::kNotAllowed,
        "both devices share their space \"default\" with others already, and two shared spaces "
        "are never made one",
        "Run it again with --keep-both: each keeps its own. Or leave one of them first."));
  }
  join_->home = home;
  const storage::NewPairing pairing{join_->talk->host(), theirs.name, join_->address,
                                    own_part(plan, true), theirs.home.id};
  store(pairing, [this, home, link = join_->link](const Status& stored) {
    if (!join_ || join_->link != link) return;
    if (!stored) return end_join(fail(stored.error()));
    // Known from here on, but called only once it knows us too.
    owner_.knows(join_->talk->host(), "");
    links_.send(link, join_->talk->accept(facts(home)));
  });
}

}  // namespace lanyard::agent
