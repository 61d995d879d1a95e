#pragma once

#include "replication/engine/effect.hpp"
#include "tests/support/memory_store.hpp"

namespace lanyard::support {

/// All spaces of one device, and the answers that storage gives to the engine.
class MemoryVault {
 public:
  MemoryVault(const StorePorts& ports, StoreFaults faults) : ports_(ports), faults_(faults) {}

  /// An empty store, if there is none.
  MemoryStore& make(const SpaceId& space);
  [[nodiscard]] MemoryStore* find(const SpaceId& space);
  [[nodiscard]] const std::map<SpaceId, std::unique_ptr<MemoryStore>>& stores() const {
    return stores_;
  }
  [[nodiscard]] const StoreFaults& faults() const { return faults_; }
  void leave(const SpaceId& space) { left_.insert(space); }
  /// No space that is not here is taken from this device.
  void refuse_from(const DeviceId& device) { refused_.insert(device); }
  /// How often the engine has asked for a space that a peer offers.
  void set_disk_full(bool full) { disk_full_ = full; }
  [[nodiscard]] bool is_disk_full() const { return disk_full_; }
  /// Changes of this device wait, by the engine's word.
  [[nodiscard]] bool is_held(const SpaceId& space) const { return held_.contains(space); }

  /// Does what the effect asks of storage. Nothing for an effect that asks nothing of it.
  [[nodiscard]] std::optional<engine::Input> perform(const engine::Effect& effect, WallTime wall);
  /// What the engine told people: what a peer has acknowledged is kept, as a real vault does.
  void noticed(const engine::Notice& notice);
  /// Changes held here that the peer is not known to hold durably.
  [[nodiscard]] std::uint64_t missing(const DeviceId& peer, const SpaceId& space) const;
  void power_cut(WallTime wall);

 private:
  engine::Input on(const engine::LoadShared& effect);
  engine::Input on(const engine::OpenSpace& effect);
  engine::Input on(const engine::JoinSpace& effect);
  std::optional<engine::Input> on(const engine::AddSpace& effect);
  engine::Input on(const engine::Persist& effect, WallTime wall);
  engine::Input on(const engine::MakeDurable& effect);
  engine::Input on(const engine::LoadLog& effect);
  engine::Input on(const engine::LoadGrant& effect);
  std::optional<engine::Input> on(const engine::KeepGrant& effect);
  std::optional<engine::Input> on(const engine::LoadForkPoints& effect);
  std::optional<engine::Input> on(const engine::FindBranch& effect);
  std::optional<engine::Input> on(const engine::LoadForks& effect);
  std::optional<engine::Input> on(const engine::KeepFork& effect);

  void release(const engine::ReleaseWrites& effect);

  StorePorts ports_;
  StoreFaults faults_;
  bool disk_full_ = false;
  std::set<SpaceId> left_;
  std::set<DeviceId> refused_;
  std::set<SpaceId> held_;
  std::map<std::pair<DeviceId, SpaceId>, VectorClock> told_;  ///< as acknowledged
  std::map<SpaceId, std::unique_ptr<MemoryStore>> stores_;
};

}  // namespace lanyard::support
