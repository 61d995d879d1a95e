#pragma once

#include <chrono>
#include <map>
#include <set>

#include "storage/platform.hpp"
#include "storage/space_files.hpp"
#include "storage/vault.hpp"

namespace lanyard::storage {

/// The Vault over a data folder.
class FileVault final : public Vault {
 public:
  /// `dirty`: spaces whose digest in platform.sqlite may be old. `parts`: those that were carried
  /// over, and into which.
  FileVault(Options options, const Ports& ports, Platform platform, std::set<SpaceId> dirty,
            std::map<SpaceId, SpaceId> parts);
  ~FileVault() override;

  [[nodiscard]] Result<std::vector<KnownDevice>> devices() override;
  [[nodiscard]] Status add_device(const DeviceId& device, const std::string& address,
                                  WallTime now) override;
  [[nodiscard]] Status rename_device(const DeviceId& device, const std::string& name) override;
  [[nodiscard]] Status forget_device(const DeviceId& device, WallTime now) override;
  [[nodiscard]] Status reached_device(const DeviceId& device, const std::string& address) override;
  [[nodiscard]] Result<std::vector<oplog::Forgetting>> forgettings_for(
      const DeviceId& peer) override;
  [[nodiscard]] Result<std::map<DeviceId, std::string>> said_names() override;
  [[nodiscard]] Result<std::uint64_t> accept_loss(const SpaceId& space) override;
  [[nodiscard]] Status hear_names(const DeviceId& from,
                                  const std::map<DeviceId, std::string>& names,
                                  WallTime now) override;
  [[nodiscard]] Result<bool> hear_forgettings(const DeviceId& from,
                                              std::vector<oplog::Forgetting> words) override;
  [[nodiscard]] Status saw_device(const DeviceId& device, const std::string& says_name,
                                  const std::string& address, WallTime now) override;

  [[nodiscard]] Result<std::vector<SpaceEntry>> spaces() override;
  [[nodiscard]] Result<Created> create_space(const std::string& wanted, WallTime now) override;
  [[nodiscard]] std::vector<Excess> excesses() override;
  [[nodiscard]] Result<bool> has_space(const SpaceId& space) override;
  [[nodiscard]] Status join_space(const SpaceId& space, const DeviceId& from,
                                  WallTime now) override;
  [[nodiscard]] Result<WriteOutcome> share_space(const SpaceId& space, const DeviceId& device,
                                                 WallTime now) override;
  [[nodiscard]] Result<bool> refresh_space(const SpaceId& space) override;
  [[nodiscard]] Status leave_space(const SpaceId& space, LeftCopy copy) override;
  [[nodiscard]] Status invite(const DeviceId& device, const SpaceId& space) override;
  [[nodiscard]] Status invited(const DeviceId& device, const SpaceId& space) override;
  [[nodiscard]] Result<std::vector<SpaceId>> invitations(const DeviceId& device) override;
  [[nodiscard]] Result<bool> rejoin_space(const SpaceId& space, const DeviceId& from) override;
  [[nodiscard]] Status change_space(const SpaceId& space, const SpaceWish& wish) override;
  [[nodiscard]] Result<SpaceStore*> space_to_sync(const SpaceId& space) override;
  [[nodiscard]] Result<SpaceStore*> space_to_write(const SpaceId& space) override;
  [[nodiscard]] Result<SpaceStore*> space(const SpaceId& space) override;
  [[nodiscard]] Result<std::vector<SharedSpace>> shared_with(const DeviceId& peer) override;
  [[nodiscard]] Status room_to_write() override;
  [[nodiscard]] Status can_write() override;
  [[nodiscard]] std::map<SpaceId, SpaceTrouble> troubles() override;
  [[nodiscard]] std::vector<Error> warnings() override { return warnings_; }
  void found_damage(const SpaceId& space, const Error& what) override;
  [[nodiscard]] std::filesystem::path file_of(const SpaceId& space) const override;

  [[nodiscard]] Status settle_identity(WallTime now) override;
  [[nodiscard]] Result<Home> home_for(const DeviceId& peer, WallTime now) override;
  [[nodiscard]] Result<SpaceId> home_id(WallTime now) override;
  [[nodiscard]] Result<Home> home(WallTime now) override;
  [[nodiscard]] Result<PairOutcome> pair(const NewPairing& pairing, WallTime now) override;
  [[nodiscard]] Result<HomeMove> move_home(WallTime now) override;
  [[nodiscard]] SpaceId stands_for(const SpaceId& space) const override;

  [[nodiscard]] Result<std::vector<TokenEntry>> tokens() override;
  [[nodiscard]] Status add_token(const TokenEntry& token) override;
  [[nodiscard]] Status add_right(const TokenId& token, const SpaceId& space) override;
  [[nodiscard]] Status revoke_token(const TokenId& token) override;
  [[nodiscard]] Status used_tokens(const std::vector<TokenUse>& uses) override;

  [[nodiscard]] Status acknowledged(const DeviceId& device, const SpaceId& space,
                                    const VectorClock& durable, WallTime now) override;
  [[nodiscard]] Result<std::vector<PeerProgress>> progress() override;
  [[nodiscard]] Result<std::map<DeviceId, std::int64_t>> told_ms() override;
  [[nodiscard]] Result<std::map<SpaceId, SpaceCounts>> counts() override;
  [[nodiscard]] Result<std::optional<std::string>> setting(const std::string& key) override;
  [[nodiscard]] Status set_setting(const std::string& key, const std::string& value) override;

  [[nodiscard]] bool upkeep(WallTime now) override;
  [[nodiscard]] std::optional<std::chrono::milliseconds> upkeep_within() const override;
  void close() override;

  /// Ends what a crash cut off: the files of spaces that were left and removed.
  [[nodiscard]] Status remove_left_copies();
  /// The same for those that were dropped (file_vault_unfounded.cpp).
  [[nodiscard]] Status end_drops();
  /// What is known of devices that do what no honest one does. To be called once, first.
  [[nodiscard]] Status load_excesses();
  /// Ends what never came to anything (file_vault_unfounded.cpp). To be called once, before
  /// look_over().
  [[nodiscard]] Status drop_unfounded();
  /// Compares the files with what is known of them (file_vault_look.cpp). To be called once, first.
  [[nodiscard]] Status look_over();

 private:
  // What a space's file goes through (file_vault_files.cpp).
  [[nodiscard]] Result<WatchedStore*> open_store(const SpaceId& space);
  [[nodiscard]] Result<WatchedStore*> open_closed(const SpaceId& space);
  void note_trouble(const SpaceId& space, const Result<WatchedStore*>& opened);
  [[nodiscard]] Result<std::unique_ptr<WatchedStore>> open_file(
      const SpaceId& space, const std::optional<Error>& read_only_because);
  [[nodiscard]] Status rescue_file(const SpaceId& space);
  void disk_failed(const SpaceId& space, const Error& error);
  [[nodiscard]] Status before_write(const SpaceId& space);
  void before_close(const SpaceId& space, WatchedStore& store);
  void forget_wal(const SpaceId& space, const WatchedStore& store);
  [[nodiscard]] Hash digest_of(const WatchedStore& store) const;
  /// Brings what platform.sqlite says of one space up to date after a crash; false if there is
  /// none.
  bool settle_one();
  void report(const SpaceId& space, const Error& error) const;
  void condition_changed(const SpaceId& space, const WatchedStore& store);
  void tell_condition(const SpaceId& space, StoreCondition condition) const;
  void tell_room();
  [[nodiscard]] Status look_at_room(const DiskSpace& disk);
  [[nodiscard]] Status room_to_merge();
  bool wal_changed(const SpaceId& space, const WatchedStore& store);
  bool log_damage_changed(const SpaceId& space, const LogDamage& damage);
  void opened_damaged(const SpaceId& space, const WatchedStore& store);
  [[nodiscard]] Status load_log_damage();

  // What was acknowledged and is not here (file_vault_look.cpp).
  [[nodiscard]] Result<bool> is_put_back();
  void look_at_file(const SpaceId& space, bool wants_open);
  [[nodiscard]] Status take_in(const std::vector<SpaceId>& found);
  [[nodiscard]] Status load_losses();
  void note_loss(const SpaceId& space, WatchedStore& store, bool had_data);
  void look_for_lost(const SpaceId& space, const WatchedStore& store);
  [[nodiscard]] bool has_other_members(const SpaceId& space);
  void applied(const SpaceId& space, const WatchedStore& store, const ApplyOutcome& outcome,
               WallTime wall);

  // Devices that do what no honest one does (file_vault_excess.cpp).
  /// After changes came in.
  [[nodiscard]] Status look_for_excess(const SpaceId& space, const oplog::SpaceLog& log);
  [[nodiscard]] Status note_excess(const DeviceId& device, const SpaceId& space,
                                   const std::string& what);

  // Spaces that others made known (file_vault_unfounded.cpp).
  [[nodiscard]] Status drop_space(const SpaceId& space);
  [[nodiscard]] Status end_drop(const SpaceId& space);
  [[nodiscard]] Result<bool> is_drop_begun(const SpaceId& space);
  [[nodiscard]] Status forget_drop(const SpaceId& space);
  [[nodiscard]] bool has_written(const SpaceId& space) const;
  [[nodiscard]] Status find_forsaken();
  bool look_at_forsaken();
  [[nodiscard]] Status drop_if_forsaken(const SpaceId& space, const DeviceId& device);

  // Spaces (file_vault_spaces.cpp).
  struct NewName {
    std::string here;  ///< free on this device
    std::string said;  ///< as others learn it
  };
  [[nodiscard]] Result<Created> found_space(const SpaceId& space, const oplog::Founding& founding,
                                            const NewName& name, WallTime now);
  [[nodiscard]] Status take_name(const SpaceId& space);
  [[nodiscard]] Status is_elsewhere(const SpaceId& space);
  [[nodiscard]] Status put_away(const SpaceId& space, const Platform::Space& row, LeftCopy copy);
  [[nodiscard]] Status may_go(const SpaceId& space, const Platform::Space& row);
  [[nodiscard]] bool was_never_used(const SpaceId& space) const;
  [[nodiscard]] Status close_for_good(const SpaceId& space);
  [[nodiscard]] Status remove_copy(const SpaceId& space);
  [[nodiscard]] Result<std::string> free_space_name(const std::string& name);

  // Devices that were forgotten (file_vault_forgotten.cpp).
  /// Whose words on other devices count here.
  [[nodiscard]] Result<std::set<DeviceId>> kin();
  /// Who is forgotten, found anew; true if it was another way.
  [[nodiscard]] Result<bool> settle_forgotten();
  /// A person here decides.
  [[nodiscard]] Status say(const DeviceId& device, bool is_forgotten, WallTime now);
  [[nodiscard]] Status say_known(const DeviceId& device, WallTime now);
  /// Of those that were forgotten before such words were kept.
  [[nodiscard]] Status say_of_old(WallTime now);

  // Our `default` (file_vault_home.cpp).
  [[nodiscard]] Result<std::optional<SpaceId>> space_setting(const char* key);
  [[nodiscard]] Result<bool> is_shared(const SpaceId& space);
  [[nodiscard]] Result<bool> can_move_to(const SpaceId& space);
  [[nodiscard]] Result<HomeMove> carry_piece(const SpaceId& from, const SpaceId& to, WallTime now);
  /// A piece of about so many bytes of carrying one space over into another; kOver with the last.
  [[nodiscard]] Result<HomeMove> carry_some(const SpaceId& from, const SpaceId& to,
                                            std::size_t bytes, WallTime now);

  // A new identity (file_vault_identity.cpp).
  [[nodiscard]] Status renew_if_left_behind(const SpaceEntry& entry, WallTime now);
  [[nodiscard]] Result<SpaceId> found_renewal(const SpaceId& old, const std::string& wanted,
                                              WallTime now);

  Options options_;
  Ports ports_;
  Platform platform_;
  MarkFolder marks_;
  SpaceFiles files_;
  /// As platform.sqlite says: marked before the first write, clean again once closed.
  std::set<SpaceId> dirty_;
  std::set<SpaceId> unsettled_;       ///< dirty ones that cannot be settled now: reported once
  std::map<SpaceId, SpaceId> parts_;  ///< what was carried over, and into what
  std::set<SpaceId> failed_;          ///< as `has_failed`, which may not have been written
  bool move_is_untold_ = false;       ///< a move of our `default` has begun, and nobody was told
  std::map<SpaceId, SpaceTrouble> troubles_;
  std::map<SpaceId, LostWrites> accepted_;     ///< what a person has said is known
  std::map<SpaceId, LostWrites> lost_;         ///< until they came back; some are settings as well
  std::map<SpaceId, SpaceTrouble> copies_;     ///< another copy of this device writes to them
  std::map<SpaceId, SpaceTrouble> damaged_;    ///< as readers found them
  std::map<SpaceId, LogDamage> damaged_logs_;  ///< settings as well
  std::map<DeviceId, std::string> excesses_;   ///< settings as well
  std::map<DeviceId, std::set<SpaceId>> made_known_;  ///< as platform.sqlite has it
  /// Made known by a device that is forgotten: to be looked at.
  std::map<SpaceId, DeviceId> forsaken_;
  std::set<SpaceId> held_wals_;  ///< whose readers were told of
  std::set<SpaceId> full_wals_;  ///< told to the engine
  std::vector<Error> warnings_;
  std::chrono::steady_clock::time_point opened_ = std::chrono::steady_clock::now();
  bool has_room_ = true;         ///< as it was told last
  bool is_room_untold_ = false;  ///< which spaces there are could not be read then
  bool is_closed_ = false;
};

/// What is damaged in the log of this file.
[[nodiscard]] SpaceTrouble log_trouble(const std::filesystem::path& file, const LogDamage& damage);

/// A reader has kept the WAL of this file from being copied.
[[nodiscard]] SpaceTrouble wal_trouble(const std::filesystem::path& file, const WalState& wal);

/// Shown of a space until it says what it is called: "space" and the beginning of its id.
[[nodiscard]] std::string name_made_of(const SpaceId& space);

}  // namespace lanyard::storage
