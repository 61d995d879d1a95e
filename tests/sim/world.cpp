#include "tests/sim/world.hpp"

#include <algorithm>

#include "replication/types/check.hpp"
#include "replication/types/limits.hpp"

namespace lanyard::sim {
namespace {

support::StoreFaults faults_of(Bug bug) {
  support::StoreFaults faults;
  faults.skip_fsync = bug == Bug::kSkipFsync;
  faults.ignore_mark = bug == Bug::kIgnoreMark;
  if (bug == Bug::kIgnoreContexts) faults.bug = merge::PlantedBug::kIgnoreContexts;
  if (bug == Bug::kWallClockDecides) faults.bug = merge::PlantedBug::kWallClockDecides;
  return faults;
}

}  // namespace

World::World(const Options& options)
    : options_(options),
      chance_(options.seed * 1000 + 1),
      network_(schedule_, chance_, *this, report_) {
  report_.seeds = 1;
  add_devices(options.devices != 0 ? options.devices : 3 + chance_.below(4));
  changes_wanted_ = options.changes != 0 ? options.changes : 320 + chance_.below(150);
}

void World::add_devices(std::size_t count) {
  for (DeviceNumber i = 0; i < count; ++i) {
    DeviceWorld& world = *this;
    devices_.push_back(std::make_unique<Device>(i, chance_.next(), faults_of(options_.bug),
                                                schedule_, network_, world, report_));
    devices_.back()->switch_on();
  }
  report_.devices = count;
}

// ---- what happens

void World::link_up(DeviceNumber device, engine::LinkId link, DeviceNumber peer) {
  devices_[device]->link_up(link, devices_[peer]->id);
}

void World::link_down(DeviceNumber device, engine::LinkId link) {
  devices_[device]->link_down(link);
}

void World::received(DeviceNumber device, engine::LinkId link, Bytes message) {
  devices_[device]->received(link, std::move(message));
}

void World::noticed(DeviceNumber device, const engine::Notice& notice) {
  const auto* told = std::get_if<engine::PeerAcknowledged>(&notice);
  if (told == nullptr) return;
  const auto has_it = [&](const auto& peer) {
    const support::MemoryStore* store = peer->vault().find(told->space);
    if (peer->id != told->peer || store == nullptr) return false;
    VectorClock durable = store->durable();
    for (const auto& [log, head] : had_[{peer->number, told->space}].vouched)
      durable[log] = std::max(durable[log], head);
    return covers(durable, told->durable);
  };
  if (std::none_of(devices_.begin(), devices_.end(), has_it))
    wrong("what was acknowledged to device " + std::to_string(device) +
          " is not durable at the one that said so");
}

void World::authored(DeviceNumber device, const oplog::Change& change) {
  const auto [place, fresh] = authored_.try_emplace(change.dot(), change.hash);
  if (!fresh && place->second != change.hash)
    wrong("device " + std::to_string(device) + " signed two changes with the number " +
          std::to_string(change.header.seq.value) + " of one log");
}

void World::stored(DeviceNumber device) {
  for (const auto& [space, store] : devices_[device]->vault().stores()) {
    Had& had = had_[{device, space}];
    const VectorClock applied = store->log().clock();
    if (!covers(applied, had.applied) || !covers(store->durable(), had.durable))
      wrong("a clock of device " + std::to_string(device) + " stepped back");
    if (applied == had.applied && store->durable() == had.durable) continue;
    const std::size_t now = conflicts(*store);
    if (now > had.conflicts) report_.conflicts += now - had.conflicts;
    had = {applied, store->durable(), now, std::move(had.vouched)};
  }
}

void World::wrong(std::string what) {
  if (wrong_.empty()) wrong_ = std::move(what);
}

// ---- spaces and writes

SpaceId World::found_space(DeviceNumber founder) {
  const auto founding = chance_.fixed<oplog::Founding>();
  const SpaceId id = oplog::space_id_of(devices_[founder]->id, founding, hasher_);
  spaces_.push_back(std::make_unique<Space>(Space{id, founder, {}}));
  devices_[founder]->found(id, founding);
  ++report_.spaces;
  return id;
}

void World::admit(const SpaceId& space, DeviceNumber by, DeviceNumber device) {
  devices_[by]->admit(space, devices_[device]->id);
}

void World::write(const SpaceId& space, DeviceNumber device, Client& client, merge::LocalOp op) {
  const auto found = std::find_if(spaces_.begin(), spaces_.end(),
                                  [&](const auto& each) { return each->id == space; });
  if (found == spaces_.end()) return;
  devices_[device]->write(space, client, {{{std::move(op)}}, {{}}}, (*found)->ledger);
}

void World::add_clients() {
  for (std::size_t i = 0; i < devices_.size() * 4; ++i) {
    clients_.push_back(std::make_unique<Client>(chance_.next()));
  }
  clients_[chance_.below(clients_.size())]->has_large_value = chance_.one_in(3);
}

void World::plan_writes() {
  if (report_.changes >= changes_wanted_) return;
  schedule_.after(some_time(20, chance_.one_in(6) ? 3000 : 500), [this] {
    write_something();
    plan_writes();
  });
}

void World::write_something() {
  Space& space = *spaces_[chance_.below(spaces_.size())];
  const DeviceNumber at = chance_.below(devices_.size());
  if (!devices_[at]->may_write(space.id)) return;
  if (chance_.one_in(60)) return devices_[at]->write_unknown(space.id);
  const bool roams = chance_.one_in(12);
  if (roams) report_.count(Fault::kRoamingClient);
  // Two clients for each device and space; what they have read is of that space only.
  const DeviceNumber home = (roams ? chance_.below(devices_.size()) : at) % (clients_.size() / 4);
  Client& client = *clients_[home * 4 + chance_.below(2) * 2 + space.founder % 2];
  if (chance_.one_in(2)) client.read_some(*devices_[at]->vault().find(space.id));
  devices_[at]->write(space.id, client, client.wish(report_), space.ledger);
}

void World::plan_admissions() {
  for (std::size_t space = 0; space < spaces_.size(); ++space) {
    for (DeviceNumber device = 0; device < devices_.size(); ++device) {
      const bool late = chance_.one_in(3);
      if (late) report_.count(Fault::kLateAdmission);
      const auto when = late ? some_time(20'000, 60'000) : some_time(200, 3000);
      schedule_.after(when, [this, space, device] { try_admission(space, device); });
    }
  }
}

/// By any member, until it is one.
void World::try_admission(std::size_t number, DeviceNumber device) {
  const Space& space = *spaces_[number];
  const DeviceNumber by = chance_.one_in(2) ? space.founder : chance_.below(devices_.size());
  const support::MemoryStore* own = devices_[device]->vault().find(space.id);
  if (own != nullptr && own->log().is_member(devices_[device]->id)) return;
  if (by != device && devices_[by]->may_write(space.id)) admit(space.id, by, device);
  schedule_.after(some_time(1000, 8000), [this, number, device] { try_admission(number, device); });
}

// ---- links

void World::dial(DeviceNumber a, DeviceNumber b) {
  schedule_.after(some_time(300, 3000), [this, a, b] {
    const DeviceNumber from = chance_.one_in(2) ? a : b;
    const DeviceNumber to = from == a ? b : a;
    const bool open = devices_[a]->is_on() && devices_[b]->is_on() && !network_.is_blocked(a, b) &&
                      !network_.is_blocked(b, a);
    // Once in a while both dial at the same time.
    const bool wanted = !network_.believes_linked(from, to) || (faulty_ && chance_.one_in(40));
    const bool is_itself = devices_[a]->id == devices_[b]->id;  // no device links with its own id
    if (open && wanted && !is_itself) network_.connect(from, to);
    dial(a, b);
  });
}

void World::keep_dialling() {
  if (std::exchange(dialling_, true)) return;
  for (DeviceNumber a = 0; a < devices_.size(); ++a) {
    for (DeviceNumber b = a + 1; b < devices_.size(); ++b) dial(a, b);
  }
}

// ---- the course of a life

void World::live() {
  faulty_ = true;
  add_clients();
  for (const auto& device : devices_) {
    if (!chance_.one_in(3)) continue;
    report_.count(Fault::kClockSkew);
    const auto years = static_cast<Schedule::Milliseconds>(chance_.below(40)) - 20;
    device->wall_ahead = years * 365 * 24 * 3'600'000 + some_time(0, 1'000'000);
  }
  for (const auto& device : devices_) device->wall_ahead += 1'700'000'000'000;
  found_space(0);
  if (chance_.one_in(3)) found_space(1);
  plan_admissions();
  keep_dialling();
  plan_faults();
  if (chance_.one_in(4)) schedule_.after(some_time(10'000, 60'000), [this] { clone_some(); });
  plan_writes();
  network_.loss_one_in = chance_.one_in(2) ? 0 : 100 + chance_.below(400);
  while (report_.changes < changes_wanted_ && schedule_.now() < 3'600'000) pass(1000);
}

bool World::heal() {
  end_faults();
  const auto start = schedule_.now();
  while (schedule_.now() - start < kHealMax) {
    pass(500);
    if (!agree()) continue;
    report_.heal_longest = schedule_.now() - start;
    pass(3000);                      // what is applied becomes durable
    if (!all_durable()) pass(3000);  // a write that had waited behind a slow disk came meanwhile
    // What a cut link took of the acknowledgements is asked for when digests are compared again.
    while (!find_unconfirmed().empty() && schedule_.now() - start < kHealMax) pass(1000);
    break;
  }
  report_.milliseconds = schedule_.now();
  return agree();
}

bool World::agree() {
  for (const auto& space : spaces_) {
    for (const auto& device : devices_) {
      const support::MemoryStore* store = device->vault().find(space->id);
      const support::MemoryStore* first = devices_.front()->vault().find(space->id);
      if (store == nullptr || first == nullptr) return false;
      if (!store->log().is_member(device->id)) return false;
      if (store->log().clock() != first->log().clock()) return false;
    }
  }
  return true;
}

bool World::all_durable() const {
  return std::all_of(devices_.begin(), devices_.end(), [](const auto& device) {
    const auto& stores = device->vault().stores();
    return std::all_of(stores.begin(), stores.end(), [](const auto& each) {
      return each.second->durable() == each.second->log().clock();
    });
  });
}

/// Who is linked says what it holds, to the last change.
std::string World::find_unconfirmed() {
  for (const auto& device : devices_) {
    for (const auto& peer : devices_) {
      if (!network_.believes_linked(device->number, peer->number)) continue;
      for (const auto& [space, store] : device->vault().stores()) {
        if (const auto missing = device->vault().missing(peer->id, space); missing > 0)
          return "device " + std::to_string(device->number) + " counts " + std::to_string(missing) +
                 " changes as not yet at device " + std::to_string(peer->number);
      }
    }
  }
  return {};
}

// ---- the verdict

Hash World::hash_of(const SpaceId& space, DeviceNumber device) {
  const support::MemoryStore* store = devices_[device]->vault().find(space);
  return store == nullptr ? Hash{} : state_hash(*store, hasher_);
}

std::string World::check_states() {
  for (const auto& space : spaces_) {
    const Hash expected = hash_of(space->id, 0);
    report_.trace.add(expected.view());
    for (DeviceNumber i = 1; i < devices_.size(); ++i) {
      if (hash_of(space->id, i) != expected)
        return "the states of devices 0 and " + std::to_string(i) + " differ";
    }
    for (const auto& device : devices_) {
      const support::MemoryStore& store = *device->vault().find(space->id);
      if (store.durable() != store.log().clock())
        return "device " + std::to_string(device->number) + " did not make all durable";
    }
    for (const auto& device : devices_)
      report_.void_deletes += device->vault().find(space->id)->void_deletes();
    const support::MemoryStore& store = *devices_.front()->vault().find(space->id);
    std::string lost = space->ledger.find_loss(store);
    if (!lost.empty()) return lost;
  }
  return {};
}

/// What is rebuilt from the log is what was merged as it came.
std::string World::check_rebuild() {
  Device& device = *devices_[chance_.below(devices_.size())];
  for (const auto& space : spaces_) {
    const Hash before = hash_of(space->id, device.number);
    device.vault().find(space->id)->power_cut(device.wall());
    if (hash_of(space->id, device.number) != before)
      return "a rebuild of device " + std::to_string(device.number) + " gives another state";
  }
  return {};
}

std::string World::verdict() {
  if (!wrong_.empty()) return wrong_;
  if (!agree())
    return "the devices do not agree " + std::to_string(kHealMax) + " ms after the heal";
  if (network_.under_way_most() > Network::kUnderWayMax)
    return "a link carried more than its bound";
  for (const auto& device : devices_) {
    if (device->waiting_bytes_most() > devices_.size() * 2 * limits::kPeerWindowBytesMax)
      return "more waited for storage than credit allows";
  }
  if (std::string unconfirmed = find_unconfirmed(); !unconfirmed.empty()) return unconfirmed;
  std::string differs = check_states();
  if (differs.empty()) differs = check_rebuild();
  return differs;
}

Life live_once(const World::Options& options) {
  World world(options);
  world.live();
  static_cast<void>(world.heal());
  Life life;
  life.failure = world.verdict();
  life.report = world.report();
  if (!life.failure.empty()) life.report.failed = {options.seed};
  return life;
}

}  // namespace lanyard::sim
