// What goes wrong in a world, and how it ends.
#include <algorithm>

#include "tests/sim/world.hpp"

namespace lanyard::sim {

std::vector<DeviceNumber> World::some_devices(std::size_t count) {
  std::vector<DeviceNumber> all(devices_.size());
  for (DeviceNumber i = 0; i < all.size(); ++i) all[i] = i;
  for (std::size_t i = 0; i < count; ++i) std::swap(all[i], all[i + chance_.below(all.size() - i)]);
  all.resize(count);
  return all;
}

void World::plan_faults() {
  schedule_.after(some_time(500, 6000), [this] {
    if (!faulty_) return;
    fault();
    plan_faults();
  });
}

void World::fault() {
  const DeviceNumber one = chance_.below(devices_.size());
  Device& device = *devices_[one];
  switch (chance_.below(11)) {
    case 0:
    case 1: return crash(one);
    case 2: return cut_some(false);
    case 3: return cut_some(true);
    case 4:
    case 5: return partition_some();
    case 6: {
      report_.count(Fault::kClockJump);
      const auto days = static_cast<Schedule::Milliseconds>(chance_.below(4000)) - 2000;
      device.wall_ahead += days * 24 * 3'600'000;
      return;
    }
    case 7: {
      report_.count(Fault::kSlowDisk);
      device.storage_delay_max = some_time(50, 2000);
      schedule_.after(some_time(500, 8000), [&device] { device.storage_delay_max = 4; });
      return;
    }
    case 8:
    case 9: return restore_some();
    default: {
      if (chance_.one_in(2)) {
        report_.count(Fault::kDiskFull);
        device.vault().set_disk_full(true);
        schedule_.after(some_time(500, 8000), [&device] { device.vault().set_disk_full(false); });
        return;
      }
      report_.count(Fault::kSlowLink);
      const auto pair = some_devices(2);
      const std::pair<DeviceNumber, DeviceNumber> name = std::minmax(pair[0], pair[1]);
      network_.slow[name] = some_time(200, 3000);
      schedule_.after(some_time(2000, 20'000), [this, name] { network_.slow.erase(name); });
      return;
    }
  }
}

void World::power_cut(DeviceNumber number) {
  Device& device = *devices_[number];
  report_.count(Fault::kCrash);
  device.power_cut();
  for (const auto& [space, store] : device.vault().stores()) {
    Had& had = had_[{number, space}];
    if (!covers(store->log().clock(), had.applied)) report_.count(Fault::kLostUnsynced);
    had.applied = store->log().clock();  // may step back here, and nowhere else
  }
}

void World::crash(DeviceNumber number) {
  if (!devices_[number]->is_on()) return;
  power_cut(number);
  switch_on_later(number);
}

void World::switch_on_later(DeviceNumber number) {
  schedule_.after(some_time(10, 10'000), [this, number] {
    if (!devices_[number]->is_on()) devices_[number]->switch_on();
  });
}

// ---- older copies, and copies that live

World::Copies World::copy_of(DeviceNumber number) {
  Copies copies;
  for (const auto& [space, store] : devices_[number]->vault().stores()) {
    // Before it is a member there is nothing worth a backup, and a founder would lose its space.
    if (store->log().is_member(devices_[number]->id)) copies.emplace(space, store->copy());
  }
  return copies;
}

void World::restore(DeviceNumber number, const Copies& copies,
                    support::MemoryStore::MarkAfter marks) {
  Device& device = *devices_[number];
  report_.count(Fault::kRestored);
  power_cut(number);
  for (const auto& [space, copy] : copies) {
    support::MemoryStore& store = device.vault().make(space);
    const VectorClock before = store.log().clock();
    Had& had = had_[{number, space}];
    for (const auto& [log, head] : store.durable())
      had.vouched[log] = std::max(had.vouched[log], head);
    store.restore(copy, marks, device.wall());
    had.applied = store.log().clock();
    had.durable = store.durable();
    for (const auto& each : spaces_)
      if (each->id == space) forgive(number, *each, before);
  }
}

/// What only this device had on its disk is gone with it, and nobody can be blamed.
void World::forgive(DeviceNumber number, Space& space, const VectorClock& before) {
  const support::MemoryStore& store = *devices_[number]->vault().find(space.id);
  for (const auto& [log, head] : before) {
    Seq safe = seq_in(store.log().clock(), log);
    if (safe < head.seq && store.log().logs.contains(log) &&
        store.log().logs.at(log).device == devices_[number]->id)
      report_.count(Fault::kLostOwn);
    for (const auto& other : devices_) {
      const support::MemoryStore* at = other->vault().find(space.id);
      if (other->number != number && at != nullptr)
        safe = std::max(safe, seq_in(at->durable(), log));
    }
    if (safe < head.seq) space.ledger.may_be_lost(log, safe);
  }
}

/// A backup is made on one day, and used on another.
void World::restore_some() {
  const DeviceNumber number = chance_.below(devices_.size());
  const auto kept = copies_.find(number);
  if (kept == copies_.end() || kept->second.empty()) {
    copies_[number] = copy_of(number);
    return;
  }
  if (!devices_[number]->is_on()) return;
  restore(number, kept->second, support::MemoryStore::MarkAfter::kOfThisStore);
  if (chance_.one_in(2)) copies_.erase(kept);  // or it is used once more
  switch_on_later(number);
}

DeviceNumber World::clone(DeviceNumber number, support::MemoryStore::MarkAfter marks) {
  report_.count(Fault::kTwin);
  const DeviceNumber twin = devices_.size();
  devices_.push_back(std::make_unique<Device>(twin, *devices_[number], marks, chance_.next()));
  devices_.back()->wall_ahead = devices_[number]->wall_ahead;
  devices_.back()->switch_on();
  ++report_.devices;
  if (dialling_)
    for (DeviceNumber other = 0; other < twin; ++other) dial(other, twin);
  return twin;
}

void World::clone_some() {
  const DeviceNumber number = chance_.below(devices_.size());
  if (faulty_ && !copy_of(number).empty()) clone(number);
}

void World::partition_some() {
  std::vector<std::pair<DeviceNumber, DeviceNumber>> ways;
  if (chance_.one_in(2)) {
    report_.count(Fault::kOneWayPartition);
    const auto pair = some_devices(2);
    ways.emplace_back(pair[0], pair[1]);
  } else {
    report_.count(Fault::kFullPartition);
    const auto side = some_devices(1 + chance_.below(devices_.size() - 1));
    for (const DeviceNumber a : side) {
      for (DeviceNumber b = 0; b < devices_.size(); ++b) {
        if (std::find(side.begin(), side.end(), b) != side.end()) continue;
        ways.emplace_back(a, b);
        ways.emplace_back(b, a);
      }
    }
  }
  for (const auto& [from, to] : ways) network_.block(from, to);
  schedule_.after(some_time(500, 60'000), [this, ways] {
    for (const auto& [from, to] : ways) network_.unblock(from, to);
  });
}

void World::cut_some(bool half_open) {
  const auto links = network_.links();
  if (links.empty()) return;
  if (!half_open) report_.count(Fault::kLinkCut);
  network_.cut(links[chance_.below(links.size())], half_open);
}

void World::end_faults() {
  faulty_ = false;
  network_.loss_one_in = 0;
  network_.slow.clear();
  for (DeviceNumber a = 0; a < devices_.size(); ++a) {
    for (DeviceNumber b = 0; b < devices_.size(); ++b) network_.unblock(a, b);
    devices_[a]->storage_delay_max = 4;
    devices_[a]->vault().set_disk_full(false);
    if (!devices_[a]->is_on()) devices_[a]->switch_on();
  }
}

}  // namespace lanyard::sim
