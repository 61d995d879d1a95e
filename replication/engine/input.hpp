#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <set>
#include <variant>
#include <vector>

#include "replication/oplog/intake.hpp"
#include "replication/types/hlc.hpp"
#include "replication/wire/message.hpp"

/// Everything that can happen to the replication protocol of one device. Together with Effect this
/// is the whole contract between the protocol and the outside world: no sockets, files, threads or
/// clocks.
namespace lanyard::engine {

/// Monotonic time, from any origin. Never steps back.
struct Instant {
  std::chrono::milliseconds since_origin{0};
  friend auto operator<=>(const Instant&, const Instant&) = default;
};

struct Now {
  Instant mono;
  WallTime wall;
};

/// One connection to one peer. Never used again for another.
struct LinkId {
  std::uint64_t value = 0;
  friend auto operator<=>(const LinkId&, const LinkId&) = default;
};

// ---- the network

/// A link is secured and its peer authenticated as a known device.
struct PeerUp {
  LinkId link;
  DeviceId peer;
};

struct PeerDown {
  LinkId link;
};

/// A whole message, as it came out of the link's frames.
struct Received {
  LinkId link;
  Bytes message;
};

// ---- storage

/// Answer to LoadShared: the spaces of which this device and the peer are both members, with their
/// digests, sorted.
struct SharedLoaded {
  LinkId link;
  std::vector<wire::SpaceDigest> spaces;
  /// Those of them of which the peer is not known to hold durably all that is here.
  std::set<SpaceId> unconfirmed;
  /// What this device has to say of others, where the peer is of the same person.
  std::vector<oplog::Forgetting> forgettings;
};

/// Answer to OpenSpace and JoinSpace; to AddSpace only if it failed.
struct SpaceOpened {
  SpaceId space;
  /// Nothing: it was left, or cannot be opened now.
  std::optional<oplog::SpaceLog> log;
  VectorClock durable;
  std::vector<std::pair<EpochId, Bytes>> grants;  ///< addressed to this device
  /// The log that our next change goes on with. Nothing: it begins a new one.
  std::optional<LogId> own_log;
  bool may_ask = true;  ///< as StoreCondition has it
  VectorClock damaged = {};
  /// Nothing of it is here, not even a row: whoever offers it has to show its founding first.
  bool is_prospect = false;
  /// Without a log: this device is refused the space, however often it offers it. Nothing: another
  /// time may be better.
  std::optional<DeviceId> refused_from = {};
};

/// What storage says of the store of a space, beside what it holds: whenever that is another thing.
struct StoreCondition {
  SpaceId space;
  /// False: there is no room now for what can wait. Peers are not asked for it.
  bool may_ask = true;
  /// Of logs of which changes are held that cannot be read and sent: what comes before the first
  /// of them (seq 0: nothing).
  VectorClock damaged = {};
};

/// Answer to MendLog.
struct LogMended {
  LinkId link;
  SpaceId space;
  std::uint64_t cost = 0;
};

/// Our own run is on disk: only now does the protocol hear of it.
struct Committed {
  SpaceId space;
  wire::LiveRun run;
  /// The same changes; payloads point into `run`.
  std::vector<oplog::Change> changes;
  /// Its payloads are left out, but those of open changes: peers are told of it, and pull.
  bool is_large = false;
};

/// Accepted changes were merged: they count in the applied clock, and may be lost in a power cut
/// until Durable.
struct Applied {
  SpaceId space;
  std::uint64_t ticket = 0;  ///< of the last Persist that is in
};

/// Everything applied up to this clock survives a power cut.
struct Durable {
  SpaceId space;
  VectorClock clock;
};

/// Storage could not take what was to be persisted.
struct PersistFailed {
  SpaceId space;
  Error error;
};

/// Answer to LoadLog.
struct LogLoaded {
  LinkId link;
  SpaceId space;
  std::uint64_t request = 0;
  std::vector<Bytes> packs;
  std::uint64_t next = 0;
  bool at_end = false;
  bool failed = false;
};

/// Answer to LoadGrant.
struct GrantLoaded {
  LinkId link;
  SpaceId space;
  std::uint64_t request = 0;
  std::optional<wire::Grant> grant;
};

/// Answer to LoadForkPoints, FindBranch and LoadForks: what is to be said to the peer; nothing if
/// there is nothing.
struct ForkSaid {
  LinkId link;
  SpaceId space;
  std::vector<wire::Message> messages;
};

/// Answer to KeepFork.
struct ForkKept {
  LinkId link;
  SpaceId space;
  bool was_asked = false;  ///< it came as an answer: the peer does not know of the fork yet
  bool is_new = false;     ///< not known before, or not so much of it
  LogId log;
  /// The branch that is not applied here; nothing if there is no fork in what is held here.
  std::optional<oplog::Branch> other;
  oplog::Fork fork;  ///< whole
};

// ---- people and time

/// A person asks to compare with everyone now, or a device or space was forgotten or left.
struct SyncNow {};
struct DeviceForgotten {
  DeviceId device;
};
struct SpaceLeft {
  SpaceId space;
};
struct ShutDown {};
/// A person asks whether a peer answers, and how soon. -> PeerAnswered
struct AskPeer {
  LinkId link;
  std::uint64_t number = 0;
};

/// The peer is to know where others are reached that it shares spaces with.
struct TellAddresses {
  LinkId link;
  wire::Addresses addresses;
};

/// The peer is to know what others call themselves that it shares spaces with.
struct TellNames {
  LinkId link;
  wire::Names names;
};

/// A person shares a space once more with a peer that was a member of it before.
struct ShareAgain {
  LinkId link;
  SpaceId space;
};

/// What a local client says of itself just now. -> Send to every linked member of the space
struct TellPresence {
  wire::Presence presence;
  std::set<LinkId> busy;  ///< have enough to send: it is left out there
};

struct TimePassed {};

using Input =
    std::variant<PeerUp, PeerDown, Received, SharedLoaded, SpaceOpened, StoreCondition, LogMended,
                 Committed, Applied, Durable, PersistFailed, LogLoaded, GrantLoaded, ForkSaid,
                 ForkKept, SyncNow, DeviceForgotten, SpaceLeft, ShutDown, AskPeer, TellAddresses,
                 TellNames, ShareAgain, TellPresence, TimePassed>;

}  // namespace lanyard::engine
