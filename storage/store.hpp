#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "replication/merge/author_clocks.hpp"
#include "replication/merge/carry_over.hpp"
#include "replication/oplog/fork.hpp"
#include "replication/oplog/intake.hpp"
#include "replication/ports.hpp"
#include "replication/types/limits.hpp"
#include "storage/indexes.hpp"
#include "storage/wal_state.hpp"

/// The door to one space's file (docs/STORAGE.md): its log, and the tables that are
/// merged from it. Not thread-safe: it belongs to the storage thread, which is the only writer.
/// Readers use SpaceReader. After a failed fsync or a failing disk every write answers kInputOutput
/// until the file is opened again; a full disk can be written to again when there is room.
namespace lanyard::storage {

/// The outside world of a store. All outlive it.
struct Ports {
  const Signer& signer;
  const Hasher& hasher;
  const CipherFactory& ciphers;
  Rng& rng;
  const Verifier& verifier;
};

using merge::LocalChange;
using merge::LocalOp;
using merge::Mutation;
using merge::Written;

/// The records that a batch touched, for live queries.
struct Touched {
  std::vector<merge::RecordName> records;
  bool all = true;  ///< false: there were more than are named
  /// What is applied with this batch: whoever was told of it, and of all before, has seen that.
  VectorClock applied;
  /// Those of them of which a delete was found to be void just now: it hides nothing any more.
  std::vector<merge::RecordName> voided = {};
};

/// A change, and the records that it is about: in the order in which it names them, each once.
struct MissedChange {
  Dot dot;
  std::vector<merge::RecordName> records;
  friend bool operator==(const MissedChange&, const MissedChange&) = default;
};

/// A part of what somebody missed, in the order in which it was applied here: the same change names
/// the same records in the same order on every device.
struct Missed {
  VectorClock before;  ///< what was held before the first of them, and is applied here
  std::vector<MissedChange> changes;
  VectorClock after;  ///< what is held with the last of them
  bool more = false;  ///< there are changes beyond `after`
  /// False: there are more changes than were to be looked at, or one is about more records than it
  /// names. Nothing is named then.
  bool all = true;
};

/// What SpaceStore::missed_since() is asked for.
struct MissedRequest {
  VectorClock held;
  std::string collection;         ///< names of others are left out; empty: of none
  std::uint64_t changes_max = 0;  ///< missing; where there are more, `all` is false
  /// A part ends with the change that passes one of these.
  std::size_t records = 1000;
  std::size_t payload_bytes = 4 * limits::kMiB;
  std::size_t changes = 2000;
};

/// Changes of ours that were committed together, signed at their end.
struct OwnRun {
  std::vector<oplog::Change> changes;  ///< payloads point into `memory`
  std::vector<Bytes> memory;
  Signature signature;  ///< of the last change
  /// Larger than what is sent at once (limits::kLiveRunBytesMax): only open changes have payloads.
  bool is_large = false;
};

/// What local writes came to: an answer for each, and the runs to send: none if nothing was
/// written, more than one where a run would not have fitted into a pack.
struct WriteOutcome {
  std::vector<Result<Written>> answers;
  std::vector<OwnRun> runs;
  Touched touched;
};

/// A part of the store's order of application, ready to be sent.
struct LogSlice {
  std::vector<Bytes> packs;
  std::uint64_t next = 0;  ///< position to go on from
  bool at_end = false;
};

struct ApplyOutcome {
  std::size_t packs = 0;  ///< of those that were given, from the first on
  std::size_t changes = 0;
  std::size_t ops = 0;
  std::size_t without_effect = 0;
  std::size_t void_deletes = 0;
  bool has_admitted = false;  ///< there may be members that there were not
  /// The newest stamp, in milliseconds, of changes that this device signed and this store did not
  /// write: 0 if there is none among them.
  std::int64_t own_elsewhere_ms = 0;
  Touched touched;
};

/// A random name for one copy of a file, by which a high-water mark knows it again.
using StoreId = FixedBytes<struct StoreIdTag, 16>;

/// What open() found and the other threads go on from.
struct SpaceState {
  oplog::SpaceLog log;  ///< as applied
  VectorClock durable;
  /// Sealed keys addressed to this device: those kept ahead of the log, then those in it, in order.
  std::vector<std::pair<EpochId, Bytes>> grants;
  StoreId store;
  /// Our own log, and how far it goes; nothing before the first change of this incarnation.
  std::optional<LogId> own_log;
  Head own_head;
  bool is_new = false;  ///< the file was made when it was opened: there is no other of its kind
  /// Devices that are not this one, and as which the logs of this file were written.
  std::set<DeviceId> earlier_selves = {};
};

/// What the protocol goes by of a store, beside what it holds.
struct StoreCondition {
  /// False: its WAL is as long as it may become. Peers are not asked for what can wait.
  bool may_ask = true;
  VectorClock damaged;  ///< as LogDamage::before
};

/// Rows of the log that cannot be read in the file, or do not say what was proven when they were
/// stored. What was merged from them is not touched.
struct LogDamage {
  std::vector<std::uint64_t> rows;  ///< their positions
  std::uint64_t changes = 0;        ///< in them
  std::uint64_t of = 0;             ///< changes of the whole log
  /// Of the logs that have changes in them: what is held before the first of these (seq 0:
  /// nothing).
  VectorClock before;
  friend bool operator==(const LogDamage&, const LogDamage&) = default;
};

/// The log that our next change goes into. It has its name before its first change.
struct OwnLog {
  LogId log;
  Head head;       ///< seq 0: nothing is written yet
  Hlc after = {};  ///< the stamp of our next change is a later one
};

/// What a device needs before it can open a space's history: the admit that grants it the keys,
/// provable by itself.
struct SignedGrant {
  DeviceId author;
  Incarnation incarnation;  ///< with the author's key gives the header's log id
  Bytes header;
  Bytes payload;
  Signature signature;
};

/// Changes of one author that are held and forwarded, and do not count.
struct WithoutEffect {
  DeviceId author;
  oplog::Effect effect = oplog::Effect::kEffective;
  std::uint64_t changes = 0;
  friend bool operator==(const WithoutEffect&, const WithoutEffect&) = default;
};

/// What a space adds to the sums over all of them.
struct SpaceSums {
  std::uint64_t conflicts = 0;  ///< fields with several values
  std::uint64_t forks = 0;      ///< logs with two branches
  std::int64_t own_ms = 0;      ///< when this device wrote last, by its own clock; 0: never
  VectorClock applied;
  merge::AuthorClocks shown;  ///< what other devices hold, as their changes show
};

/// How far the records of another space were carried over to this one.
struct CarryPlace {
  SpaceId from;
  std::uint32_t collection = 0;    ///< by the other space's number
  std::optional<std::string> key;  ///< the last one of it that is done; nothing: none
  bool is_over = false;
};

/// A change that its client had named, and as what it was written.
struct KnownMutation {
  merge::Mutation mutation;
  Dot dot;  ///< of a space that was carried over, it is one of that space
  std::uint64_t ops = 0;
  std::int64_t at_ms = 0;
  friend bool operator==(const KnownMutation&, const KnownMutation&) = default;
};

/// A fork as it lies in the file.
struct KeptFork {
  oplog::Fork fork;
  LogId log;
  /// The branch that is not applied here; nothing where the log is not held so far.
  std::optional<oplog::Branch> other;
  bool is_new = false;  ///< not known before, or not so much of it
};

/// No sooner is a whole log looked at again: whoever refuses what is sent costs no more than that.
inline constexpr std::chrono::minutes kLogCheckEvery{10};

class SpaceStore {
 public:
  struct Options {
    bool read_only = false;
    std::size_t cache_kib = 16 * 1024;
    /// For tests: a disk that fails, planted bugs.
    std::string vfs;
    merge::Merger::Options merging;
    std::uint64_t mutations_kept = limits::kMutationsKept;  ///< the newest
    std::uint64_t wal_long_bytes = kWalLongBytes;           ///< and twice as much is too long
    std::vector<std::uint64_t> damaged_rows;                ///< as log_damage() said last
  };

  /// Opens or creates the file. kNewerVersion for a file of a newer Lanyard (nothing is touched),
  /// kCorrupt, kReadOnly, kDiskFull, kInputOutput as the disk has it; the detail names the file.
  [[nodiscard]] static Result<std::unique_ptr<SpaceStore>> open(const std::filesystem::path& file,
                                                                const SpaceId& space,
                                                                const Ports& ports,
                                                                const Options& options);
  virtual ~SpaceStore() = default;

  [[nodiscard]] virtual SpaceState state() const = 0;
  [[nodiscard]] virtual OwnLog own_log() const = 0;
  /// Whether our own log holds exactly this change. Seq 0: always.
  [[nodiscard]] virtual Result<bool> holds_own(const Head& head) = 0;

  /// The founder's first two changes: the log's opening with `founding`, and the admit of this
  /// device with a fresh epoch.
  [[nodiscard]] virtual Result<WriteOutcome> found(const oplog::Founding& founding,
                                                   WallTime wall) = 0;
  /// Admits a device: grants it every epoch key that is held here.
  [[nodiscard]] virtual Result<WriteOutcome> admit(const DeviceId& device, WallTime wall) = 0;
  /// The newest effective admit of the device, for sending ahead of the history. kNotFound if there
  /// is none.
  [[nodiscard]] virtual Result<SignedGrant> grant_for(const DeviceId& device) const = 0;

  /// Numbers, merges and commits what is waiting as one run, one transaction, one fsync
  /// (synchronous=FULL). A change that cannot be written (limits, an unseen edit under a delete)
  /// gets its error and leaves the others alone. One whose mutation is known is not written again:
  /// it gets the first one's answer, without versions; kConflict if that had another content. If
  /// the commit fails nothing was written, and every answer says so.
  [[nodiscard]] virtual WriteOutcome write(const std::vector<LocalChange>& changes,
                                           WallTime wall) = 0;

  /// Gives the next change of several that belong together; nothing: that was all.
  using ChangeSource = std::function<Result<std::optional<LocalChange>>()>;
  /// Writes changes as one transaction with one fsync, all or none: for what is too large for one
  /// change. Their mutations are passed over. The answers are in their order.
  [[nodiscard]] virtual Result<WriteOutcome> write_all(const ChangeSource& next, WallTime wall) = 0;

  /// Writes records of another space as merge::carry_over() has them, and how far that has come, in
  /// one transaction: what was carried once is not carried again. `hash_of`: of a dot of the other
  /// space. All or nothing.
  [[nodiscard]] virtual Result<WriteOutcome> carry(const std::vector<merge::NamedRecord>& records,
                                                   const merge::HashOf& hash_of,
                                                   const CarryPlace& place, WallTime wall) = 0;
  /// What the last carry() from that space said; the beginning, if there was none.
  [[nodiscard]] virtual Result<CarryPlace> carried(const SpaceId& from) = 0;

  /// What clients of another space had written there, the oldest first, is known here from now on,
  /// so that what they send again is not written again. Durable.
  [[nodiscard]] virtual Status know_mutations(const std::vector<KnownMutation>& mutations) = 0;

  /// Keeps a key that a signed grant brought ahead of the log in which it stands, so that what
  /// comes can be opened, after a restart too. Verify the grant first.
  [[nodiscard]] virtual Status keep_grant(const EpochId& epoch, ByteView sealed) = 0;

  /// From the next write on we write a log of our own again, which names the present one as its
  /// predecessor: for a store that was restored, copied or rolled back. Its random bytes are drawn
  /// now, also where nothing was written since they were drawn before: a copy has those too.
  /// Durable.
  [[nodiscard]] virtual Status start_incarnation() = 0;
  /// While somebody says that our own log went on elsewhere, a change that cannot wait begins a new
  /// one.
  virtual void doubt_own_log(bool /*is_in_doubt*/) {}

  /// Stores and merges accepted packs in one transaction without fsync. `stop`: asked between
  /// packs; after a true, what was begun is finished and the rest waits (the outcome says how many
  /// packs are in). An error of a pack (kForked, kMissingContext) or of the disk leaves all of them
  /// out. Changes of our own present log among them prove that it went on without us: they are
  /// taken in, and the next write begins a new incarnation, which is decided in the same
  /// transaction.
  [[nodiscard]] virtual Result<ApplyOutcome> apply(const std::vector<const oplog::Accepted*>& packs,
                                                   WallTime wall,
                                                   const std::function<bool()>& stop = {}) = 0;
  /// Makes everything applied durable: a one-row FULL commit, nothing if nothing changed since.
  [[nodiscard]] virtual Status make_durable() = 0;

  /// Packs from `position` (0: the beginning) on of what `held` does not have, until about
  /// `bytes_max`. Stored packs go out as they are; one that the receiver holds in part is made anew
  /// without it. `sealed`: for one without the keys.
  [[nodiscard]] virtual Result<LogSlice> read_log(std::uint64_t position, const VectorClock& held,
                                                  std::size_t bytes_max, bool sealed) = 0;

  // ---- damage in the log: found when somebody refused what was sent of it, or it cannot be read

  /// Has tidy() look at every row, a few at a time; not again within kLogCheckEvery.
  virtual void check_log() {}
  /// As far as it was found. What hangs on it is left out by read_log().
  [[nodiscard]] virtual LogDamage log_damage() const { return {}; }
  /// A pack that was proven, and may hold what is damaged here: rows of which everything was given
  /// since are put right.
  [[nodiscard]] virtual Status mend_log(ByteView /*pack*/) { return {}; }

  /// The records that changes beyond `held` touched, in no order, each once. Looks at no more than
  /// `changes_max`: where there are more, or where a clear is among them, `all` is false and
  /// nothing is named.
  [[nodiscard]] virtual Result<Touched> touched_since(const VectorClock& held,
                                                      std::uint64_t changes_max) = 0;

  /// The next part of what changes beyond `request.held` are about.
  [[nodiscard]] virtual Result<Missed> missed_since(const MissedRequest& request) = 0;

  // ---- forks (ADR 0011)

  /// Points of a log held here, by which a peer finds where its own branch parts. kNotFound.
  [[nodiscard]] virtual Result<std::vector<Head>> fork_points(const LogId& log) = 0;
  /// The branch that is applied here, after the last of the points that it shares. kNotFound if
  /// there is nothing after it.
  [[nodiscard]] virtual Result<oplog::Fork> find_branch(const LogId& log,
                                                        const std::vector<Head>& points) = 0;
  /// Keeps a proven fork, or one branch of it, which is joined with what is held here; the longer
  /// one where it is known already. Durable. Check it first: oplog::prove(), oplog::read_branch().
  /// kNotFound, kMissingContext if one branch alone shows no fork here.
  [[nodiscard]] virtual Result<KeptFork> keep_fork(const oplog::Fork& fork) = 0;
  /// All that are kept, by log.
  [[nodiscard]] virtual Result<std::vector<KeptFork>> forks() = 0;

  /// A bounded piece of upkeep, true if there may be more to do: folds single runs into packs, and
  /// copies a WAL that small writes have filled.
  [[nodiscard]] virtual Result<bool> tidy() = 0;
  /// Has an index made for a field, or the one that there is dropped: on this device alone. Reads
  /// every record of the collection: a tenth of a second for 100,000. kUsage, kTooLarge.
  [[nodiscard]] virtual Status declare_index(const DeclaredIndex& index, bool is_wanted) = 0;

  /// For idle times: copies the WAL into the file.
  [[nodiscard]] virtual Status checkpoint() = 0;
  /// How the WAL is.
  [[nodiscard]] virtual WalState wal() const { return {}; }
  [[nodiscard]] StoreCondition condition() const { return {!wal().is_full, log_damage().before}; }
  /// Does what is to be done about it when nothing else waits; returns soon.
  [[nodiscard]] virtual Status tend_wal() { return {}; }
  /// Whether closing it takes no longer than a moment. If not, a later time is seen to.
  [[nodiscard]] virtual bool may_close() { return true; }

  /// BLAKE2b-256 over every record as it is stored: the same on every device with the same changes
  /// (docs/STORAGE.md gives the recipe).
  [[nodiscard]] virtual Result<Hash> state_hash() = 0;
  /// Changes that are held and without effect, by their author and what is wrong with them.
  [[nodiscard]] virtual Result<std::vector<WithoutEffect>> without_effect() = 0;
  /// Counted again after something was written, else as it is remembered.
  [[nodiscard]] virtual Result<SpaceSums> sums() = 0;
  /// What could not be done and harms nothing, for the log: a view that SQLite refused.
  [[nodiscard]] virtual std::vector<std::string> take_notes() = 0;
  /// kCorrupt: what of the file was found damaged when it was opened, beside its log.
  [[nodiscard]] virtual std::optional<Error> damage() const { return std::nullopt; }
};

/// After a failed fsync a file is not to be trusted. Copies it with VACUUM INTO, syncs the copy,
/// puts it in the file's place (the old one stays beside it as `.broken`) and starts a new
/// incarnation in it. The store must be closed. If this fails the file is as it was.
[[nodiscard]] Status rescue(const std::filesystem::path& file, const Ports& ports);

/// Rebuilds every table of the file from its log in a scratch file, and compares row by row. Works
/// on a snapshot, beside a running agent. `differences`: one line each, at most 100; empty means
/// the same bytes.
struct CheckReport {
  std::uint64_t changes = 0;
  std::uint64_t records = 0;
  std::vector<std::string> differences;
};
[[nodiscard]] Result<CheckReport> check_rebuild(
    const std::filesystem::path& file, const SpaceId& space, const Ports& ports,
    const std::filesystem::path& scratch_folder,
    const std::function<void(std::uint64_t done, std::uint64_t of)>& progress);

}  // namespace lanyard::storage
