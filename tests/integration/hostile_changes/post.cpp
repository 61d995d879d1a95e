#include "tests/integration/hostile_changes/post.hpp"

#include "replication/types/device_id_text.hpp"

namespace lanyard::hostile {

Post::Post(AgentProcess& agent, oplog::Device& mallory)
    : agent_(agent), mallory_(mallory), mallory_id_(to_text(mallory.id())) {}

std::string Post::what_happened() {
  if (!agent_.is_running()) return "the agent has ended:\n" + agent_.log();
  return "it says of Mallory's link: " + agent_.device(mallory_id_).dump() + "\n" + agent_.log();
}

// ---- a link

void Post::hang_up() {
  if (!peer_) return;
  wire_bytes_ += peer_->bytes_sent();
  peer_.reset();
}

std::size_t Post::take_wire_bytes() {
  hang_up();
  return std::exchange(wire_bytes_, 0);
}

void Post::link(const SpaceId& space, const VectorClock& ours) {
  hang_up();
  REQUIRE(comes_at_last([&] {
    const Json known = agent_.device(mallory_id_);
    return known.is_null() || !known.at("linked").get<bool>();
  }));
  space_ = space;
  credit_ = 0;
  pulled_ = told_ = false;
  coming_.clear();
  peer_.emplace(mallory_.identity, mallory_.chance);
  ++links_;
  REQUIRE(peer_->dial(agent_.sync_port()));
  REQUIRE(peer_->shake_hands());
  say(wire::Hello{"test", {}, "mallory", 0});
  // From one that is not known to be a member yet an agent takes few bytes.
  if (!peer_->hear_next<wire::Hello>()) FAIL(what_happened());
  pull(ours);
  while (!pulled_ || !told_) hear();
  say(wire::InStep{space_, {}});
}

/// She holds what the agent held, and what is in her own logs.
void Post::pull(const VectorClock& ours) {
  VectorClock clock = clocks_[space_];
  for (const auto& [log, head] : ours) {
    Head& known = clock[log];
    if (known.seq < head.seq) known = head;
  }
  while (clock.size() > limits::kClockLogsMax) {
    wire::ClockPart part{space_, {}};
    for (std::size_t i = 0; i < limits::kClockLogsMax; ++i)
      part.clock.insert(clock.extract(clock.begin()));
    say(part);
  }
  say(wire::Pull{space_, std::move(clock), limits::kPeerWindowBytesMax});
}

void Post::say(const wire::Message& message) {
  const bool said = peer_->say(message);
  if (!said) FAIL(what_happened());
}

void Post::hear() {
  auto heard = peer_->hear();
  if (!heard) FAIL("nothing is heard; " + what_happened());
  take(*heard);
}

void Post::take(const wire::Message& message) {
  if (const auto* bye = std::get_if<wire::Bye>(&message))
    FAIL("the agent ends the link with " << static_cast<int>(bye->code) << "; " << what_happened());
  if (const auto* ping = std::get_if<wire::Ping>(&message)) {
    if (ping->is_answer) answered_ = ping->number;
    if (!ping->is_answer) say(wire::Ping{ping->number, true});
  } else if (const auto* part = std::get_if<wire::PackPart>(&message)) {
    say(wire::Credit{part->space, part->bytes.size()});
  } else if (const auto* clock = std::get_if<wire::ClockPart>(&message)) {
    coming_.insert(clock->clock.begin(), clock->clock.end());
  } else if (const auto* step = std::get_if<wire::InStep>(&message)) {
    if (step->space != space_) return;
    told_ = true;
    clocks_[space_] = step->clock;
    clocks_[space_].merge(coming_);
    coming_.clear();
  } else if (const auto* credit = std::get_if<wire::Credit>(&message)) {
    if (credit->space == space_) credit_ += credit->bytes;
  } else if (const auto* pull = std::get_if<wire::Pull>(&message)) {
    coming_.clear();
    take_pull(*pull);
  } else if (const auto* grant = std::get_if<wire::Grant>(&message)) {
    const auto ops = oplog::read_open(grant->payload);
    REQUIRE(ops);
    for (const oplog::OpenOp& op : *ops)
      if (const auto* admit = std::get_if<oplog::Admit>(&op))
        for (const oplog::Grant& each : admit->grants)
          if (mallory_.keys.take_grant(each.epoch, each.sealed)) epochs_[grant->space] = each.epoch;
  }
}

void Post::take_pull(const wire::Pull& pull) {
  if (pull.space == space_) {
    pulled_ = true;
    credit_ += pull.credit;
  }
  const auto offered = offered_.find(pull.space);
  if (offered == offered_.end()) return;
  say(wire::PackPart{pull.space, true, offered->second.pack});
  say(wire::InStep{pull.space, offered->second.clock});
  offered_.erase(offered);
}

// ---- what is sent

void Post::earn(std::uint64_t credit) {
  while (credit_ < credit) hear();
  credit_ -= credit;
}

void Post::answer_ping() {
  const std::uint64_t number = ++pings_;
  say(wire::Ping{number, false});
  while (answered_ < number) hear();
}

void Post::send(Forge& forge) {
  for (const Bytes& pack : forge.take_packs()) {
    earn(pack.size());
    REQUIRE(say_in_parts(*peer_, wire::PackPart{space_, true, pack}));
  }
  for (const wire::Message& message : forge.take_messages()) {
    if (const auto* run = std::get_if<wire::LiveRun>(&message)) earn(engine::cost_of(*run));
    say(message);
  }
  for (Founded& each : forge.take_founded()) {
    const SpaceId id = each.space;
    const auto [log, head] = *each.clock.begin();
    offered_.emplace(id, std::move(each));
    say(wire::Have{id, log, head});
    while (offered_.contains(id)) hear();
  }
  answer_ping();
}

void Post::wait_until(const std::function<bool()>& condition) {
  const auto until = std::chrono::steady_clock::now() + 10 * kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until) FAIL("it never came; " + what_happened());
    answer_ping();
  }
}

}  // namespace lanyard::hostile
