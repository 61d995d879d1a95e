#include "agent/pairing/messages.hpp"

#include "replication/types/canonical.hpp"
#include "replication/types/limits.hpp"

namespace lanyard::agent {
namespace {

void write(CanonicalWriter& out, const PairingFacts& facts) {
  out.text(facts.name);
  out.natural(facts.sync_port);
  out.binary(facts.home.id.view());
  out.boolean(facts.home.is_shared);
}

PairingFacts read_facts(CanonicalReader& in) {
  PairingFacts facts;
  facts.name = in.text();
  if (facts.name.size() > limits::kNameBytesMax) in.fail(Code::kTooLarge);
  const std::uint64_t port = in.natural();
  if (port == 0 || port > 0xFFFF) in.fail(Code::kMalformed);
  facts.sync_port = static_cast<std::uint16_t>(port);
  facts.home.id = in.fixed<SpaceId>();
  facts.home.is_shared = in.boolean();
  return facts;
}

struct Encoder {
  CanonicalWriter& out;

  void begin(std::size_t parts, std::uint64_t number) const {
    out.array(parts + 1);
    out.natural(number);
  }
  void operator()(const PairShare& message) const {
    begin(1, 1);
    out.binary(message.share.view());
  }
  void operator()(const PairTag& message) const {
    begin(1, 2);
    out.binary(message.tag.view());
  }
  void operator()(const PairWelcome& message) const {
    begin(5, 3);
    out.binary(message.tag.view());
    write(out, message.facts);
  }
  void operator()(const PairAccept& message) const {
    begin(4, 4);
    write(out, message.facts);
  }
  void operator()(const PairDone& /*message*/) const { begin(0, 5); }
};

}  // namespace

DefaultPlan plan_defaults(const DefaultSpace& joiner, const DefaultSpace& host) {
  if (joiner.id == host.id) return DefaultPlan::kSame;
  if (!joiner.is_shared) return DefaultPlan::kJoinerMoves;
  return host.is_shared ? DefaultPlan::kBothStay : DefaultPlan::kHostMoves;
}

Bytes encode(const PairingMessage& message) {
  Bytes bytes;
  CanonicalWriter out(bytes);
  std::visit(Encoder{out}, message);
  return bytes;
}

Result<PairingMessage> decode_pairing(ByteView bytes) {
  CanonicalReader in(bytes);
  const std::size_t size = in.array();
  const std::uint64_t number = in.natural();
  PairingMessage message;
  if (number == 1 && size == 2) {
    message = PairShare{in.fixed<crypto::CpaceShare>()};
  } else if (number == 2 && size == 2) {
    message = PairTag{in.fixed<crypto::CpaceTag>()};
  } else if (number == 3 && size == 6) {
    const auto tag = in.fixed<crypto::CpaceTag>();
    message = PairWelcome{tag, read_facts(in)};
  } else if (number == 4 && size == 5) {
    message = PairAccept{read_facts(in)};
  } else if (number == 5 && size == 1) {
    message = PairDone{};
  } else {
    in.fail(Code::kMalformed);
  }
  if (!in.finish()) return fail(Code::kMalformed, "not a message of a pairing");
  return message;
}

}  // namespace lanyard::agent
