#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

/// Every limit of Lanyard with its unit and its reason. Rules on a change's own bytes
/// are part of the format: changing them changes what is accepted or what has effect, everywhere.
/// The others bind only this device.
namespace lanyard::limits {

inline constexpr std::size_t kKiB = 1024;
inline constexpr std::size_t kMiB = 1024 * kKiB;

// ---- format: decides acceptance

/// A payload as it is hashed: 1 MiB of plain, its nonce and tag, and room for the encoding byte.
inline constexpr std::size_t kPayloadBytesMax = 1 * kMiB + 64;
/// Context entries of one header. An author with more news than this says the first of it in
/// changes without ops.
inline constexpr std::size_t kContextEntriesMax = 4096;
/// The author's whole clock stands in the context of every change whose seq is 1 mod this, if it
/// has no more entries than this: one a change, so that logs without end, which some member opens,
/// cost the others' changes nothing.
inline constexpr std::uint64_t kWholeContextEvery = 256;

// ---- format: decides effect

inline constexpr std::size_t kOpBytesMax = 256 * kKiB;
inline constexpr std::size_t kKeyBytesMax = 512;
inline constexpr std::size_t kCollectionBytesMax = 64;
inline constexpr std::size_t kFieldNameBytesMax = 256;
/// Arrays and maps inside one another, counted from a field's value or a set's element. A level of
/// a list in a rich text takes four of them (ProseMirror: two objects, each with its `content`):
/// fifteen of those fit. Reading stays far from the end of any stack.
inline constexpr std::size_t kValueDepthMax = 64;
/// The same in payloads of the first encoding (oplog::kEncodingMsgpack): what it says has effect is
/// so for ever.
inline constexpr std::size_t kFlatValueDepthMax = 16;
/// Of a record as one JSON text: its fields are values.
inline constexpr std::size_t kRecordDepthMax = kValueDepthMax + 1;
/// Of a text that has records or values within: a request, an export.
inline constexpr std::size_t kTextDepthMax = kRecordDepthMax + 15;
/// Values, keys and containers of one op, each counted once.
inline constexpr std::size_t kOpNodesMax = 65'536;
/// Ops of an open change. An agent writes one: it admits one device at a time.
inline constexpr std::size_t kOpenOpsMax = 64;
/// A value that was cut into chunks, put together again.
inline constexpr std::size_t kChunkedValueBytesMax = 64 * kMiB;
/// Chunks of one value. A writer cuts one of 64 MiB into 274.
inline constexpr std::size_t kValueChunksMax = 1024;
/// All chunked values that one change names, put together: they are in memory at once, at every
/// device. Doors take less than half of it in one request.
inline constexpr std::size_t kChunkedChangeBytesMax = 128 * kMiB;
static_assert(kChunkedValueBytesMax <= kChunkedChangeBytesMax);
/// Bytes of a record as the JSON that is shown, and fields in it: what does not fit waits in the
/// inbox, the largest fields first. Any text of 64 MiB fits with the quotes and line ends that
/// people write; SQLite holds 10^9 bytes in a row. One put can name fewer fields.
inline constexpr std::size_t kRecordShownBytesMax = 128 * kMiB;
inline constexpr std::size_t kRecordFieldsMax = 32'768;
static_assert(kOpNodesMax <= 2 * kRecordFieldsMax);

// ---- packs and runs

inline constexpr std::size_t kPackChangesMax = 1024;
/// Context entries of all changes of a pack together: an index of one byte in a pack is 72 bytes in
/// memory.
inline constexpr std::size_t kPackContextEntriesMax = 16'384;
static_assert(kContextEntriesMax <= kPackContextEntriesMax);
/// Plain ops of one pack, except that a pack of one change may be as large as that change.
inline constexpr std::size_t kPackPlainBytesMax = 1 * kMiB;
/// What a pack may declare as its size before it is decompressed. A larger one is refused before
/// memory is taken for it.
inline constexpr std::size_t kPackBodyBytesMax = 2 * kMiB;
static_assert(kPayloadBytesMax + 64 * kKiB <= kPackBodyBytesMax);
/// A context entry in a pack that does not have the change it names; and what a pack that is made
/// of several changes may come to in payloads and such entries, so that its other parts fit too.
inline constexpr std::size_t kPackEntryBytes = 80;
inline constexpr std::size_t kJoinedBytesMax = kPackBodyBytesMax - 256 * kKiB;
/// Payload bytes of a change that we author in bulk: a few changes fill a pack, and a cut transfer
/// repeats little.
inline constexpr std::size_t kBulkChangeBytes = 256 * kKiB;
/// Ops of a change that we author in bulk.
inline constexpr std::size_t kBulkChangeOps = 1000;

// ---- links

inline constexpr std::size_t kFrameBytesMax = 65'535;
inline constexpr std::size_t kMessageBytesMax = 2 * kMiB;
/// From one that has not proven to be a known device: what the pairing dialogue needs.
inline constexpr std::size_t kStrangersMessageBytesMax = 512;
/// A pack travels in parts of this size, so that a live change waits for at most one of them.
inline constexpr std::size_t kPackPartBytesMax = 256 * kKiB;
/// Bytes of changes from one peer that are not yet applied. Fills 100 Mbit/s for 0.3 s, longer than
/// a commit takes.
inline constexpr std::size_t kPeerWindowBytesMax = 4 * kMiB;
/// Standing credit for live changes, per space and peer in step.
inline constexpr std::size_t kLiveCreditBytes = 256 * kKiB;
/// A fresh run larger than this is told of and pulled: a pack is compressed, and a live run is not.
inline constexpr std::size_t kLiveRunBytesMax = 32 * kKiB;
/// Live changes whose context is not here yet, per space. Newest dropped: a pull brings them again.
inline constexpr std::size_t kParkedChangesMax = 1024;
inline constexpr std::size_t kParkedBytesMax = 1 * kMiB;
/// Devices that are linked at once. When all places are taken, one that was paired or added here
/// takes that of one which is only a member of some space: a member can admit as many as it likes.
inline constexpr std::size_t kPeersMax = 64;
inline constexpr std::size_t kHalfOpenMax = 64;
inline constexpr std::size_t kHalfOpenPerSourceMax = 8;
inline constexpr std::chrono::seconds kHandshakeTimeMax{10};
/// How long a pairing waits for the person at the joiner, who compares and says yes.
inline constexpr std::chrono::seconds kPairConfirmMax{120};
/// A pairing window: how long it is open, and how many codes it shows in that time.
inline constexpr std::chrono::seconds kPairWindow{300};
inline constexpr int kPairCodes = 3;
/// Bytes waiting to be sent on one link before no more of the log is read for it.
inline constexpr std::size_t kSendQueueBytesMax = 4 * kMiB;
/// A source of catch-up that is silent for this long is replaced by the next peer.
inline constexpr std::chrono::seconds kSourceSilenceMax{10};
/// A link without any message for this long is asked for a sign of life, and dropped after as long
/// again.
inline constexpr std::chrono::seconds kLinkSilenceMax{20};
/// The durable clock is acknowledged at most this long after it moved.
inline constexpr std::chrono::milliseconds kDurableWithin{1000};
/// A peer that gets a log from somebody else sooner than from us shows within this what it got, or
/// is told of it: that somebody may have gone. Longer than an acknowledgement takes to come.
inline constexpr std::chrono::milliseconds kShownWithin{1500};
static_assert(kShownWithin > kDurableWithin);
/// How long changes of ours wait for a peer to show that our own log went on elsewhere. Longer than
/// a pull takes on a local network; a person hardly notices.
inline constexpr std::chrono::milliseconds kDoubtMax{800};
/// How often a peer may say so and not show it, before what it says is passed over: each time costs
/// a new log. Counted until the agent ends; what it does show is always believed.
inline constexpr std::size_t kUnprovenClaimsMax = 3;
/// One branch of a fork as it is kept and told, packed; both fit into a message. What a branch has
/// beyond it stays on the devices that hold that branch as their own.
inline constexpr std::size_t kForkBranchBytesMax = 768 * kKiB;
static_assert(2 * kForkBranchBytesMax + kKiB <= kMessageBytesMax);
/// Forked logs of one device in one space that are kept; further ones are refused.
inline constexpr std::size_t kForksMax = 64;
/// Those of them that are taken before their logs are here.
inline constexpr std::size_t kForksAheadMax = 8;
/// Points by which two devices find where their branches part: at distances 1, 2, 4, ... from the
/// end.
inline constexpr std::size_t kForkPointsMax = 64;
/// Messages about forks that one link may bring in a space: each costs two signatures or a read of
/// the log.
inline constexpr std::size_t kForkMessagesMax = 4 * kForksMax;
/// Spaces that one device may make known to us, whatever links it does that on; and those that it
/// has offered on a link, whose turn to be looked at has not come.
inline constexpr std::size_t kSpacesPerPeerMax = 10'000;
/// Of those, how many are looked at at once: until a founding is proven all of it is in memory, a
/// pack of each at most. Enough that a store, which makes a file for each, never waits.
inline constexpr std::size_t kProspectsMax = 16;
/// Grants and forks of one such space that wait for its founding: as many forks as are taken ahead
/// of a log.
inline constexpr std::size_t kHeldBackBytesMax = kForksAheadMax * 2 * kForkBranchBytesMax;
/// Logs of one clock in a message: 256 members of 64 live logs each, at most 80 bytes an entry.
inline constexpr std::size_t kClockLogsMax = 16'384;
static_assert(kClockLogsMax * 80 + kKiB <= kMessageBytesMax);
/// Space digests of one page: a live change waits for at most one page.
inline constexpr std::size_t kDigestPageSpacesMax = 1024;
/// Devices that one peer may tell us of, as many as may be linked, and addresses of each: two
/// families on four networks.
inline constexpr std::size_t kToldDevicesMax = kPeersMax;
inline constexpr std::size_t kToldAddressesMax = 8;
/// JSON of a presence that a local client says, and what it can come to as canonical msgpack: a
/// double of three letters and a comma takes nine bytes there.
inline constexpr std::size_t kPresenceJsonBytesMax = 16 * kKiB;
inline constexpr std::size_t kPresenceBytesMax = 40 * kKiB;
/// What one peer may say of presence in a second; of what it says beyond that the newest follows.
/// A screen shows no more pictures than this, of some kilobytes each.
inline constexpr std::size_t kPresencesPerSecond = 60;
inline constexpr std::size_t kPresenceBytesPerSecond = 256 * kKiB;
static_assert(kPresenceBytesMax <= kPresenceBytesPerSecond);
/// Presences on their way to another thread. What comes beyond is left out: a newer one follows.
inline constexpr int kPresencesWaitingMax = 64;
/// Names of features that one hello may carry.
inline constexpr std::size_t kFeaturesMax = 64;

// ---- clocks and people

/// A stamp further ahead of our wall clock than this does not pull our own stamps along.
inline constexpr std::chrono::milliseconds kClockLeadMax{10 * 60 * 1000};
inline constexpr std::size_t kNameBytesMax = 64;

// ---- storage and the local surface

inline constexpr std::size_t kOpenSpacesMax = 32;
inline constexpr std::chrono::seconds kSpaceIdleClose{60};
/// How much of our own log a power cut may keep from its high-water mark: a mark is synced no more
/// often, as it costs the disk as much as a write does.
inline constexpr std::chrono::seconds kMarkSyncEvery{60};
/// Ops merged in one transaction, sorted by key: large enough for B-tree locality, small enough to
/// bound memory.
inline constexpr std::size_t kMergeBatchOps = 20'000;
inline constexpr std::size_t kMergeBatchBytes = 16 * kMiB;
inline constexpr std::size_t kViewColumnsMax = 200;
inline constexpr std::size_t kPageRows = 1000;
/// A page ends with the record that passes this, so that large records make short pages.
inline constexpr std::size_t kPageBytes = 4 * kMiB;
inline constexpr std::chrono::seconds kReadTimeMax{5};
/// A body of the local HTTP API that is read as a whole, and a line of one that is not: an op with
/// the largest value that is written in one piece fits in.
inline constexpr std::size_t kJsonBodyMax = 8 * kMiB;
/// A browser opens six for each of its pages.
inline constexpr std::size_t kHttpConnectionsMax = 256;
/// A message on a WebSocket, and what may wait for a client that does not read: beyond
/// kSocketQueueFull it is told nothing new and asked for nothing, and catches up once it has read.
inline constexpr std::size_t kSocketMessageMax = 4 * kMiB;
inline constexpr std::size_t kSocketQueueFull = kMiB;
/// One request line on the control socket.
inline constexpr std::size_t kControlLineBytesMax = 8 * kMiB;
inline constexpr std::size_t kControlClientsMax = 256;
/// Local writes waiting for the storage thread, before a client is told to come back.
inline constexpr std::size_t kLocalWritesWaitingMax = 4096;
/// Access tokens of one device: one for every app and script of a person, many times over. All are
/// in memory, and looked at by each request.
inline constexpr std::size_t kTokensMax = 1024;
/// Spaces that one token names; who needs more gets a token for all of them.
inline constexpr std::size_t kTokenSpacesMax = 256;
/// A token's last use is stored at most so often: a write for every request would cost more than
/// what was asked for, and people ask for the day.
inline constexpr std::chrono::minutes kTokenUseStoredEvery{10};
/// Clients of the compatibility listeners of which is remembered what they have seen: those heard
/// of last. A person's browsers, over years of updates that change their names; a megabyte or two
/// each, of a large store.
inline constexpr std::size_t kCompatClientsMax = 64;
/// Ids of clients' mutations that are known in a space, the newest: counted, since a clock that
/// steps must not make one be written twice. An app that was offline for a season and sends what it
/// had written again finds it known where people write by hand. 100 MB at most, less than the log
/// of as many changes.
inline constexpr std::size_t kMutationsKept = 1'000'000;
/// Those that are forgotten with one write, at most: some milliseconds.
inline constexpr std::size_t kMutationsForgottenMax = 10'000;
/// How long a resolved conflict can be opened again; the newest of them always, whatever the clock
/// says.
inline constexpr std::chrono::hours kResolutionKept{90 * 24};
inline constexpr std::size_t kResolutionsAlwaysKept = 1000;
/// Those that are known in another space too, once theirs is carried over to it: the newest, as
/// many as one transaction takes in within a moment. A client sends again what it wrote last.
inline constexpr std::size_t kMutationsCarriedMax = 20'000;
/// Free space below which new local writes are refused: what sync, deletes and recovery still need.
inline constexpr std::size_t kDiskReserveBytes = 8 * kMiB;

}  // namespace lanyard::limits
