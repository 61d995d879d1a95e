#include "tests/sim/device.hpp"

#include "replication/types/check.hpp"

namespace lanyard::sim {

Device::Device(DeviceNumber given, std::uint64_t seed, support::StoreFaults faults,
               Schedule& schedule, Network& network, DeviceWorld& world, Report& report)
    : number(given),
      id(support::Chance(seed).fixed<DeviceId>()),
      chance_(seed + 1),
      schedule_(schedule),
      network_(network),
      world_(world),
      report_(report),
      signer_(id),
      ciphers_(id, chance_),
      vault_({signer_, hasher_, ciphers_, chance_}, faults) {}

Device::Device(DeviceNumber given, const Device& twin, support::MemoryStore::MarkAfter marks,
               std::uint64_t seed)
    : number(given),
      id(twin.id),
      chance_(seed),
      schedule_(twin.schedule_),
      network_(twin.network_),
      world_(twin.world_),
      report_(twin.report_),
      signer_(id),
      ciphers_(id, chance_),
      vault_({signer_, hasher_, ciphers_, chance_}, twin.vault_.faults()) {
  for (const auto& [space, store] : twin.vault_.stores())
    vault_.make(space).restore(store->copy(), marks, wall());
}

// ---- on and off

void Device::switch_on() {
  LANYARD_CHECK(!is_on(), "a device is switched on once");
  engine_ = std::make_unique<engine::Engine>(
      engine::Config{id, "device " + std::to_string(number), "simulated"}, hasher_, verifier_,
      ciphers_);
}

void Device::power_cut() {
  ++generation_;
  engine_.reset();
  planned_wake_.reset();
  jobs_.clear();
  busy_ = false;
  waiting_writes_.clear();
  waiting_bytes_ = 0;
  network_.switch_off(number);
  vault_.power_cut(wall());
}

// ---- the engine

void Device::step(engine::Input input) {
  if (!is_on()) return;
  report_.trace.add(number << 8 | input.index());
  for (engine::Effect& effect : engine_->step(std::move(input), {schedule_.instant(), wall()}))
    perform(std::move(effect));
  wake_for_deadline();
}

void Device::wake_for_deadline() {
  const auto deadline = engine_->next_deadline();
  if (!deadline || (planned_wake_ && *planned_wake_ <= *deadline)) return;
  planned_wake_ = deadline;
  schedule_.at(deadline->since_origin.count(), [this, generation = generation_] {
    if (generation != generation_ || !is_on()) return;
    planned_wake_.reset();
    step(engine::TimePassed{});
  });
}

void Device::perform(engine::Effect effect) {
  if (const auto* send = std::get_if<engine::Send>(&effect))
    return network_.send(send->link, send->message);
  if (const auto* drop = std::get_if<engine::DropPeer>(&effect)) return network_.close(drop->link);
  if (const auto* notify = std::get_if<engine::Notify>(&effect)) {
    vault_.noticed(notify->notice);
    return world_.noticed(number, notify->notice);
  }
  std::size_t bytes = 0;
  if (const auto* persist = std::get_if<engine::Persist>(&effect))
    bytes = persist->accepted->pack.payload_bytes();
  waiting_bytes_ += bytes;
  waiting_bytes_most_ = std::max(waiting_bytes_most_, waiting_bytes_);
  ask_storage([this, bytes, effect = std::move(effect)] {
    waiting_bytes_ -= bytes;
    if (auto answer = vault_.perform(effect, wall())) tell_engine(std::move(*answer));
    if (const auto* release = std::get_if<engine::ReleaseWrites>(&effect)) released(release->space);
  });
}

void Device::tell_engine(engine::Input input) {
  auto shared = std::make_shared<engine::Input>(std::move(input));
  schedule_.after(1, [this, shared, generation = generation_] {
    if (generation == generation_) step(std::move(*shared));
  });
}

// ---- storage

void Device::ask_storage(std::function<void()> job) {
  jobs_.push_back(std::move(job));
  if (!busy_) next_job();
}

void Device::next_job() {
  busy_ = !jobs_.empty();
  if (!busy_) return;
  const auto delay = static_cast<Schedule::Milliseconds>(
      chance_.below(static_cast<std::size_t>(storage_delay_max)));
  schedule_.after(delay, [this, generation = generation_] {
    if (generation != generation_) return;
    const auto job = std::move(jobs_.front());
    jobs_.pop_front();
    job();
    world_.stored(number);
    next_job();
  });
}

void Device::committed(Outcome outcome) {
  for (engine::Committed& run : outcome.runs) {
    report_.changes += run.changes.size();
    for (const oplog::Change& change : run.changes) world_.authored(number, change);
    tell_engine(std::move(run));
  }
}

bool Device::may_write(const SpaceId& space) {
  const support::MemoryStore* store = vault_.find(space);
  return is_on() && store != nullptr && !store->grants_in_log().empty() && !vault_.is_disk_full();
}

void Device::found(const SpaceId& space, const oplog::Founding& founding) {
  ask_storage([this, space, founding] { committed(vault_.make(space).found(founding, wall())); });
}

void Device::admit(const SpaceId& space, const DeviceId& device) {
  ask_storage([this, space, device] {
    if (vault_.make(space).log().is_member(device)) return;
    committed(store_to_write(space).admit(device, wall()));
  });
}

void Device::write_unknown(const SpaceId& space) {
  ask_storage([this, space] {
    report_.count(Fault::kNewerDevice);
    ++report_.ops["of a newer version"];
    committed(store_to_write(space).write_unknown(wall()));
  });
}

void Device::write(const SpaceId& space, Client& client, Client::Wish wish, Ledger& ledger) {
  auto& waiting = waiting_writes_[space];
  waiting.push_back({&client, std::move(wish), &ledger});
  // What waits meanwhile joins the same run.
  if (waiting.size() == 1) ask_storage([this, space] { write_waiting(space); });
}

support::MemoryStore& Device::store_to_write(const SpaceId& space) {
  support::MemoryStore& store = vault_.make(space);
  if (vault_.is_held(space)) store.start_incarnation();
  return store;
}

void Device::released(const SpaceId& space) {
  if (!waiting_writes_[space].empty()) ask_storage([this, space] { write_waiting(space); });
}

void Device::write_waiting(const SpaceId& space) {
  if (vault_.is_held(space)) return;
  support::MemoryStore& store = vault_.make(space);
  const std::vector<WaitingWrite> waiting = std::exchange(waiting_writes_[space], {});
  std::vector<merge::LocalChange> changes;
  changes.reserve(waiting.size());
  for (const WaitingWrite& each : waiting) changes.push_back(each.wish.change);
  const VectorClock held = store.log().clock();
  Outcome outcome = store.write(changes, wall());
  for (std::size_t i = 0; i < waiting.size(); ++i) {
    const auto& answer = outcome.answers[i];
    if (answer) {
      waiting[i].client->acknowledged(waiting[i].wish, *answer, held, *waiting[i].ledger, report_);
    } else {
      ++report_.refused;
    }
  }
  committed(std::move(outcome));
}

}  // namespace lanyard::sim
