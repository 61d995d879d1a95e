#pragma once

#include <chrono>
#include <map>

#include "replication/oplog/forgetting.hpp"
#include "storage/data_folder.hpp"
#include "storage/store.hpp"
#include "storage/token_entry.hpp"

/// Everything that one device keeps: platform.sqlite and a file per space (docs/STORAGE.md). Not
/// thread-safe: it belongs to the storage thread. Readers of other threads open the same files
/// read-only.
namespace lanyard::storage {

struct KnownDevice {
  DeviceId id;
  std::string name;  ///< ours for it if we gave one, else what it says of itself
  bool named_here = false;
  bool named_by_others = false;  ///< not met yet: other devices say that it calls itself so
  bool forgotten = false;
  bool paired = true;   ///< false: known only because we have a space together
  std::string address;  ///< host:port where it was added or last reached; empty: only it dials
  std::int64_t added_ms = 0;
  std::int64_t last_seen_ms = 0;  ///< 0: never
};

/// How a space is kept in step with its other members, as far as this device is concerned.
enum class SyncMode : std::uint8_t {
  kHybrid = 0,
  kLocalOnly = 1,     ///< neither asked for nor served
  kPeerRequired = 2,  ///< its writes count as unconfirmed until another member has them
};

struct SpaceEntry {
  SpaceId id;
  std::string name;   ///< local: unique on this device
  bool left = false;  ///< kept on disk, neither asked for nor served
  SyncMode mode = SyncMode::kHybrid;
  bool archived = false;  ///< put away: read, not written to, and neither asked for nor served
  /// It was carried over, and its id stands for this space: stands_for().
  std::optional<SpaceId> now_part_of;
  std::int64_t created_ms = 0;
  std::vector<DeviceId> members;
};

/// Whether this device brings it to others and takes it from them.
[[nodiscard]] inline bool is_synced(const SpaceEntry& space) {
  return !space.left && !space.archived && space.mode != SyncMode::kLocalOnly;
}

/// What is to be another way about a space.
struct SpaceWish {
  std::optional<std::string> name;
  std::optional<SyncMode> mode;
  std::optional<bool> archived;
};

/// What becomes of a space on this device when it is left.
enum class LeftCopy : std::uint8_t {
  kKept,     ///< the file stays, and nobody reads it here
  kRemoved,  ///< the file goes, unless changes of it are on no other device
  kRemovedEvenIfAlone,
};

/// Every device has a space of this name.
inline constexpr const char* kHomeName = "default";

/// The space called `default`, which every device has.
struct Home {
  SpaceId id;
  bool is_shared = false;  ///< it has other members than this device
  /// It took the place of one just now, whose records move_home() is to carry over.
  bool moves = false;
};

/// What becomes of our `default` when we are paired.
enum class HomePlan : std::uint8_t {
  kNothing,  ///< it stays as it is
  kMove,     ///< what is in it is carried over into the other device's, which is our `default` then
  kShare,    ///< the other device carries its own over into ours: it is admitted
};

/// A device that proved to know our code, or to have one that we know.
struct NewPairing {
  DeviceId device;
  std::string says_name;
  std::string address;  ///< host:port where it listens; may be empty
  HomePlan plan{};
  SpaceId their_home;
};

/// A piece of carrying our `default` over into another space.
struct HomeMove {
  enum class State : std::uint8_t {
    kNone,     ///< it need not move
    kWaiting,  ///< for its new place, which is not here yet
    kBegun,    ///< the name `default` means `to` from now on; there is more to do
    kMoving,   ///< there is more to do
    kOver,     ///< this was all; it may have begun with the same piece
  };
  State state = State::kNone;
  SpaceId from;
  SpaceId to;
  WriteOutcome outcome;  ///< of `to`
};

/// How far a peer is known to hold a space durably.
struct PeerProgress {
  DeviceId device;
  SpaceId space;
  VectorClock durable;
  std::int64_t at_ms = 0;  ///< when it said so last; 0: not known
};

/// A space's digest as it was computed from its applied clock.
struct SharedSpace {
  SpaceId space;
  Hash digest;
  bool is_confirmed = true;  ///< the peer is known to hold durably all that is here
};

/// Why a space is not as it should be.
struct SpaceTrouble {
  Error error;
  bool takes_writes = false;  ///< it goes on all the same: its disk failed, and it was copied
};

/// What people are to know of a space, of however many there are.
struct SpaceCounts {
  std::uint64_t conflicts = 0;  ///< fields with several values
  std::uint64_t forks = 0;      ///< logs with two branches
  std::int64_t own_ms = 0;      ///< when this device wrote to it last, by its own clock; 0: never
  /// Changes that no other device is known to hold durably. A change's author is, and so is who
  /// names it in a change of its own: it wrote that after it had it.
  std::uint64_t unconfirmed = 0;
  /// For each other member that is not known to hold everything: how many changes it may lack.
  std::map<DeviceId, std::uint64_t> missing;
};

/// What a device does that no honest one does, in words for people: "it has opened 5,000 logs in
/// the space notes".
struct Excess {
  DeviceId device;
  std::string what;
};

class Vault {
 public:
  struct Options {
    std::filesystem::path data_dir;
    /// Where high-water marks lie: outside the data folder, so that they are not restored or copied
    /// with it. Empty: none outlive this vault, and each store begins a new log when it is opened
    /// again and written to.
    std::filesystem::path marks;
    /// Digest of an applied clock: given by the engine's room, which storage may not include.
    std::function<Hash(const VectorClock&)> digest_of;
    /// What went wrong, or was refused, where nobody waits for an answer: for the log and the
    /// status. Called on the storage thread. May be empty.
    std::function<void(const SpaceId&, const Error&)> report;
    /// There is no room to write any more, and why; nothing: there is again. May be empty.
    std::function<void(const std::optional<Error>&)> report_room;
    /// The condition of a space's store is another one: for the engine. As `report`.
    std::function<void(const SpaceId&, const StoreCondition&)> report_condition;
    /// What the disk of the data folder has left. Empty: ask the system.
    std::function<Result<DiskSpace>(const std::filesystem::path&)> disk_space;
    /// As SpaceStore::Options has it, for platform.sqlite too: for tests.
    std::string vfs;
    std::uint64_t wal_long_bytes = kWalLongBytes;  ///< as SpaceStore::Options has it
    /// That one device may make known.
    std::size_t spaces_per_device_max = limits::kSpacesPerPeerMax;
  };

  /// Opens or creates the data folder (0700) and platform.sqlite. kUnsafePermissions,
  /// kInvalidConfig, kReadOnly, kDiskFull, kNewerVersion, kCorrupt as they are, each with the path
  /// and a fix. The lock that keeps a second agent out is the agent's affair. Opens no space: ten
  /// thousand cost nothing.
  [[nodiscard]] static Result<std::unique_ptr<Vault>> open(Options options, const Ports& ports);
  virtual ~Vault() = default;

  // ---- devices
  /// Those that were paired or added here, those that have a space with us, and forgotten ones.
  [[nodiscard]] virtual Result<std::vector<KnownDevice>> devices() = 0;
  /// Makes a device known, or known again; a second time only updates the address.
  [[nodiscard]] virtual Status add_device(const DeviceId& device, const std::string& address,
                                          WallTime now) = 0;
  /// kNotFound; kUsage for a name over 64 bytes or not UTF-8.
  [[nodiscard]] virtual Status rename_device(const DeviceId& device, const std::string& name) = 0;
  /// kNotFound. Nothing is shared with it from now on, here and, as soon as they hear of it, on the
  /// other devices that have our `default`, until a person on one of them makes it known again.
  [[nodiscard]] virtual Status forget_device(const DeviceId& device, WallTime now) = 0;
  /// Met just now: what it calls itself, and where it was reached (empty: it dialled).
  [[nodiscard]] virtual Status saw_device(const DeviceId& device, const std::string& says_name,
                                          const std::string& address, WallTime now) = 0;

  /// What devices that are not forgotten call themselves, as they said it to this one.
  [[nodiscard]] virtual Result<std::map<DeviceId, std::string>> said_names() {
    return std::map<DeviceId, std::string>{};
  }
  /// A peer says that these call themselves so. It names those that were not met, until they are:
  /// what a device says of itself, and what it is called here, counts more.
  [[nodiscard]] virtual Status hear_names(const DeviceId& /*from*/,
                                          const std::map<DeviceId, std::string>& /*names*/,
                                          WallTime /*now*/) {
    return {};
  }

  /// Called or answered just now: where it was reached. It may have had nothing to say.
  [[nodiscard]] virtual Status reached_device(const DeviceId& /*device*/,
                                              const std::string& /*address*/) {
    return {};
  }

  // ---- devices that were forgotten (file_vault_forgotten.cpp)
  /// What is known here of whom who forgot, for a peer that has our `default`; nothing for others.
  [[nodiscard]] virtual Result<std::vector<oplog::Forgetting>> forgettings_for(
      const DeviceId& /*peer*/) {
    return {};
  }
  /// What such a peer says of it; each word's signature has been checked. Durable. True if
  /// devices() has others forgotten than before.
  [[nodiscard]] virtual Result<bool> hear_forgettings(const DeviceId& /*from*/,
                                                      std::vector<oplog::Forgetting> /*words*/) {
    return false;
  }

  // ---- spaces
  [[nodiscard]] virtual Result<std::vector<SpaceEntry>> spaces() = 0;
  struct Created {
    SpaceId id;
    WriteOutcome outcome;  ///< of the record with the name, which comes after the founding itself
  };
  /// Founds a space with this local name: kExists, kUsage, kDiskFull. The name is also kept as a
  /// record inside the space ("lanyard_space", "info"), so that those it is shared with learn it.
  [[nodiscard]] virtual Result<Created> create_space(const std::string& name, WallTime now) = 0;
  /// Whether there is a row of it: it is here, or was left.
  [[nodiscard]] virtual Result<bool> has_space(const SpaceId& space) = 0;
  /// An empty store for a space of which a founding has come, which `from` made known; kNotAllowed
  /// if it was left here, kTooLarge for more than a device may make known. Its name comes with its
  /// data; until then it has one made of its id. One that holds nothing at the next start is gone
  /// then; one with a founding alone goes when `from` is forgotten and nobody else is in it.
  [[nodiscard]] virtual Status join_space(const SpaceId& space, const DeviceId& from,
                                          WallTime now) = 0;
  /// Admits a device, and counts it among the members here: SpaceStore::admit and refresh_space().
  [[nodiscard]] virtual Result<WriteOutcome> share_space(const SpaceId& space,
                                                         const DeviceId& device, WallTime now) = 0;
  /// After data came in: refreshes the members, and takes the name that the space says it has, with
  /// a suffix where it is taken here. A name that the space has not changed since is not taken
  /// again. True if there are members that there were not: devices() has them.
  [[nodiscard]] virtual Result<bool> refresh_space(const SpaceId& space) = 0;
  /// Nobody asks for it or is served from now on. A removed copy leaves no name in spaces() either.
  /// kNotFound; kNotAllowed for the default, and where a copy is to go that holds changes which no
  /// other member is known to have: then nothing was done. Of one that was left before, or carried
  /// over into another, the copy that was kept can go in the same way.
  [[nodiscard]] virtual Status leave_space(const SpaceId& space, LeftCopy copy) = 0;
  /// A member is to hear that a person shared the space with it once more: it may have left it.
  [[nodiscard]] virtual Status invite(const DeviceId& /*device*/, const SpaceId& /*space*/) {
    return {};
  }
  /// It has heard so.
  [[nodiscard]] virtual Status invited(const DeviceId& /*device*/, const SpaceId& /*space*/) {
    return {};
  }
  [[nodiscard]] virtual Result<std::vector<SpaceId>> invitations(const DeviceId& /*device*/) {
    return {};
  }
  /// A space that was left here was shared again by `from`, a member: it is here again, with what
  /// was kept of it and all that comes. Durable. False where it was not left; kNotAllowed.
  [[nodiscard]] virtual Result<bool> rejoin_space(const SpaceId& /*space*/,
                                                  const DeviceId& /*from*/) {
    return false;
  }
  /// A person knows that changes of it, which this device wrote, are on no device any more: they
  /// are not among troubles() from now on. Durable. How many; kNotFound where nothing is missing.
  [[nodiscard]] virtual Result<std::uint64_t> accept_loss(const SpaceId& /*space*/) {
    return fail(Code::kNotFound, "nothing of the space is missing");
  }
  /// Durable. kNotFound for one that is not here or was left; kExists, kUsage for a name;
  /// kNotAllowed for another name of the default, and for putting it away.
  [[nodiscard]] virtual Status change_space(const SpaceId& space, const SpaceWish& wish) = 0;
  /// The store, opened on demand; at most limits::kOpenSpacesMax are open. Lasts until the next
  /// call for another space. kNotFound; kNotAllowed for one that was left; else as
  /// SpaceStore::open. After its disk failed (kInputOutput from the store, which does nothing more
  /// then) the next call copies the file to a new one and opens that. Where that fails too, the
  /// store can be read, and every write answers kReadOnly and why.
  [[nodiscard]] virtual Result<SpaceStore*> space(const SpaceId& space) = 0;
  /// The same for other devices: kNotAllowed for one that is archived or local-only.
  [[nodiscard]] virtual Result<SpaceStore*> space_to_sync(const SpaceId& space) = 0;
  /// The same for somebody's change: kNotAllowed for one that is archived.
  [[nodiscard]] virtual Result<SpaceStore*> space_to_write(const SpaceId& space) = 0;
  /// What this device and the peer are both members of, not left, sorted by id. Nothing for a
  /// forgotten device. A space that cannot be opened now and whose digest is not known is left out.
  [[nodiscard]] virtual Result<std::vector<SharedSpace>> shared_with(const DeviceId& peer) = 0;
  /// kDiskFull, with the fix, if a local write other than a delete would use what is kept free for
  /// sync, deletes and recovery: limits::kDiskReserveBytes and 1 % of the disk.
  [[nodiscard]] virtual Status room_to_write() = 0;
  /// Whether others may be asked for what they have. An error that says nothing of room is none:
  /// nobody would be told when it is over.
  [[nodiscard]] bool may_ask_for_more() {
    const Status room = room_to_write();
    return room || !room.error().is(Code::kDiskFull);
  }
  /// The same, and kInputOutput after the disk failed under platform.sqlite. Spaces apart, see
  /// troubles().
  [[nodiscard]] virtual Status can_write() = 0;
  /// Spaces that could not be opened or written to when it was tried last, and those whose disk has
  /// failed since the start. Opens nothing.
  [[nodiscard]] virtual std::map<SpaceId, SpaceTrouble> troubles() = 0;
  /// Of devices that are not forgotten. Opens nothing.
  [[nodiscard]] virtual std::vector<Excess> excesses() { return {}; }
  /// What people are to know of the data folder itself, each with what to do: for the status, until
  /// the vault is closed.
  [[nodiscard]] virtual std::vector<Error> warnings() { return {}; }
  /// A reader of the space has found its file damaged: troubles() says so from then on.
  virtual void found_damage(const SpaceId& /*space*/, const Error& /*what*/) {}
  [[nodiscard]] virtual std::filesystem::path file_of(const SpaceId& space) const = 0;

  // ---- a device with a new identity (file_vault_identity.cpp)
  /// Once, before anything else is asked. Spaces whose only member was this device under an earlier
  /// identity go on in new ones, with their names and all records: nobody could admit us to them.
  /// Those that others have can be read here, and written to once one of them has admitted us.
  [[nodiscard]] virtual Status settle_identity(WallTime /*now*/) { return {}; }

  // ---- the space that every device has (file_vault_home.cpp)
  /// The one that `default` means, founded if there is none. Opens nothing else.
  [[nodiscard]] virtual Result<SpaceId> home_id(WallTime now) = 0;
  /// The same, and whether others rely on it.
  [[nodiscard]] virtual Result<Home> home(WallTime now) = 0;
  /// The one to be paired with this device. Where neither of us can admit anybody to ours (we have
  /// a new identity, and its members are elsewhere), another one takes its place.
  [[nodiscard]] virtual Result<Home> home_for(const DeviceId& /*peer*/, WallTime now) {
    return home(now);
  }
  struct PairOutcome {
    SpaceId home;
    WriteOutcome outcome;  ///< of `home`, if it is shared now
  };
  /// Makes the device known, durably, and what the plan says of our `default`. One that has the
  /// same `default` and lost its membership with its identity is admitted again. A plan to move
  /// that does not fit any more, since it was shared in between, is left out: both stay. A plan to
  /// move takes the place of an earlier one that still waits: whoever comes last is here.
  [[nodiscard]] virtual Result<PairOutcome> pair(const NewPairing& pairing, WallTime now) = 0;
  /// The next bounded piece of moving our `default`. Ask at start, and again: after a piece that is
  /// not the last at once, while it waits whenever a space came in.
  [[nodiscard]] virtual Result<HomeMove> move_home(WallTime now) = 0;
  /// The space that an id stands for: itself, or the one into which it was carried over.
  [[nodiscard]] virtual SpaceId stands_for(const SpaceId& space) const = 0;

  // ---- access tokens: what apps and scripts may do through the local API
  /// Sorted by id. Expired ones too, until they are revoked.
  [[nodiscard]] virtual Result<std::vector<TokenEntry>> tokens() = 0;
  /// Durable. kExists for a hash or id that is there; kTooLarge beyond limits::kTokensMax tokens or
  /// limits::kTokenSpacesMax spaces; kUsage for a name as rename_device() has it.
  [[nodiscard]] virtual Status add_token(const TokenEntry& token) = 0;
  /// The token may read and write in the space from now on: one that was made with it. Durable.
  /// kNotFound; kTooLarge beyond limits::kTokenSpacesMax.
  [[nodiscard]] virtual Status add_right(const TokenId& token, const SpaceId& space) = 0;
  /// Durable: it is gone, whatever power cut comes. kNotFound.
  [[nodiscard]] virtual Status revoke_token(const TokenId& token) = 0;
  /// Not synced: a crash may take the last ones. A token that was revoked since is passed over, and
  /// a time before the one that is known.
  [[nodiscard]] virtual Status used_tokens(const std::vector<TokenUse>& uses) = 0;

  // ---- progress and settings
  [[nodiscard]] virtual Status acknowledged(const DeviceId& device, const SpaceId& space,
                                            const VectorClock& durable, WallTime now) = 0;
  [[nodiscard]] virtual Result<std::vector<PeerProgress>> progress() = 0;
  /// When each device last said what it holds, by this device's clock.
  [[nodiscard]] virtual Result<std::map<DeviceId, std::int64_t>> told_ms() = 0;
  /// Of all spaces that were not left. Opens no file, but those that a crash has left uncounted.
  [[nodiscard]] virtual Result<std::map<SpaceId, SpaceCounts>> counts() = 0;
  /// Small facts of this device that outlive a restart: chosen ports, the store's id.
  [[nodiscard]] virtual Result<std::optional<std::string>> setting(const std::string& key) = 0;
  [[nodiscard]] virtual Status set_setting(const std::string& key, const std::string& value) = 0;

  // ---- upkeep
  /// A bounded piece of idle work: folding, digests that a crash left old, closing what is idle.
  /// True if there is more to do now.
  [[nodiscard]] virtual bool upkeep(WallTime now) = 0;
  /// When to call upkeep() again at the latest, if nothing else is called before; nothing: never.
  [[nodiscard]] virtual std::optional<std::chrono::milliseconds> upkeep_within() const = 0;
  /// Everything durable, checkpointed and closed.
  virtual void close() = 0;
};

}  // namespace lanyard::storage
