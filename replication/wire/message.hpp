#pragma once

#include <string>
#include <variant>
#include <vector>

#include "replication/oplog/forgetting.hpp"
#include "replication/oplog/fork.hpp"
#include "replication/types/vector_clock.hpp"

/// What two agents say to each other over a secured link (docs/PROTOCOL.md). Values only:
/// parsing is in codec.hpp, who says what when is in engine/.
namespace lanyard::wire {

/// A space's digest: BLAKE2b-256 over its applied clock in log id order.
struct SpaceDigest {
  SpaceId space;
  Hash digest;
  friend bool operator==(const SpaceDigest&, const SpaceDigest&) = default;
};

/// First message of both sides.
struct Hello {
  // All texts: UTF-8 of at most limits::kNameBytesMax bytes.
  std::string build;                  ///< shown to people, never decides anything
  std::vector<std::string> features;  ///< beyond the wire version; at most limits::kFeaturesMax
  std::string name;                   ///< the device's own name for itself: text from a peer
  std::int64_t wall_ms = 0;  ///< for telling people about wrong clocks; never decides anything
  friend bool operator==(const Hello&, const Hello&) = default;
};

/// One hash over all spaces that both are members of, as the sender sees it: equal means nothing is
/// new.
struct DigestRoot {
  Hash root;
  friend bool operator==(const DigestRoot&, const DigestRoot&) = default;
};

/// After different roots: 256 hashes, one for each first byte of a space id; zeros where there is
/// no space.
struct DigestBuckets {
  std::vector<Hash> buckets;
  friend bool operator==(const DigestBuckets&, const DigestBuckets&) = default;
};

/// After different buckets: the spaces in those that differ, in pages of at most
/// limits::kDigestPageSpacesMax.
struct DigestSpaces {
  std::vector<SpaceDigest> spaces;
  bool last = true;
  friend bool operator==(const DigestSpaces&, const DigestSpaces&) = default;
};

/// Send me what you have of this space and I have not, up to `credit` bytes; and live changes after
/// that. Says what the sender holds of everybody's logs, the receiver's own included: at most
/// limits::kClockLogsMax of them, as in every message with a clock; what there is more went ahead
/// in ClockParts.
struct Pull {
  SpaceId space;
  VectorClock clock;
  std::uint64_t credit = 0;
  friend bool operator==(const Pull&, const Pull&) = default;
};

/// The admit that gives the receiver the keys of a space, ahead of the history that it opens:
/// provable by itself.
struct Grant {
  SpaceId space;
  DeviceId author;
  Incarnation incarnation;
  Bytes header;
  Bytes payload;
  Signature signature;
  friend bool operator==(const Grant&, const Grant&) = default;
};

/// A part of a pack, at most limits::kPackPartBytesMax; parts of one pack follow each other within
/// a space.
struct PackPart {
  SpaceId space;
  bool last = true;
  Bytes bytes;
  friend bool operator==(const PackPart&, const PackPart&) = default;
};

/// Answer to a pull, after its packs: this was everything; the sender's clock now. From here on
/// changes come live.
struct InStep {
  SpaceId space;
  VectorClock clock;
  friend bool operator==(const InStep&, const InStep&) = default;
};

/// A fresh run of one log, sent at once to a peer that has given standing credit. What the receiver
/// holds is left out. 1 to limits::kPackChangesMax items, in one message: a larger run goes as a
/// pack. Never erased; an epoch in sealed items and in no open one.
struct LiveRun {
  struct Item {
    oplog::ChangeKind kind = oplog::ChangeKind::kSealed;
    oplog::PayloadForm form = oplog::PayloadForm::kPlain;
    Hlc timestamp;
    std::vector<oplog::ContextEntry> context;
    EpochId epoch;
    Bytes payload;
    Signature signature;  ///< of open changes
    friend bool operator==(const Item&, const Item&) = default;
  };
  SpaceId space;
  LogId log;
  Seq first;
  std::vector<Item> items;
  Signature signature;  ///< of the last
  friend bool operator==(const LiveRun&, const LiveRun&) = default;
};

/// News without content, to one that has given no credit: ask for it when you can.
struct Have {
  SpaceId space;
  LogId log;
  Head head;
  friend bool operator==(const Have&, const Have&) = default;
};

/// More bytes may be sent for this space.
struct Credit {
  SpaceId space;
  std::uint64_t bytes = 0;
  friend bool operator==(const Credit&, const Credit&) = default;
};

/// What is durable at the sender: never taken back, except with the whole disk.
struct Acknowledge {
  SpaceId space;
  VectorClock durable;
  friend bool operator==(const Acknowledge&, const Acknowledge&) = default;
};

/// Answered by a pong with the same number.
struct Ping {
  std::uint64_t number = 0;
  bool is_answer = false;
  friend bool operator==(const Ping&, const Ping&) = default;
};

enum class ByeCode : std::uint8_t {
  kShutdown = 0,   ///< the agent stops
  kProtocol = 1,   ///< a message that could not be understood, or did not belong there
  kRefused = 2,    ///< changes that cannot be accepted
  kBusy = 3,       ///< too many links
  kForgotten = 4,  ///< not a known device any more
  kSilence = 5     ///< no sign of life
};

struct Bye {
  ByeCode code = ByeCode::kShutdown;
  friend bool operator==(const Bye&, const Bye&) = default;
};

/// Where the sender reaches other devices that are members, with the receiver and itself, of at
/// least one space. Whole each time: what is not in it any more is not said any more. A hint of
/// where to dial, and nothing more.
struct Addresses {
  struct Endpoint {
    Bytes ip;  ///< 4 or 16 bytes, in the order of the network
    std::uint16_t port = 0;
    friend bool operator==(const Endpoint&, const Endpoint&) = default;
  };
  struct Device {
    DeviceId id;
    std::vector<Endpoint> endpoints;  ///< 1 to limits::kToldAddressesMax, the best first
    friend bool operator==(const Device&, const Device&) = default;
  };
  std::vector<Device> devices;  ///< sorted, each once; at most limits::kToldDevicesMax
  friend bool operator==(const Addresses&, const Addresses&) = default;
};

/// We hold different changes of one log. These are some of the sender's, its head first; show what
/// you have after the last of them that you hold too. -> Fork with one branch
struct ForkPoints {
  SpaceId space;
  LogId log;
  std::vector<Head> points;
  friend bool operator==(const ForkPoints&, const ForkPoints&) = default;
};

/// A proven fork; or, as an answer to ForkPoints, one branch, and `second` is empty.
using oplog::Fork;

/// What a member's client says of itself just now: where its cursor is, that somebody types. Not
/// stored, not repeated, not passed on; it may get lost.
struct Presence {
  SpaceId space;
  std::string app;  ///< who says so there: UTF-8 of at most limits::kNameBytesMax bytes
  Bytes value;      ///< canonical msgpack of a JSON value, at most limits::kPresenceBytesMax
  friend bool operator==(const Presence&, const Presence&) = default;
};

/// Devices that were forgotten, and those that are known again: all that the sender was told by
/// others of the receiver's person, or says itself. Each word is signed by its author. Before the
/// digests of a first comparison, and again when there is more to say.
struct Forgotten {
  std::vector<oplog::Forgetting> words;  ///< at most oplog::kForgettingsMax
  friend bool operator==(const Forgotten&, const Forgotten&) = default;
};

/// A person on the sender shared the space with the receiver, which was a member of it before: it
/// may have left it since.
struct SharedAgain {
  SpaceId space;
  friend bool operator==(const SharedAgain&, const SharedAgain&) = default;
};

/// What devices call themselves that are members, with the receiver and the sender, of at least one
/// space, as the sender heard it from each of them. Whole each time. For people alone: it names
/// those that the receiver has not met.
struct Names {
  struct Device {
    DeviceId id;
    std::string name;  ///< UTF-8 of at most limits::kNameBytesMax bytes
    friend bool operator==(const Device&, const Device&) = default;
  };
  std::vector<Device> devices;  ///< sorted, each once; at most limits::kToldDevicesMax
  friend bool operator==(const Names&, const Names&) = default;
};

/// Entries of the clock that the next pull or in step of this space has: of a clock with more than
/// limits::kClockLogsMax of them all but the last go ahead so. No log is in two parts.
struct ClockPart {
  SpaceId space;
  VectorClock clock;
  friend bool operator==(const ClockPart&, const ClockPart&) = default;
};

using Message = std::variant<Hello, DigestRoot, DigestBuckets, DigestSpaces, Pull, Grant, PackPart,
                             InStep, LiveRun, Have, Credit, Acknowledge, Ping, Bye, Addresses,
                             ForkPoints, Fork, Presence, Forgotten, SharedAgain, Names, ClockPart>;

}  // namespace lanyard::wire
