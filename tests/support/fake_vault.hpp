#pragma once

#include <map>
#include <set>

#include "storage/vault.hpp"

namespace lanyard::support {

/// What a FakeVault was asked to do, in order, and how it is to answer. Outlives the vault; to be
/// read and changed on the storage thread, or when there is none.
struct FakeVaultScript {
  /// "write 3", "apply 2 packs", "upkeep", "close", and what a test adds.
  std::vector<std::string> events;

  std::optional<Error> write_fails;  ///< every answer of a write
  std::optional<Error> apply_fails;  ///< every apply
  std::optional<Error> no_room;      ///< room_to_write()
  std::set<SpaceId> missing;         ///< space() answers kNotFound
  std::function<void()> in_write;    ///< called before each write answers
  std::function<void()> in_apply;    ///< called for each pack that is taken
  std::function<void()> in_upkeep;   ///< called by each upkeep()
  std::size_t upkeep_pieces = 0;     ///< upkeep() answers true so often
  std::optional<std::chrono::milliseconds> upkeep_within;
};

/// A Vault without a disk, whose stores remember what they were asked.
class FakeVault final : public storage::Vault {
 public:
  explicit FakeVault(FakeVaultScript& script);
  ~FakeVault() override;

  Result<std::vector<storage::KnownDevice>> devices() override { return {}; }
  Status add_device(const DeviceId&, const std::string&, WallTime) override { return {}; }
  Status rename_device(const DeviceId&, const std::string&) override { return {}; }
  Status forget_device(const DeviceId&, WallTime) override { return {}; }
  Status saw_device(const DeviceId&, const std::string&, const std::string&, WallTime) override {
    return {};
  }
  Result<std::vector<storage::SpaceEntry>> spaces() override { return {}; }
  Result<Created> create_space(const std::string&, WallTime) override { return Created{}; }
  Result<bool> has_space(const SpaceId&) override { return true; }
  Status join_space(const SpaceId&, const DeviceId&, WallTime) override { return {}; }
  Result<storage::WriteOutcome> share_space(const SpaceId&, const DeviceId&, WallTime) override {
    return storage::WriteOutcome{};
  }
  Result<bool> refresh_space(const SpaceId&) override { return false; }
  Status leave_space(const SpaceId&, storage::LeftCopy) override { return {}; }
  Status change_space(const SpaceId&, const storage::SpaceWish&) override { return {}; }
  Result<storage::SpaceStore*> space_to_sync(const SpaceId& id) override { return space(id); }
  Result<storage::SpaceStore*> space_to_write(const SpaceId& id) override { return space(id); }
  Result<storage::SpaceStore*> space(const SpaceId& space) override;
  Result<std::vector<storage::SharedSpace>> shared_with(const DeviceId&) override { return {}; }
  Status room_to_write() override;
  Status can_write() override { return room_to_write(); }
  std::map<SpaceId, storage::SpaceTrouble> troubles() override { return {}; }
  std::filesystem::path file_of(const SpaceId&) const override { return {}; }
  Result<SpaceId> home_id(WallTime) override { return SpaceId{}; }
  Result<storage::Home> home(WallTime) override { return storage::Home{}; }
  Result<PairOutcome> pair(const storage::NewPairing&, WallTime) override { return PairOutcome{}; }
  Result<storage::HomeMove> move_home(WallTime) override { return storage::HomeMove{}; }
  SpaceId stands_for(const SpaceId& space) const override { return space; }
  Result<std::vector<storage::TokenEntry>> tokens() override { return {}; }
  Status add_token(const storage::TokenEntry&) override { return {}; }
  Status add_right(const storage::TokenId&, const SpaceId&) override { return {}; }
  Status revoke_token(const storage::TokenId&) override { return {}; }
  Status used_tokens(const std::vector<storage::TokenUse>&) override { return {}; }
  Status acknowledged(const DeviceId&, const SpaceId&, const VectorClock&, WallTime) override {
    return {};
  }
  Result<std::vector<storage::PeerProgress>> progress() override { return {}; }
  Result<std::map<DeviceId, std::int64_t>> told_ms() override { return {}; }
  Result<std::map<SpaceId, storage::SpaceCounts>> counts() override { return {}; }
  Result<std::optional<std::string>> setting(const std::string&) override { return {}; }
  Status set_setting(const std::string&, const std::string&) override { return {}; }
  bool upkeep(WallTime now) override;
  std::optional<std::chrono::milliseconds> upkeep_within() const override {
    return script_.upkeep_within;
  }
  void close() override;

 private:
  FakeVaultScript& script_;
  std::map<SpaceId, std::unique_ptr<storage::SpaceStore>> stores_;
};

}  // namespace lanyard::support
