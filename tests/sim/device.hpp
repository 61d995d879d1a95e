#pragma once

#include "replication/engine/engine.hpp"
#include "tests/sim/client.hpp"
#include "tests/sim/network.hpp"
#include "tests/support/memory_vault.hpp"
#include "tests/support/sim_ports.hpp"

namespace lanyard::sim {

/// What a device does to the world around it, beside the network.
class DeviceWorld {
 public:
  virtual ~DeviceWorld() = default;
  virtual void noticed(DeviceNumber device, const engine::Notice& notice) = 0;
  /// Storage did something: time to look whether the clocks went back.
  virtual void stored(DeviceNumber device) = 0;
  /// A change was signed and is on disk.
  virtual void authored(DeviceNumber device, const oplog::Change& change) = 0;
};

/// One simulated machine: the engine, and a storage thread that takes its time. What a power cut
/// leaves is the vault; everything else is made anew.
class Device {
 public:
  Device(DeviceNumber given, std::uint64_t seed, support::StoreFaults faults, Schedule& schedule,
         Network& network, DeviceWorld& world, Report& report);
  /// Another machine with the same identity and copies of the stores, perhaps of their marks too.
  Device(DeviceNumber given, const Device& twin, support::MemoryStore::MarkAfter marks,
         std::uint64_t seed);
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  const DeviceNumber number;
  const DeviceId id;

  [[nodiscard]] bool is_on() const { return engine_ != nullptr; }
  void switch_on();
  void power_cut();
  void link_up(engine::LinkId link, const DeviceId& peer) { step(engine::PeerUp{link, peer}); }
  void link_down(engine::LinkId link) { step(engine::PeerDown{link}); }
  void received(engine::LinkId link, Bytes message) {
    step(engine::Received{link, std::move(message)});
  }

  [[nodiscard]] support::MemoryVault& vault() { return vault_; }
  [[nodiscard]] WallTime wall() const { return {schedule_.now() + wall_ahead}; }
  /// Whether this device may write there, as it knows.
  [[nodiscard]] bool may_write(const SpaceId& space);

  /// Requests of people, done by storage in their turn.
  void found(const SpaceId& space, const oplog::Founding& founding);
  void admit(const SpaceId& space, const DeviceId& device);
  void write(const SpaceId& space, Client& client, Client::Wish wish, Ledger& ledger);
  void write_unknown(const SpaceId& space);

  Schedule::Milliseconds wall_ahead = 0;  ///< of true time
  Schedule::Milliseconds storage_delay_max = 4;
  /// Bytes of accepted packs that storage has not taken yet.
  [[nodiscard]] std::size_t waiting_bytes_most() const { return waiting_bytes_most_; }

 private:
  struct WaitingWrite {
    Client* client;
    Client::Wish wish;
    Ledger* ledger;
  };
  using Outcome = support::MemoryStore::WriteOutcome;

  void step(engine::Input input);
  void perform(engine::Effect effect);
  void wake_for_deadline();
  void ask_storage(std::function<void()> job);
  void next_job();
  void tell_engine(engine::Input input);
  void committed(Outcome outcome);
  void write_waiting(const SpaceId& space);
  void released(const SpaceId& space);
  /// For what does not wait.
  support::MemoryStore& store_to_write(const SpaceId& space);

  support::Chance chance_;
  Schedule& schedule_;
  Network& network_;
  DeviceWorld& world_;
  Report& report_;
  support::SimHasher hasher_;
  support::SimVerifier verifier_;
  support::SimSigner signer_;
  support::SimCipherFactory ciphers_;
  support::MemoryVault vault_;
  std::unique_ptr<engine::Engine> engine_;

  std::uint64_t generation_ = 0;  ///< what was planned before a power cut does not happen
  std::optional<engine::Instant> planned_wake_;
  std::deque<std::function<void()>> jobs_;
  bool busy_ = false;
  std::map<SpaceId, std::vector<WaitingWrite>> waiting_writes_;
  std::size_t waiting_bytes_ = 0;
  std::size_t waiting_bytes_most_ = 0;
};

}  // namespace lanyard::sim
