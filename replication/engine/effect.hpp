#pragma once

#include "replication/engine/input.hpp"

/// Everything the replication protocol of one device can ask of the outside world.
namespace lanyard::engine {

// ---- the network

struct Send {
  LinkId link;
  Bytes message;
};

/// Closes the link, after what was sent before, a goodbye with this code included. A PeerDown need
/// not follow.
struct DropPeer {
  LinkId link;
  wire::ByeCode code;
  std::string why;  ///< for our log; the peer learns at most the code
};

// ---- storage: each is answered by an input

struct LoadShared {  ///< -> SharedLoaded
  LinkId link;
  DeviceId peer;
};

struct OpenSpace {  ///< -> SpaceOpened
  SpaceId space;
};

/// As OpenSpace; but a known device offers the space: if it is not held here, and was not left, the
/// answer is a prospect, and nothing is kept of it. -> SpaceOpened
struct JoinSpace {
  SpaceId space;
  DeviceId from;
};

/// A prospect has a founder: make an empty store for it, for the Persist that follows. `from`: who
/// made it known. -> SpaceOpened without a log, if it cannot be made or is refused
struct AddSpace {
  SpaceId space;
  DeviceId from;
};

/// Store and merge, in the order of the tickets. -> Applied or PersistFailed
struct Persist {
  SpaceId space;
  std::uint64_t ticket = 0;
  std::shared_ptr<const oplog::Accepted> accepted;
};

/// Make durable what is applied. -> Durable
struct MakeDurable {
  SpaceId space;
};

/// -> LogLoaded
struct LoadLog {
  LinkId link;
  SpaceId space;
  std::uint64_t request = 0;
  std::uint64_t position = 0;
  VectorClock held;
  std::size_t bytes_max = 0;
};

/// -> GrantLoaded
struct LoadGrant {
  LinkId link;
  SpaceId space;
  std::uint64_t request = 0;
  DeviceId device;
};

/// A peer refused what it was sent of the log: it may be damaged here. What that comes to is said
/// by a StoreCondition.
struct CheckLog {
  SpaceId space;
};

/// A proven pack of somebody who may hold what is damaged here. -> LogMended, and a StoreCondition
/// if it helped
struct MendLog {
  LinkId link;
  SpaceId space;
  std::shared_ptr<const Bytes> pack;
  std::uint64_t cost = 0;  ///< of credit, to be given back
};

/// Keep a key that came ahead of the log in which its grant stands: storage needs it for what
/// follows.
struct KeepGrant {
  SpaceId space;
  EpochId epoch;
  Bytes sealed;
};

/// A peer says that our own log went on elsewhere: changes of ours wait until it has shown it, or
/// has not. Followed by ReleaseWrites within limits::kDoubtMax.
struct HoldWrites {
  SpaceId space;
};

/// Changes of ours go on. `in_new_log`: it was not shown in time, and may be true: the next one
/// begins a new incarnation. (What is shown comes as a Persist, and storage draws the same
/// conclusion from it.)
struct ReleaseWrites {
  SpaceId space;
  bool in_new_log = false;
};

/// We and a peer hold different changes of a log: points of ours, to be sent. -> ForkSaid
struct LoadForkPoints {
  LinkId link;
  SpaceId space;
  LogId log;
};

/// A peer asks for our branch of a log, after the last point that it shares with us. -> ForkSaid
struct FindBranch {
  LinkId link;
  SpaceId space;
  LogId log;
  std::vector<Head> points;
};

/// All forks that are kept, to be sent. -> ForkSaid
struct LoadForks {
  LinkId link;
  SpaceId space;
};

/// Keep a fork that is proven; or one branch, chained and signed, which is one with what is
/// held here. -> ForkKept
struct KeepFork {
  LinkId link;
  SpaceId space;
  oplog::Fork fork;
};

/// A peer says which devices were forgotten, each word signed by its author.
struct KeepForgettings {
  DeviceId from;
  std::vector<oplog::Forgetting> words;
};

/// A person on a peer shared the space with this device: if it was left here, it is here again.
struct RejoinSpace {
  SpaceId space;
  DeviceId from;
};

// ---- people

struct PeerSaidHello {
  DeviceId peer;
  std::string name;
  std::string build;
  std::int64_t wall_ms = 0;
};

enum class Phase : std::uint8_t { kComparing, kCatchingUp, kInStep };

/// How far we are with one peer and space.
struct Progress {
  DeviceId peer;
  SpaceId space;
  Phase phase{};
  std::uint64_t bytes = 0;    ///< received in this catch-up
  std::uint64_t changes = 0;  ///< accepted in this catch-up
};

/// A comparison with a peer is over: the spaces in which the two differ.
struct Compared {
  DeviceId peer;
  std::vector<SpaceId> ours;    ///< held here: the peer may come for what it lacks
  std::vector<SpaceId> theirs;  ///< held there: we go for what we lack
};

/// A peer that pulled was sent all that is here.
struct Served {
  DeviceId peer;
  SpaceId space;
  std::uint64_t changes = 0;  ///< that it lacked when it asked, and those that came since
};

/// A peer holds changes that it does not send, since it cannot read them itself.
struct Withheld {
  DeviceId peer;
  SpaceId space;
  std::uint64_t changes = 0;  ///< 0: they are here now
};

/// What a peer holds durably, as far as it has said on this link.
struct PeerAcknowledged {
  DeviceId peer;
  SpaceId space;
  VectorClock durable;
};

/// A peer answered a ping.
struct PeerAnswered {
  DeviceId peer;
  std::uint64_t number = 0;
};

/// A peer said where it reaches others. A hint.
struct PeerToldAddresses {
  DeviceId peer;
  wire::Addresses addresses;
};

/// A peer said what others call themselves. For people.
struct PeerToldNames {
  DeviceId peer;
  wire::Names names;
};

/// A client of a member says this of itself just now.
struct PeerPresent {
  DeviceId peer;
  wire::Presence presence;
};

/// A peer showed changes that contradict what we hold.
struct Refused {
  DeviceId peer;
  SpaceId space;
  Error error;
};

/// This store is older than it was, or not the only one of its kind: a peer has more of our own
/// log, or says so. Our next change begins a new log.
struct OwnLogWentOn {
  DeviceId peer;
  SpaceId space;
  bool is_proven = false;  ///< by changes that we signed and did not hold
};

/// A device signed two changes of one number: its log forked there. Both branches are kept, ours is
/// applied.
struct ForkFound {
  DeviceId device;
  SpaceId space;
  LogId log;
  Seq seq;
};

/// A space that was offered turned out to hold nothing: nobody talks of it any more.
struct NothingThere {
  SpaceId space;
};

using Notice = std::variant<PeerSaidHello, Progress, Compared, Served, Withheld, PeerAcknowledged,
                            PeerAnswered, PeerToldAddresses, PeerToldNames, PeerPresent, Refused,
                            OwnLogWentOn, ForkFound, NothingThere>;
struct Notify {
  Notice notice;
};

using Effect = std::variant<Send, DropPeer, LoadShared, OpenSpace, JoinSpace, AddSpace, Persist,
                            MakeDurable, LoadLog, LoadGrant, CheckLog, MendLog, KeepGrant,
                            HoldWrites, ReleaseWrites, LoadForkPoints, FindBranch, LoadForks,
                            KeepFork, KeepForgettings, RejoinSpace, Notify>;

}  // namespace lanyard::engine
