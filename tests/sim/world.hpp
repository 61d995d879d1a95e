#pragma once

#include "tests/sim/device.hpp"
#include "tests/sim/state_hash.hpp"

namespace lanyard::sim {

enum class Bug : std::uint8_t {
  kNone,
  kSkipFsync,
  kIgnoreContexts,
  kWallClockDecides,
  kIgnoreMark
};

/// A group of devices on a network, from one number: everything that happens, when, and to whom.
///
/// `live()` lets people write while everything goes wrong; `heal()` ends the faults and waits for
/// the devices to agree; `verdict()` looks for what must never be. Scenarios do by hand what live()
/// does by chance.
class World final : private NetworkUser, private DeviceWorld {
 public:
  struct Options {
    std::uint64_t seed = 0;
    Bug bug = Bug::kNone;
    std::size_t devices = 0;  ///< 0: 3 to 6, by chance
    std::size_t changes = 0;  ///< 0: 300 to 450, by chance
  };
  explicit World(const Options& options);

  void live();
  /// False if the devices do not agree within kHealMax.
  bool heal();
  /// What is wrong, in a few words. Empty: nothing.
  [[nodiscard]] std::string verdict();

  [[nodiscard]] const Report& report() const { return report_; }

  // ---- for scenarios
  [[nodiscard]] Device& device(DeviceNumber number) { return *devices_.at(number); }
  [[nodiscard]] std::size_t device_count() const { return devices_.size(); }
  [[nodiscard]] Network& network() { return network_; }
  SpaceId found_space(DeviceNumber founder);
  void admit(const SpaceId& space, DeviceNumber by, DeviceNumber device);
  void pass(Schedule::Milliseconds time) { schedule_.run_until(schedule_.now() + time); }
  void write(const SpaceId& space, DeviceNumber device, Client& client, merge::LocalOp op);
  void partition(DeviceNumber from, DeviceNumber to) { network_.block(from, to); }
  /// The device is off until it is switched on, and has lost what no fsync had kept.
  void power_cut(DeviceNumber number);
  using Copies = std::map<SpaceId, support::MemoryStore::Copy>;
  /// What a backup of the device's data folder holds.
  [[nodiscard]] Copies copy_of(DeviceNumber number);
  /// The device is off, as after power_cut(), and has the stores of the copy. Its marks: those that
  /// lay beside the copy, or those of now.
  void restore(DeviceNumber number, const Copies& copies, support::MemoryStore::MarkAfter marks);
  /// A second machine starts with a copy of this one's data folder; with kOfTheCopy of its whole
  /// disk.
  DeviceNumber clone(DeviceNumber number, support::MemoryStore::MarkAfter marks =
                                              support::MemoryStore::MarkAfter::kNone);
  /// Everybody dials whom they miss, from now on.
  void keep_dialling();
  [[nodiscard]] Hash hash_of(const SpaceId& space, DeviceNumber device);

  /// Two rounds of digests, and the time that a half-open link takes to be noticed.
  static constexpr Schedule::Milliseconds kHealMax = 120'000;

 private:
  struct Space {
    SpaceId id;
    DeviceNumber founder = 0;
    Ledger ledger;
  };
  /// What a store has had, to notice a step back.
  struct Had {
    VectorClock applied;
    VectorClock durable;
    std::size_t conflicts = 0;
    VectorClock vouched;  ///< durable before it was set back: what is said of it may be on its way
  };

  // NetworkUser and DeviceWorld
  void link_up(DeviceNumber device, engine::LinkId link, DeviceNumber peer) override;
  void link_down(DeviceNumber device, engine::LinkId link) override;
  void received(DeviceNumber device, engine::LinkId link, Bytes message) override;
  void noticed(DeviceNumber device, const engine::Notice& notice) override;
  void stored(DeviceNumber device) override;
  void authored(DeviceNumber device, const oplog::Change& change) override;

  void add_devices(std::size_t count);
  void add_clients();
  void dial(DeviceNumber a, DeviceNumber b);
  void plan_writes();
  void write_something();
  void plan_admissions();
  void try_admission(std::size_t number, DeviceNumber device);
  void plan_faults();
  void fault();
  void crash(DeviceNumber number);
  void restore_some();
  void clone_some();
  void forgive(DeviceNumber number, Space& space, const VectorClock& before);
  void switch_on_later(DeviceNumber number);
  void partition_some();
  void cut_some(bool half_open);
  void end_faults();
  [[nodiscard]] bool agree();
  [[nodiscard]] bool all_durable() const;
  /// What a device still counts as missing at one that it is linked with; empty: nothing.
  [[nodiscard]] std::string find_unconfirmed();
  [[nodiscard]] std::string check_states();
  [[nodiscard]] std::string check_rebuild();
  void wrong(std::string what);
  [[nodiscard]] std::vector<DeviceNumber> some_devices(std::size_t count);
  [[nodiscard]] Schedule::Milliseconds some_time(std::size_t from, std::size_t to) {
    return static_cast<Schedule::Milliseconds>(from + chance_.below(to - from));
  }

  Options options_;
  Report report_;
  support::Chance chance_;
  Schedule schedule_;
  Network network_;
  support::SimHasher hasher_;
  std::vector<std::unique_ptr<Device>> devices_;
  std::vector<std::unique_ptr<Space>> spaces_;
  std::vector<std::unique_ptr<Client>> clients_;  ///< may be anywhere
  std::map<std::pair<DeviceNumber, SpaceId>, Had> had_;
  std::map<Dot, Hash> authored_;           ///< every change that was ever signed
  std::map<DeviceNumber, Copies> copies_;  ///< backups, for a bad day
  std::uint64_t changes_wanted_ = 0;
  bool faulty_ = false;
  bool dialling_ = false;
  std::string wrong_;
};

/// A whole life: what it came to, and what was wrong with it.
struct Life {
  Report report;
  std::string failure;
};
[[nodiscard]] Life live_once(const World::Options& options);

}  // namespace lanyard::sim
