#pragma once

#include <map>

#include "storage/sqlite.hpp"
#include "storage/vault.hpp"
#include "storage/wal_damage.hpp"

/// platform.sqlite: what one device knows beside what stands in its spaces. Names and rights are
/// checked by Vault; here are the rows.
namespace lanyard::storage {

/// Settings with a space's id: the one that `default` means; the one that it is to become a part
/// of, once that is here; the one that is being carried over into it.
inline constexpr const char* kHomeSetting = "default_space";
inline constexpr const char* kMovesToSetting = "default_moves_to";
inline constexpr const char* kMovesFromSetting = "default_moves_from";
/// And a space's id behind it: the space in which that one is about to go on.
inline constexpr const char* kRenewalSetting = "renewal_of_";
/// And a space's id behind it: which changes of ours its file has lost, until they came back.
inline constexpr const char* kLostSetting = "lost_";
/// And a space's id behind it: the loss that a person knows of and is not told of any more.
inline constexpr const char* kAcceptedSetting = "accepted_";
/// With a space's id behind it: positions of rows of its log that are damaged.
inline constexpr const char* kDamagedLogSetting = "damaged_log_";
/// With a device's id in hexadecimal, "_" and a space's id behind it: who made the space known.
inline constexpr const char* kMadeKnownSetting = "made_known_";
/// With a space's id behind it: it is being dropped, file and row.
inline constexpr const char* kDroppingSetting = "dropping_";
/// With a device's id in hexadecimal behind it: what it has done that no honest one does.
inline constexpr const char* kExcessSetting = "excess_";
/// Random bytes of the last start of an agent, in hexadecimal.
inline constexpr const char* kStartSetting = "start";

class Platform {
 public:
  /// kNewerVersion for a file of a newer Lanyard, which is left as it is; kCorrupt, kReadOnly,
  /// kDiskFull, kInputOutput. `self`: whose it is. `vfs`: as Database::Options has it.
  [[nodiscard]] static Result<Platform> open(const std::filesystem::path& file,
                                             const DeviceId& self, const std::string& vfs);
  /// The first failure of its disk: nothing is written any more.
  [[nodiscard]] const std::optional<Error>& failure() const { return failed_; }
  /// What its write-ahead log had lost when it was opened.
  [[nodiscard]] const std::optional<WalDamage>& wal_damage() const { return wal_damage_; }

  // ---- devices: as Vault has them
  [[nodiscard]] Result<std::vector<KnownDevice>> devices();
  [[nodiscard]] Status add_device(const DeviceId& device, const std::string& address, WallTime now);
  /// Durable, as one: the device is known, and our `default` is to move to that space, if any.
  [[nodiscard]] Status add_pairing(const NewPairing& pairing, bool moves, WallTime now);
  [[nodiscard]] Status rename_device(const DeviceId& device, const std::string& name);
  [[nodiscard]] Status saw_device(const DeviceId& device, const std::string& says_name,
                                  const std::string& address, WallTime now);

  [[nodiscard]] Result<std::map<DeviceId, std::string>> said_names();
  /// All that this device says of others from now on.
  [[nodiscard]] Status set_told_names(const DeviceId& teller,
                                      const std::map<DeviceId, std::string>& names, WallTime now);

  /// Durable: where it was reached.
  [[nodiscard]] Status reached_device(const DeviceId& device, const std::string& address);

  // ---- devices that were forgotten (platform_forgettings.cpp)
  /// All words of all devices, by device and author.
  [[nodiscard]] Result<std::vector<oplog::Forgetting>> forgettings();
  /// Durable. The newest of each author on each device is kept; true if there was a newer one.
  [[nodiscard]] Result<bool> keep_forgettings(const std::vector<oplog::Forgetting>& words);
  [[nodiscard]] Status drop_forgettings_of(const DeviceId& author);
  /// Durable: which are forgotten, and which are not. True if it was another way.
  [[nodiscard]] Result<bool> set_forgotten(const std::map<DeviceId, bool>& devices);

  // ---- spaces that were left and shared again: as Vault has them (platform_forgettings.cpp)
  [[nodiscard]] Status invite(const DeviceId& device, const SpaceId& space);
  [[nodiscard]] Status invited(const DeviceId& device, const SpaceId& space);
  [[nodiscard]] Result<std::vector<SpaceId>> invitations(const DeviceId& device);
  /// Durable: its file is asked for and served again.
  [[nodiscard]] Status rejoin_space(const SpaceId& space);
  /// The same for one whose file is gone.
  [[nodiscard]] Status rejoin_empty(const SpaceId& space, const std::string& name,
                                    const Hash& digest);

  // ---- spaces
  struct Space {
    SpaceId id;
    std::string name;
    std::optional<std::string> said_name;
    bool has_left = false;
    bool has_data = false;
    bool is_dirty = false;
    bool has_failed = false;
    Hash digest;
    std::int64_t created_ms = 0;
    std::optional<SpaceId> now_part_of;
    SyncMode mode = SyncMode::kHybrid;
    bool is_archived = false;
  };
  [[nodiscard]] Result<std::vector<SpaceEntry>> spaces();
  [[nodiscard]] Result<std::optional<Space>> space(const SpaceId& space);
  [[nodiscard]] Result<bool> is_name_taken(const std::string& name);
  /// Durable. kExists if the space or its name is there.
  [[nodiscard]] Status add_space(const Space& space, const std::vector<DeviceId>& members,
                                 const std::string& setting = {});
  // ---- spaces that others made known (platform_unfounded.cpp)
  /// The same for one that the device made known, which is noted with it.
  [[nodiscard]] Status add_space_of(const Space& space, const DeviceId& from);
  [[nodiscard]] Result<std::map<DeviceId, std::set<SpaceId>>> made_known();
  /// Those that are here as they came: not named, set, given to an app or counted on by a person.
  [[nodiscard]] Result<std::set<SpaceId>> untouched_spaces();
  /// Durable: it is to be dropped. Until that is done it is as one that was left, whose file goes.
  [[nodiscard]] Status begin_drop(const SpaceId& space);
  /// Those of which it was not done.
  [[nodiscard]] Result<std::vector<SpaceId>> half_dropped();
  /// Durable: there is no row of it any more, as if nobody had told of it.
  [[nodiscard]] Status drop_space(const SpaceId& space);
  /// Durable: the wish as it is.
  [[nodiscard]] Status change_space(const SpaceId& space, const SpaceWish& wish);
  /// Durable. `is_removed`: its file is to go, and its name is free.
  [[nodiscard]] Status leave_space(const SpaceId& space, bool is_removed);
  /// Changes of a space that was left which no other device is known to have, as it was when its
  /// file was closed; nothing where that is not known.
  [[nodiscard]] Result<std::optional<std::uint64_t>> alone_when_left(const SpaceId& space);
  /// Spaces that were left and whose files are to be gone.
  [[nodiscard]] Result<std::vector<SpaceId>> removed_spaces();
  /// All that there is a row of, and whether the space is here and has a file.
  [[nodiscard]] Result<std::map<SpaceId, bool>> known_spaces();
  /// Durable, as one: `default` means `to`, whose name is that from now on; `from` is kept under
  /// `old_name` as a part of it, and is to be carried over. What tokens may do in `from` they may
  /// do in `to`; where they had rights in both, the wider.
  [[nodiscard]] Status begin_move(const SpaceId& from, const std::string& old_name,
                                  const SpaceId& to);
  /// Durable, as one: `to` has the place, the name and the rights of `from`, which is kept under
  /// `old_name` as a part of it.
  [[nodiscard]] Status replace_space(const SpaceId& from, const std::string& old_name,
                                     const SpaceId& to, const std::string& name);
  /// Durable: a space that was a part of another one is here by itself again.
  [[nodiscard]] Status take_back(const SpaceId& space);
  /// Durable: all of it was carried over. `is_removed`: its file is to go, as leave_space() says.
  [[nodiscard]] Status end_move(const SpaceId& from, bool is_removed);
  /// Durable: it is not to move after all.
  [[nodiscard]] Status forget_move();
  /// Which spaces were carried over, and into which.
  [[nodiscard]] Result<std::map<SpaceId, SpaceId>> parts();
  [[nodiscard]] Result<std::vector<DeviceId>> members_of(const SpaceId& space);
  /// Durable: something is about to be written to its file.
  [[nodiscard]] Status mark_dirty(const SpaceId& space);
  /// Everything in its file is durable; this is the digest of it, and what it adds to counts().
  [[nodiscard]] Status mark_clean(const SpaceId& space, const Hash& digest, const SpaceSums& sums);
  [[nodiscard]] Result<std::vector<SpaceId>> dirty_spaces();
  /// Durable: the disk failed under its file, or it was copied to a new one since.
  [[nodiscard]] Status mark_failed(const SpaceId& space, bool failed);
  [[nodiscard]] Status rename_space(const SpaceId& space, const std::string& name,
                                    const std::string& said_name);
  /// Sorted, as SpaceLog::members gives them. Writes only what differs. From then on the others are
  /// known devices; true if one of them was no member before.
  [[nodiscard]] Result<bool> set_members(const SpaceId& space, const std::vector<DeviceId>& members,
                                         const DeviceId& self);
  /// Spaces of which both are members, not left, sorted by id; none with a forgotten device.
  struct Shared {
    SpaceId id;
    bool is_dirty = false;
    Hash digest;
    bool is_confirmed = true;  ///< as SharedSpace has it, and right if it is not dirty
  };
  [[nodiscard]] Result<std::vector<Shared>> shared(const DeviceId& self, const DeviceId& peer);

  // ---- access tokens: as Vault has them (platform_tokens.cpp)
  [[nodiscard]] Result<std::vector<TokenEntry>> tokens();
  [[nodiscard]] Status add_token(const TokenEntry& token);
  [[nodiscard]] Status add_right(const TokenId& token, const SpaceRight& right);
  [[nodiscard]] Status revoke_token(const TokenId& token);
  [[nodiscard]] Status used_tokens(const std::vector<TokenUse>& uses);

  // ---- counts (platform_counts.cpp)
  /// What each space that was not left came to when its file was closed.
  [[nodiscard]] Result<std::map<SpaceId, SpaceCounts>> counts();
  /// The same for one whose file is open.
  [[nodiscard]] Result<SpaceCounts> counts_of(const SpaceId& space, const SpaceSums& sums);
  /// As Vault has it.
  [[nodiscard]] Result<std::map<DeviceId, std::int64_t>> told_ms();

  // ---- progress and settings: as Vault has them
  [[nodiscard]] Status acknowledged(const DeviceId& device, const SpaceId& space,
                                    const VectorClock& durable, WallTime now);
  [[nodiscard]] Result<std::vector<PeerProgress>> progress();
  [[nodiscard]] Result<std::optional<std::string>> setting(const std::string& key);
  [[nodiscard]] Status set_setting(const std::string& key, const std::string& value);
  /// Those whose keys begin so, by key.
  [[nodiscard]] Result<std::map<std::string, std::string>> settings_of(const std::string& prefix);
  /// Durable. Fine if there is none.
  [[nodiscard]] Status forget_setting(const std::string& key);

  /// As Database has it: whether what is written lies in the data folder still.
  [[nodiscard]] Status check_place() { return database_.check_place(); }
  /// Everything durable and in the one file.
  void close();

 private:
  /// The ids that an SQL query answers.
  [[nodiscard]] Result<std::vector<SpaceId>> space_ids(const char* question);
  Platform(Database database, const DeviceId& self) : database_(std::move(database)), self_(self) {}
  /// One transaction; nothing of it happened if `work` fails. After a failed sync no other is
  /// tried: what the file holds is not known.
  template <class Work>
  [[nodiscard]] Status write(Sync sync, Work work);
  [[nodiscard]] Status commit_or_undo(Status worked);
  [[nodiscard]] Status refuse_if_failed() const;
  [[nodiscard]] Status set_address(const DeviceId& device, const std::string& address);
  // All of these inside a transaction.
  [[nodiscard]] Status set_left(const std::string& space, bool is_removed);
  [[nodiscard]] Status note_sums(const std::string& space, const SpaceSums& sums);
  [[nodiscard]] Status count_again(const std::string& space);
  [[nodiscard]] Status count_spaces_with(const DeviceId& device);
  [[nodiscard]] Status take_place(const std::string& old_id, const std::string& old_name,
                                  const std::string& new_id, const std::string& name);
  [[nodiscard]] Status move_rights(const std::string& from, const std::string& to);
  [[nodiscard]] Status put_setting(const char* key, const std::string& value);
  [[nodiscard]] Status drop_setting(const char* key);

  Database database_;
  DeviceId self_;
  std::optional<Error> failed_;
  std::optional<WalDamage> wal_damage_;
};

template <class Work>
Status Platform::write(Sync sync, Work work) {
  LANYARD_TRY(refuse_if_failed());
  LANYARD_TRY(database_.begin(sync));
  return commit_or_undo(work());
}

}  // namespace lanyard::storage
