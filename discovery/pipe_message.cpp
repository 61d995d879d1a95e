#include "discovery/pipe_message.hpp"

#include <limits>

#include "replication/types/canonical.hpp"
#include "replication/types/check.hpp"
#include "replication/types/utf8.hpp"

namespace lanyard::discovery {
namespace {

constexpr std::size_t kLengthBytes = 2;
constexpr std::size_t kLabelBytesMax = 63;

enum class Kind : std::uint8_t { kReport = 1, kCollided, kSighting, kLost };

Bytes with_length(const Bytes& body, std::size_t max) {
  LANYARD_CHECK(body.size() <= max, "a message to the other end of the pipe is too long");
  Bytes out = {static_cast<std::uint8_t>(body.size() >> 8), static_cast<std::uint8_t>(body.size())};
  append(out, body);
  return out;
}

void write_key(const SightingKey& key, CanonicalWriter& out) {
  out.binary(as_bytes(key.instance));
  out.binary(as_bytes(key.interface));
  out.boolean(key.is_v6);
}

void write_text(const ServiceText& text, CanonicalWriter& out) {
  out.natural(text.lowest_version);
  out.natural(text.highest_version);
  out.boolean(text.is_pairing);
}

void write(const Report& report, CanonicalWriter& out) {
  out.array(4);
  out.natural(static_cast<std::uint64_t>(Kind::kReport));
  out.natural(static_cast<std::uint64_t>(report.readiness));
  out.boolean(report.is_announced);
  out.binary(as_bytes(report.trouble));
}

void write(const Collided& /*collided*/, CanonicalWriter& out) {
  out.array(1);
  out.natural(static_cast<std::uint64_t>(Kind::kCollided));
}

void write(const Sighting& sighting, CanonicalWriter& out) {
  out.array(9);
  out.natural(static_cast<std::uint64_t>(Kind::kSighting));
  write_key(sighting.key, out);
  out.binary(sighting.address.view());
  out.natural(sighting.port);
  write_text(sighting.text, out);
}

void write(const Lost& lost, CanonicalWriter& out) {
  out.array(4);
  out.natural(static_cast<std::uint64_t>(Kind::kLost));
  write_key(lost.key, out);
}

/// Reads with the first mistake remembered: what comes after it is empty.
class PipeReader {
 public:
  explicit PipeReader(ByteView bytes) : in_(bytes) {}

  void array(std::size_t size) { demand(in_.array() == size); }
  std::size_t list(std::size_t max) {
    const std::size_t size = in_.array();
    demand(size <= max);
    return in_.failed() ? 0 : size;
  }
  bool boolean() { return in_.boolean(); }
  std::uint64_t number(std::uint64_t max) {
    const std::uint64_t value = in_.natural();
    demand(value <= max);
    return in_.failed() ? 0 : value;
  }
  std::uint16_t port() { return static_cast<std::uint16_t>(number(0xFFFF)); }
  std::string bytes(std::size_t max) {
    const ByteView value = in_.binary();
    demand(value.size() <= max);
    return in_.failed() ? std::string() : std::string(as_text(value));
  }
  std::string name(std::size_t max) {
    std::string value = bytes(max);
    demand(!value.empty());
    return value;
  }
  IpAddress address() {
    const auto value = IpAddress::from(in_.binary());
    demand(value.has_value());
    return value.value_or(IpAddress{});
  }
  SightingKey key() {
    SightingKey out;
    out.instance = name(kLabelBytesMax);
    out.interface = name(kInterfaceNameBytesMax);
    out.is_v6 = boolean();
    return out;
  }
  ServiceText text() {
    ServiceText out;
    out.lowest_version = port();
    out.highest_version = port();
    out.is_pairing = boolean();
    return out;
  }
  void demand(bool condition) {
    if (!condition) in_.fail(Code::kMalformed);
  }
  [[nodiscard]] Status finish() const { return in_.finish(); }

 private:
  CanonicalReader in_;
};

Interface read_interface(PipeReader& in) {
  Interface out;
  in.array(3);
  out.index = static_cast<int>(in.number(0x7FFFFFFF));
  out.name = in.name(kInterfaceNameBytesMax);
  for (std::size_t left = in.list(kAddressesPerInterfaceMax); left > 0; --left)
    out.addresses.push_back(in.address());
  return out;
}

Result<ChildMessage> read_report(PipeReader& in) {
  Report out;
  out.readiness = static_cast<Readiness>(in.number(static_cast<std::uint64_t>(Readiness::kReady)));
  out.is_announced = in.boolean();
  out.trouble = in.bytes(kTroubleBytesMax);
  in.demand(is_utf8(as_bytes(out.trouble)));
  LANYARD_TRY(in.finish());
  return out;
}

Result<ChildMessage> read_sighting(PipeReader& in) {
  Sighting out;
  out.key = in.key();
  out.address = in.address();
  out.port = in.port();
  out.text = in.text();
  LANYARD_TRY(in.finish());
  return out;
}

}  // namespace

Bytes encode(const Orders& orders) {
  Bytes body;
  CanonicalWriter out(body);
  out.array(8);
  out.natural(orders.turn);
  out.binary(as_bytes(orders.instance));
  out.binary(as_bytes(orders.host));
  out.natural(orders.port);
  write_text(orders.text, out);
  out.array(orders.interfaces.size());
  for (const Interface& each : orders.interfaces) {
    out.array(3);
    out.natural(static_cast<std::uint64_t>(each.index));
    out.binary(as_bytes(each.name));
    out.array(each.addresses.size());
    for (const IpAddress& address : each.addresses) out.binary(address.view());
  }
  return with_length(body, kToChildBytesMax);
}

Result<Orders> decode_orders(ByteView bytes) {
  PipeReader in(bytes);
  Orders out;
  in.array(8);
  out.turn = in.number(std::numeric_limits<std::uint64_t>::max());
  out.instance = in.name(kLabelBytesMax);
  out.host = in.name(kLabelBytesMax);
  out.port = in.port();
  out.text = in.text();
  for (std::size_t left = in.list(kInterfacesMax); left > 0; --left)
    out.interfaces.push_back(read_interface(in));
  LANYARD_TRY(in.finish());
  return out;
}

Bytes encode(const ChildMessage& message) {
  Bytes body;
  CanonicalWriter out(body);
  std::visit([&](const auto& each) { write(each, out); }, message);
  return with_length(body, kToAgentBytesMax);
}

Result<ChildMessage> decode_child_message(ByteView bytes) {
  CanonicalReader head(bytes);
  const std::size_t size = head.array();
  const std::uint64_t kind = head.natural();
  if (head.failed()) return fail(Code::kMalformed, "a message of the discovery process");
  PipeReader in(bytes.subspan(head.position()));
  switch (static_cast<Kind>(kind)) {
    case Kind::kReport: in.demand(size == 4); return read_report(in);
    case Kind::kCollided: {
      in.demand(size == 1);
      LANYARD_TRY(in.finish());
      return Collided{};
    }
    case Kind::kSighting: in.demand(size == 9); return read_sighting(in);
    case Kind::kLost: {
      in.demand(size == 4);
      Lost out{in.key()};
      LANYARD_TRY(in.finish());
      return out;
    }
  }
  return fail(Code::kMalformed, "a message of the discovery process of unknown kind");
}

Result<std::optional<Bytes>> PipeFrames::next() {
  if (buffer_.size() < kLengthBytes) return std::nullopt;
  const std::size_t size = static_cast<std::size_t>(buffer_[0]) << 8 | buffer_[1];
  if (size > max_) return fail(Code::kTooLarge, "a message of the discovery process");
  if (buffer_.size() < kLengthBytes + size) return std::nullopt;
  const auto begin = buffer_.begin() + kLengthBytes;
  const auto end = begin + static_cast<std::ptrdiff_t>(size);
  Bytes out(begin, end);
  buffer_.erase(buffer_.begin(), end);
  return out;
}

}  // namespace lanyard::discovery
