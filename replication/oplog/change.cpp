#include "replication/oplog/change.hpp"

#include "replication/types/canonical.hpp"
#include "replication/types/limits.hpp"

namespace lanyard::oplog {
namespace {

constexpr std::uint64_t kFormat = 1;
constexpr std::size_t kHeaderElements = 10;

void write_context(CanonicalWriter& out, const std::vector<ContextEntry>& context) {
  out.array(context.size());
  for (const ContextEntry& entry : context) {
    out.array(3);
    out.binary(entry.log.view());
    out.natural(entry.head.seq.value);
    out.binary(entry.head.hash.view());
  }
}

std::vector<ContextEntry> read_context(CanonicalReader& in) {
  std::vector<ContextEntry> context;
  const std::size_t size = in.array();
  if (size > limits::kContextEntriesMax) in.fail(Code::kTooLarge);
  for (std::size_t i = 0; i < size && !in.failed(); ++i) {
    if (in.array() != 3) in.fail(Code::kMalformed);
    const auto log = in.fixed<LogId>();
    const Seq seq{in.natural()};
    context.push_back({log, {seq, in.fixed<Hash>()}});
  }
  return context;
}

}  // namespace

bool has_whole_context(Seq seq, std::size_t entries) {
  const bool is_turn = seq.value % limits::kWholeContextEvery == 1;
  return seq.value == 1 || (is_turn && entries <= limits::kWholeContextEvery);
}

void encode(const Header& header, Bytes& bytes) {
  CanonicalWriter out(bytes);
  out.array(kHeaderElements);
  out.natural(kFormat);
  out.natural(static_cast<std::uint64_t>(header.kind));
  out.binary(header.log.view());
  out.natural(header.seq.value);
  out.binary(header.prev.view());
  out.natural(header.timestamp.value);
  write_context(out, header.context);
  out.binary(header.epoch.view());
  out.binary(header.payload_hash.view());
  out.natural(header.payload_size);
}

Status check_header(const Header& header) {
  if (header.seq.value == 0) return fail(Code::kMalformed, "seq 0");
  if ((header.seq.value == 1) != header.prev.is_zero())
    return fail(Code::kMalformed, "prev does not fit seq");
  if (header.payload_size > limits::kPayloadBytesMax) return fail(Code::kTooLarge, "payload");
  if (header.context.size() > limits::kContextEntriesMax) return fail(Code::kTooLarge, "context");
  if ((header.kind == ChangeKind::kOpen) != header.epoch.is_zero()) {
    return fail(Code::kMalformed, "epoch does not fit the kind");
  }
  for (std::size_t i = 0; i < header.context.size(); ++i) {
    const ContextEntry& entry = header.context[i];
    if (i > 0 && !(header.context[i - 1].log < entry.log))
      return fail(Code::kNotCanonical, "context order");
    if (entry.log == header.log) return fail(Code::kNotCanonical, "a context names its own log");
    if (entry.head.seq.value == 0) return fail(Code::kMalformed, "context seq 0");
  }
  return {};
}

Result<Header> decode_header(ByteView bytes) {
  CanonicalReader in(bytes);
  const std::size_t elements = in.array();
  const std::uint64_t format = in.natural();
  if (!in.failed() && format > kFormat) return fail(Code::kNewerVersion, "header");
  if (format != kFormat || elements != kHeaderElements) in.fail(Code::kMalformed);
  const std::uint64_t kind = in.natural();
  if (!in.failed() && kind > 1) return fail(Code::kNewerVersion, "header");
  Header header;
  header.kind = static_cast<ChangeKind>(kind);
  header.log = in.fixed<LogId>();
  header.seq = {in.natural()};
  header.prev = in.fixed<Hash>();
  header.timestamp = {in.natural()};
  header.context = read_context(in);
  header.epoch = in.fixed<EpochId>();
  header.payload_hash = in.fixed<Hash>();
  header.payload_size = in.natural();
  LANYARD_TRY(in.finish());
  LANYARD_TRY(check_header(header));
  return header;
}

Hash change_hash(const Header& header, const Hasher& hasher, Bytes& scratch) {
  scratch.clear();
  encode(header, scratch);
  return hasher.hash({scratch});
}

Bytes signed_message(const Hash& last_of_run) {
  Bytes message = to_bytes(as_bytes("lanyard-change-v1"));
  append(message, last_of_run.view());
  return message;
}

LogId log_id_of(const DeviceId& device, const Incarnation& incarnation, const SpaceId& space,
                const Hasher& hasher) {
  const Hash hash =
      hasher.hash({as_bytes("lanyard-log-v1"), device.view(), incarnation.view(), space.view()});
  return LogId{hash.bytes};
}

SpaceId space_id_of(const DeviceId& founder, const Founding& random, const Hasher& hasher) {
  const Hash hash = hasher.hash({as_bytes("lanyard-space-v1"), founder.view(), random.view()});
  SpaceId id;
  std::copy_n(hash.bytes.begin(), SpaceId::kSize, id.bytes.begin());
  id.bytes[6] =
      static_cast<std::uint8_t>((id.bytes[6] & 0x0F) | 0x80);  // UUID version 8 (RFC 9562)
  id.bytes[8] = static_cast<std::uint8_t>((id.bytes[8] & 0x3F) | 0x80);  // its variant
  return id;
}

Status hash_plain(Header& header, ByteView plain, const Cipher& cipher, const Hasher& hasher,
                  Bytes& scratch) {
  ByteView payload = plain;
  if (header.kind == ChangeKind::kSealed) {
    LANYARD_TRY(cipher.seal(header.epoch, header.log, header.seq, plain, scratch));
    payload = scratch;
  }
  header.payload_hash = hasher.hash({payload});
  header.payload_size = payload.size();
  return {};
}

}  // namespace lanyard::oplog
