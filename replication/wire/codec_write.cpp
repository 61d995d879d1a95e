#ifndef MSGPACK_NO_BOOST
#define MSGPACK_NO_BOOST
#endif
#include <msgpack.hpp>

#include "replication/types/check.hpp"
#include "replication/wire/codec_parts.hpp"

namespace lanyard::wire {
namespace {

/// The elements of a message, through msgpack's packer, which writes the shortest forms.
class Writer {
 public:
  Writer(Naming& naming, Sink& sink) : naming_(naming), packer_(sink) {}

  void begin(MessageType type) {
    array(elements_of(type));
    natural(static_cast<std::uint64_t>(type));
  }
  void array(std::size_t size) { packer_.pack_array(static_cast<std::uint32_t>(size)); }
  void natural(std::uint64_t value) { packer_.pack_uint64(value); }
  void integer(std::int64_t value) { packer_.pack_int64(value); }
  void boolean(bool value) { value ? packer_.pack_true() : packer_.pack_false(); }
  void nil() { packer_.pack_nil(); }
  void text(std::string_view value) {
    packer_.pack_str(static_cast<std::uint32_t>(value.size()));
    packer_.pack_str_body(value.data(), static_cast<std::uint32_t>(value.size()));
  }
  void binary(ByteView value) {
    packer_.pack_bin(static_cast<std::uint32_t>(value.size()));
    packer_.pack_bin_body(as_text(value).data(), static_cast<std::uint32_t>(value.size()));
  }
  /// The number of an id, or the id, which then has a number.
  void name(ByteView id) {
    if (const auto number = naming_.find(id)) return natural(*number);
    binary(id);
    naming_.meet(id);
  }

 private:
  Naming& naming_;
  msgpack::packer<Sink> packer_;
};

void write_clock(Writer& out, const VectorClock& clock) {
  out.array(clock.size());
  for (const auto& [log, head] : clock) {
    out.array(3);
    out.binary(log.view());
    out.natural(head.seq.value);
    out.binary(head.hash.view());
  }
}

void write_head(Writer& out, const LogId& log, const Head& head) {
  out.name(log.view());
  out.natural(head.seq.value);
  out.binary(head.hash.view());
}

void write(Writer& out, const Hello& message) {
  out.begin(MessageType::kHello);
  out.text(message.build);
  out.array(message.features.size());
  for (const std::string& feature : message.features) out.text(feature);
  out.text(message.name);
  out.integer(message.wall_ms);
}

void write(Writer& out, const DigestRoot& message) {
  out.begin(MessageType::kDigestRoot);
  out.binary(message.root.view());
}

void write(Writer& out, const DigestBuckets& message) {
  LANYARD_CHECK(message.buckets.size() == kDigestBuckets, "one bucket for each first byte");
  Bytes all;
  all.reserve(kDigestBuckets * Hash::kSize);
  for (const Hash& bucket : message.buckets) append(all, bucket.view());
  out.begin(MessageType::kDigestBuckets);
  out.binary(all);
}

void write(Writer& out, const DigestSpaces& message) {
  out.begin(MessageType::kDigestSpaces);
  out.array(message.spaces.size());
  for (const SpaceDigest& each : message.spaces) {
    out.array(2);
    out.binary(each.space.view());
    out.binary(each.digest.view());
  }
  out.boolean(message.last);
}

void write(Writer& out, const Pull& message) {
  out.begin(MessageType::kPull);
  out.binary(message.space.view());
  write_clock(out, message.clock);
  out.natural(message.credit);
}

void write(Writer& out, const Grant& message) {
  out.begin(MessageType::kGrant);
  out.binary(message.space.view());
  out.binary(message.author.view());
  out.binary(message.incarnation.view());
  out.binary(message.header);
  out.binary(message.payload);
  out.binary(message.signature.view());
}

void write(Writer& out, const PackPart& message) {
  out.begin(MessageType::kPackPart);
  out.name(message.space.view());
  out.boolean(message.last);
  out.binary(message.bytes);
}

void write(Writer& out, const InStep& message) {
  out.begin(MessageType::kInStep);
  out.binary(message.space.view());
  write_clock(out, message.clock);
}

void write(Writer& out, const ClockPart& message) {
  out.begin(MessageType::kClockPart);
  out.binary(message.space.view());
  write_clock(out, message.clock);
}

void write_item(Writer& out, const LiveRun::Item& item, Hlc previous) {
  const bool open = item.kind == oplog::ChangeKind::kOpen;
  out.array(open ? 6 : 5);
  out.natural(static_cast<std::uint64_t>(item.form) << 1 | static_cast<std::uint64_t>(item.kind));
  out.natural(item.timestamp.value - previous.value);
  out.array(item.context.size());
  for (const oplog::ContextEntry& entry : item.context) {
    out.array(3);
    write_head(out, entry.log, entry.head);
  }
  if (item.epoch.is_zero()) {
    out.nil();
  } else {
    out.name(item.epoch.view());
  }
  out.binary(item.payload);
  if (open) out.binary(item.signature.view());
}

void write(Writer& out, const LiveRun& message) {
  out.begin(MessageType::kLiveRun);
  out.name(message.space.view());
  out.name(message.log.view());
  out.natural(message.first.value);
  out.array(message.items.size());
  Hlc previous;
  for (const LiveRun::Item& item : message.items) {
    write_item(out, item, previous);
    previous = item.timestamp;
  }
  out.binary(message.signature.view());
}

void write(Writer& out, const Have& message) {
  out.begin(MessageType::kHave);
  out.name(message.space.view());
  write_head(out, message.log, message.head);
}

void write(Writer& out, const Credit& message) {
  out.begin(MessageType::kCredit);
  out.name(message.space.view());
  out.natural(message.bytes);
}

void write(Writer& out, const Acknowledge& message) {
  out.begin(MessageType::kAcknowledge);
  out.name(message.space.view());
  out.array(message.durable.size());
  for (const auto& [log, head] : message.durable) {
    out.array(3);
    write_head(out, log, head);
  }
}

void write(Writer& out, const Ping& message) {
  out.begin(MessageType::kPing);
  out.natural(message.number);
  out.boolean(message.is_answer);
}

void write(Writer& out, const Bye& message) {
  out.begin(MessageType::kBye);
  out.natural(static_cast<std::uint64_t>(message.code));
}

void write(Writer& out, const Addresses& message) {
  out.begin(MessageType::kAddresses);
  out.array(message.devices.size());
  for (const Addresses::Device& device : message.devices) {
    out.array(2);
    out.binary(device.id.view());
    out.array(device.endpoints.size());
    for (const Addresses::Endpoint& endpoint : device.endpoints) {
      out.array(2);
      out.binary(endpoint.ip);
      out.natural(endpoint.port);
    }
  }
}

void write(Writer& out, const ForkPoints& message) {
  out.begin(MessageType::kForkPoints);
  out.binary(message.space.view());
  out.binary(message.log.view());
  out.array(message.points.size());
  for (const Head& point : message.points) {
    out.array(2);
    out.natural(point.seq.value);
    out.binary(point.hash.view());
  }
}

void write(Writer& out, const Fork& message) {
  out.begin(MessageType::kFork);
  out.binary(message.space.view());
  out.binary(message.device.view());
  out.binary(message.incarnation.view());
  out.binary(message.first);
  out.binary(message.second);
}

void write(Writer& out, const Presence& message) {
  out.begin(MessageType::kPresence);
  out.name(message.space.view());
  out.text(message.app);
  out.binary(message.value);
}

void write(Writer& out, const Forgotten& message) {
  out.begin(MessageType::kForgotten);
  out.array(message.words.size());
  for (const oplog::Forgetting& word : message.words) {
    out.array(5);
    out.binary(word.device.view());
    out.binary(word.author.view());
    out.natural(static_cast<std::uint64_t>(word.at_ms));
    out.boolean(word.is_forgotten);
    out.binary(word.signature.view());
  }
}

void write(Writer& out, const SharedAgain& message) {
  out.begin(MessageType::kSharedAgain);
  out.binary(message.space.view());
}

void write(Writer& out, const Names& message) {
  out.begin(MessageType::kNames);
  out.array(message.devices.size());
  for (const Names::Device& device : message.devices) {
    out.array(2);
    out.binary(device.id.view());
    out.text(device.name);
  }
}

}  // namespace

void write(const Message& message, Naming& naming, Sink& sink) {
  Writer out(naming, sink);
  std::visit([&](const auto& each) { write(out, each); }, message);
}

}  // namespace lanyard::wire
