#include "replication/types/canonical.hpp"
#include "replication/types/limits.hpp"
#include "replication/wire/codec_elements.hpp"
#include "replication/wire/codec_parts.hpp"

namespace lanyard::wire {
namespace {

/// A live run is the deepest message: message, items, item, context, entry; and addresses are: the
/// message, devices, device, endpoints, endpoint.
constexpr std::size_t kDepthMax = 5;
constexpr std::size_t kArrayMax = limits::kClockLogsMax;
static_assert(kArrayMax >= std::max({limits::kContextEntriesMax, limits::kDigestPageSpacesMax,
                                     limits::kPackChangesMax, limits::kFeaturesMax}));

// ---- parts of messages

oplog::ContextEntry read_head(Elements& in) {
  oplog::ContextEntry entry;
  entry.log = in.name<LogId>();
  entry.head.seq = in.seq();
  entry.head.hash = in.fixed<Hash>();
  return entry;
}

oplog::ContextEntry read_full_head(Elements& in) {
  oplog::ContextEntry entry;
  entry.log = in.fixed<LogId>();
  entry.head.seq = in.seq();
  entry.head.hash = in.fixed<Hash>();
  return entry;
}

/// Log ids must be sorted and distinct: a clock has one spelling.
VectorClock read_clock(Elements& in, oplog::ContextEntry (*read_entry)(Elements&)) {
  VectorClock clock;
  Elements list = in.array(limits::kClockLogsMax);
  while (list.more()) {
    Elements one = list.array_of(3);
    const oplog::ContextEntry entry = read_entry(one);
    list.require(clock.empty() || clock.rbegin()->first < entry.log);
    clock.emplace_hint(clock.end(), entry.log, entry.head);
  }
  return clock;
}

std::vector<oplog::ContextEntry> read_context(Elements& in, const LogId& own) {
  std::vector<oplog::ContextEntry> context;
  Elements list = in.array(limits::kContextEntriesMax);
  while (list.more()) {
    Elements one = list.array_of(3);
    const oplog::ContextEntry entry = read_head(one);
    list.require(entry.log != own && (context.empty() || context.back().log < entry.log));
    context.push_back(entry);
  }
  return context;
}

LiveRun::Item read_item(Elements& list, const LogId& log, Hlc previous) {
  Elements in = list.array(6);
  LiveRun::Item item;
  const std::size_t elements = in.left();
  const std::uint64_t flags = in.natural();
  in.require(flags <= 2);  // sealed as plain, open, sealed as sealed
  item.kind = static_cast<oplog::ChangeKind>(flags & 1);
  item.form = static_cast<oplog::PayloadForm>(flags >> 1);
  const bool open = item.kind == oplog::ChangeKind::kOpen;
  in.require(elements == (open ? 6U : 5U));
  item.timestamp = {previous.value + in.natural()};
  item.context = read_context(in, log);
  const bool no_epoch = in.take_nil();
  in.require(no_epoch == open);
  if (!no_epoch) {
    item.epoch = in.name<EpochId>();
    in.require(!item.epoch.is_zero());
  }
  item.payload = to_bytes(in.binary(limits::kPayloadBytesMax));
  if (open) item.signature = in.fixed<Signature>();
  return item;
}

// ---- messages

Hello read_hello(Elements& in) {
  Hello message;
  message.build = in.text();
  Elements features = in.array(limits::kFeaturesMax);
  while (features.more()) message.features.push_back(features.text());
  message.name = in.text();
  message.wall_ms = in.integer();
  return message;
}

DigestBuckets read_buckets(Elements& in) {
  DigestBuckets message;
  ByteView all = in.binary(kDigestBuckets * Hash::kSize);
  in.require(all.size() == kDigestBuckets * Hash::kSize);
  for (; all.size() >= Hash::kSize; all = all.subspan(Hash::kSize))
    message.buckets.push_back(*Hash::from(all.first(Hash::kSize)));
  return message;
}

DigestSpaces read_spaces(Elements& in) {
  DigestSpaces message;
  Elements list = in.array(limits::kDigestPageSpacesMax);
  while (list.more()) {
    Elements one = list.array_of(2);
    const auto space = one.fixed<SpaceId>();
    message.spaces.push_back({space, one.fixed<Hash>()});
  }
  message.last = in.boolean();
  return message;
}

Pull read_pull(Elements& in) {
  Pull message;
  message.space = in.fixed<SpaceId>();
  message.clock = read_clock(in, read_full_head);
  message.credit = in.natural();
  return message;
}

Grant read_grant(Elements& in) {
  Grant message;
  message.space = in.fixed<SpaceId>();
  message.author = in.fixed<DeviceId>();
  message.incarnation = in.fixed<Incarnation>();
  message.header = to_bytes(in.binary(kBinaryMax));
  message.payload = to_bytes(in.binary(limits::kPayloadBytesMax));
  message.signature = in.fixed<Signature>();
  return message;
}

PackPart read_part(Elements& in) {
  PackPart message;
  message.space = in.name<SpaceId>();
  message.last = in.boolean();
  message.bytes = to_bytes(in.binary(limits::kPackPartBytesMax));
  return message;
}

InStep read_in_step(Elements& in) {
  InStep message;
  message.space = in.fixed<SpaceId>();
  message.clock = read_clock(in, read_full_head);
  return message;
}

ClockPart read_clock_part(Elements& in) {
  ClockPart message;
  message.space = in.fixed<SpaceId>();
  message.clock = read_clock(in, read_full_head);
  return message;
}

LiveRun read_run(Elements& in) {
  LiveRun message;
  message.space = in.name<SpaceId>();
  message.log = in.name<LogId>();
  message.first = in.seq();
  Elements items = in.array(limits::kPackChangesMax);
  in.require(items.left() > 0 && message.first.value <= UINT64_MAX - items.left());
  Hlc previous;
  while (items.more()) {
    message.items.push_back(read_item(items, message.log, previous));
    previous = message.items.back().timestamp;
  }
  message.signature = in.fixed<Signature>();
  return message;
}

Have read_have(Elements& in) {
  const auto space = in.name<SpaceId>();
  const oplog::ContextEntry entry = read_head(in);
  return {space, entry.log, entry.head};
}

Credit read_credit(Elements& in) {
  const auto space = in.name<SpaceId>();
  return {space, in.natural()};
}

Acknowledge read_acknowledge(Elements& in) {
  const auto space = in.name<SpaceId>();
  return {space, read_clock(in, read_head)};
}

Ping read_ping(Elements& in) {
  const std::uint64_t number = in.natural();
  return {number, in.boolean()};
}

Bye read_bye(Elements& in) {
  const std::uint64_t code = in.natural();
  in.require(code <= static_cast<std::uint64_t>(ByeCode::kSilence));
  return {static_cast<ByeCode>(code)};
}

Addresses::Endpoint read_endpoint(Elements& in) {
  Elements endpoint = in.array_of(2);
  Addresses::Endpoint out;
  out.ip = to_bytes(endpoint.binary(16));
  endpoint.require(out.ip.size() == 4 || out.ip.size() == 16);
  const std::uint64_t port = endpoint.natural();
  endpoint.require(port >= 1 && port <= UINT16_MAX);
  out.port = static_cast<std::uint16_t>(port);
  return out;
}

Addresses read_addresses(Elements& in) {
  Addresses message;
  Elements devices = in.array(limits::kToldDevicesMax);
  while (devices.more()) {
    Elements entry = devices.array_of(2);
    Addresses::Device device;
    device.id = entry.fixed<DeviceId>();
    entry.require(message.devices.empty() || message.devices.back().id < device.id);
    Elements endpoints = entry.array(limits::kToldAddressesMax);
    endpoints.require(endpoints.left() > 0);
    while (endpoints.more()) device.endpoints.push_back(read_endpoint(endpoints));
    message.devices.push_back(std::move(device));
  }
  return message;
}

ForkPoints read_fork_points(Elements& in) {
  ForkPoints message;
  message.space = in.fixed<SpaceId>();
  message.log = in.fixed<LogId>();
  Elements list = in.array(limits::kForkPointsMax);
  while (list.more()) {
    Elements one = list.array_of(2);
    const Seq seq = one.seq();
    message.points.push_back({seq, one.fixed<Hash>()});
  }
  return message;
}

Fork read_fork(Elements& in) {
  Fork message;
  message.space = in.fixed<SpaceId>();
  message.device = in.fixed<DeviceId>();
  message.incarnation = in.fixed<Incarnation>();
  message.first = to_bytes(in.binary(limits::kForkBranchBytesMax));
  message.second = to_bytes(in.binary(limits::kForkBranchBytesMax));
  return message;
}

Presence read_presence(Elements& in) {
  Presence message;
  message.space = in.name<SpaceId>();
  message.app = in.text();
  message.value = to_bytes(in.binary(limits::kPresenceBytesMax));
  CanonicalReader value(message.value);
  value.value();
  in.require(value.finish().has_value());
  return message;
}

Forgotten read_forgotten(Elements& in) {
  Forgotten message;
  Elements list = in.array(oplog::kForgettingsMax);
  while (list.more()) {
    Elements one = list.array_of(5);
    oplog::Forgetting word;
    word.device = one.fixed<DeviceId>();
    word.author = one.fixed<DeviceId>();
    const std::uint64_t at = one.natural();
    one.require(at <= static_cast<std::uint64_t>(oplog::kForgettingAtMax));
    word.at_ms = static_cast<std::int64_t>(at);
    word.is_forgotten = one.boolean();
    word.signature = one.fixed<Signature>();
    message.words.push_back(word);
  }
  return message;
}

Names read_names(Elements& in) {
  Names message;
  Elements devices = in.array(limits::kToldDevicesMax);
  while (devices.more()) {
    Elements entry = devices.array_of(2);
    const auto id = entry.fixed<DeviceId>();
    entry.require(message.devices.empty() || message.devices.back().id < id);
    message.devices.push_back({id, entry.text()});
  }
  return message;
}

Message read_body(MessageType type, Elements& in) {
  switch (type) {
    case MessageType::kHello: return read_hello(in);
    case MessageType::kDigestRoot: return DigestRoot{in.fixed<Hash>()};
    case MessageType::kDigestBuckets: return read_buckets(in);
    case MessageType::kDigestSpaces: return read_spaces(in);
    case MessageType::kPull: return read_pull(in);
    case MessageType::kGrant: return read_grant(in);
    case MessageType::kPackPart: return read_part(in);
    case MessageType::kInStep: return read_in_step(in);
    case MessageType::kLiveRun: return read_run(in);
    case MessageType::kHave: return read_have(in);
    case MessageType::kCredit: return read_credit(in);
    case MessageType::kAcknowledge: return read_acknowledge(in);
    case MessageType::kPing: return read_ping(in);
    case MessageType::kBye: return read_bye(in);
    case MessageType::kAddresses: return read_addresses(in);
    case MessageType::kForkPoints: return read_fork_points(in);
    case MessageType::kFork: return read_fork(in);
    case MessageType::kPresence: return read_presence(in);
    case MessageType::kForgotten: return read_forgotten(in);
    case MessageType::kSharedAgain: return SharedAgain{in.fixed<SpaceId>()};
    case MessageType::kNames: return read_names(in);
    case MessageType::kClockPart: return read_clock_part(in);
  }
  in.refuse(Code::kMalformed);
  return Bye{};
}

/// Texts and binaries stay in the message; only what is kept of it is copied, once.
bool stays_in_message(object_type /*type*/, std::size_t /*size*/, void* /*unused*/) { return true; }

}  // namespace

Result<Message> read(MessageType type, ByteView bytes, Naming& naming) {
  // No array has more elements than the message has bytes.
  const msgpack::unpack_limit limit(std::min(kArrayMax, bytes.size()), 0, limits::kNameBytesMax,
                                    kBinaryMax, 0, kDepthMax);
  try {
    msgpack::zone zone;
    std::size_t end = 0;
    bool referenced = false;
    const msgpack::object object = msgpack::unpack(zone, as_text(bytes).data(), bytes.size(), end,
                                                   referenced, stays_in_message, nullptr, limit);
    if (end != bytes.size()) return fail(Code::kMalformed, "bytes after a message");
    Reading reading{naming, std::nullopt};
    Elements in(object, reading);
    static_cast<void>(in.natural());  // the type
    Message message = read_body(type, in);
    in.require(in.left() == 0);
    if (reading.wrong) return fail(*reading.wrong, "message");
    return message;
  } catch (const msgpack::size_overflow&) {
    return fail(Code::kTooLarge, "message");
  } catch (const msgpack::unpack_error&) {
    return fail(Code::kMalformed, "message");
  }
}

}  // namespace lanyard::wire
