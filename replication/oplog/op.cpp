#include "replication/oplog/op.hpp"

#include "replication/types/canonical.hpp"
#include "replication/types/limits.hpp"

namespace lanyard::oplog {
namespace {

bool has_record(OpKind kind) { return kind != OpKind::kClear && kind != OpKind::kChunk; }

/// Elements of an op's array without unseen and revives; 0 for a kind that this version does not
/// know.
std::size_t base_size(OpKind kind) {
  switch (kind) {
    case OpKind::kClear: return 2;
    case OpKind::kDelete: return 3;
    case OpKind::kPut:
    case OpKind::kPatch:
    case OpKind::kUnset:
    case OpKind::kChunk: return 4;
    case OpKind::kAdd:
    case OpKind::kSetAdd:
    case OpKind::kSetRemove: return 5;
    default: return 0;
  }
}

// ---- reading

std::string_view bounded_text(CanonicalReader& in, std::size_t bytes_max) {
  const std::string_view text = in.text();
  if (text.size() > bytes_max) in.fail(Code::kTooLarge);
  return text;
}

/// Names and dots must be sorted and distinct: one encoding for one meaning.
template <class T>
void require_after(CanonicalReader& in, std::size_t index, const T& previous, const T& next) {
  if (index > 0 && !(previous < next)) in.fail(Code::kNotCanonical);
}

void read_fields(CanonicalReader& in, Op& op) {
  const std::size_t size = in.map();
  op.fields.reserve(size);
  for (std::size_t i = 0; i < size && !in.failed(); ++i) {
    FieldValue& next = op.fields.emplace_back();
    next.name = bounded_text(in, limits::kFieldNameBytesMax);
    if (i > 0) require_after(in, i, op.fields[i - 1].name, next.name);
    next.chunked = in.peek() == CanonicalReader::Kind::kBinary;
    next.value = next.chunked ? in.binary() : in.value();
    if (next.chunked && next.value.size() != Hash::kSize) in.fail(Code::kMalformed);
  }
}

void read_names(CanonicalReader& in, Op& op) {
  const std::size_t size = in.array();
  op.names.reserve(size);
  for (std::size_t i = 0; i < size && !in.failed(); ++i) {
    op.names.push_back(bounded_text(in, limits::kFieldNameBytesMax));
    if (i > 0) require_after(in, i, op.names[i - 1], op.names[i]);
  }
}

void read_dots(CanonicalReader& in, std::vector<Dot>& dots) {
  const std::size_t logs = in.array();
  LogId previous;
  for (std::size_t i = 0; i < logs && !in.failed(); ++i) {
    if (in.array() != 2) return in.fail(Code::kMalformed);
    const auto log = in.fixed<LogId>();
    require_after(in, i, previous, log);
    previous = log;
    const std::size_t size = in.array();
    if (size == 0) in.fail(Code::kNotCanonical);
    for (std::size_t k = 0; k < size && !in.failed(); ++k) {
      dots.push_back({log, {in.natural()}});
      if (k > 0) require_after(in, k, dots[dots.size() - 2].seq, dots.back().seq);
    }
  }
}

void read_chunk(CanonicalReader& in, Op& op) {
  op.chunk_hash = in.fixed<Hash>();
  op.chunk_index = in.natural();
  op.chunk = in.binary();
}

void read_argument(CanonicalReader& in, Op& op) {
  if (op.kind == OpKind::kPut || op.kind == OpKind::kPatch) return read_fields(in, op);
  if (op.kind == OpKind::kUnset) return read_names(in, op);
  if (op.kind == OpKind::kDelete) return;
  op.field = bounded_text(in, limits::kFieldNameBytesMax);
  if (op.kind == OpKind::kAdd) {
    op.amount = in.integer();
  } else {
    op.element = in.value();
  }
}

void read_seen(CanonicalReader& in, Op& op) {
  read_dots(in, op.unseen);
  read_dots(in, op.revives);
  if (op.unseen.empty() && op.revives.empty())
    in.fail(Code::kNotCanonical);  // both are left out then
}

void read_body(CanonicalReader& in, Op& op) {
  if (op.kind == OpKind::kChunk) return read_chunk(in, op);
  op.whole_space = op.kind == OpKind::kClear && in.peek() == CanonicalReader::Kind::kNil;
  if (op.whole_space) {
    in.nil();
  } else {
    op.collection = bounded_text(in, limits::kCollectionBytesMax);
  }
  if (!has_record(op.kind)) return;
  op.key = bounded_text(in, limits::kKeyBytesMax);
  read_argument(in, op);
}

void forget(Op& op) {
  op.whole_space = false;
  op.collection = op.key = op.field = {};
  op.fields.clear();
  op.names.clear();
  op.amount = 0;
  op.element = op.chunk = {};
  op.chunk_index = 0;
  op.unseen.clear();
  op.revives.clear();
}

Effect read_op(CanonicalReader& in, Op& op) {
  forget(op);
  const std::size_t from = in.position();
  const std::size_t size = in.array();
  const std::uint64_t kind = in.natural();
  if (in.failed()) return Effect::kBadPayload;
  op.kind = static_cast<OpKind>(kind);
  const std::size_t expected = kind <= UINT16_MAX ? base_size(op.kind) : 0;
  if (expected == 0) return Effect::kUnknownKind;
  const bool seen = size == expected + 2 && op.kind != OpKind::kChunk;
  if (size != expected && !seen) return Effect::kBadPayload;
  read_body(in, op);
  if (seen) read_seen(in, op);
  const bool within =
      in.position() - from <= limits::kOpBytesMax && in.nodes() <= limits::kOpNodesMax;
  return in.failed() || !within ? Effect::kBadPayload : Effect::kEffective;
}

// ---- writing

void write_dots(CanonicalWriter& out, const std::vector<Dot>& dots) {
  std::size_t logs = 0;
  for (std::size_t i = 0; i < dots.size(); ++i) logs += i == 0 || dots[i].log != dots[i - 1].log;
  out.array(logs);
  for (std::size_t i = 0; i < dots.size();) {
    std::size_t end = i;
    while (end < dots.size() && dots[end].log == dots[i].log) ++end;
    out.array(2);
    out.binary(dots[i].log.view());
    out.array(end - i);
    for (; i < end; ++i) out.natural(dots[i].seq.value);
  }
}

void write_fields(CanonicalWriter& out, const std::vector<FieldValue>& fields) {
  out.map(fields.size());
  for (const FieldValue& field : fields) {
    out.text(field.name);
    if (field.chunked) {
      out.binary(field.value);
    } else {
      out.raw(field.value);
    }
  }
}

void write_argument(CanonicalWriter& out, const Op& op) {
  switch (op.kind) {
    case OpKind::kPut:
    case OpKind::kPatch: return write_fields(out, op.fields);
    case OpKind::kUnset:
      out.array(op.names.size());
      for (const std::string_view name : op.names) out.text(name);
      return;
    case OpKind::kAdd: out.text(op.field), out.integer(op.amount); return;
    case OpKind::kSetAdd:
    case OpKind::kSetRemove: out.text(op.field), out.raw(op.element); return;
    default: return;
  }
}

}  // namespace

std::size_t depth_max_of(std::uint8_t encoding) {
  return encoding == kEncodingMsgpack ? limits::kFlatValueDepthMax : limits::kValueDepthMax;
}

std::uint8_t encoding_for(std::size_t depth) {
  return depth <= limits::kFlatValueDepthMax ? kEncodingMsgpack : kEncodingDeep;
}

bool Op::is_edit() const {
  return (kind >= OpKind::kPut && kind <= OpKind::kUnset) ||
         (kind >= OpKind::kAdd && kind <= OpKind::kSetRemove);
}

void encode(const Op& op, Bytes& bytes) {
  CanonicalWriter out(bytes);
  const bool seen = !op.unseen.empty() || !op.revives.empty();
  out.array(base_size(op.kind) + (seen ? 2 : 0));
  out.natural(static_cast<std::uint64_t>(op.kind));
  if (op.kind == OpKind::kChunk) {
    out.binary(op.chunk_hash.view());
    out.natural(op.chunk_index);
    out.binary(op.chunk);
    return;
  }
  if (op.whole_space) {
    out.nil();
  } else {
    out.text(op.collection);
  }
  if (has_record(op.kind)) {
    out.text(op.key);
    write_argument(out, op);
  }
  if (seen) {
    write_dots(out, op.unseen);
    write_dots(out, op.revives);
  }
}

Status OwnOp::check(const Op& op) {
  if (base_size(op.kind) == 0)
    return fail(Code::kUsage, "an op of a kind that this version does not write");
  if (op.kind != OpKind::kChunk && !op.whole_space && op.collection.empty()) {
    return fail(Code::kUsage, "the collection's name is empty");
  }
  if (has_record(op.kind) && op.key.empty()) return fail(Code::kUsage, "the record's key is empty");
  const auto too_large = [] {
    return fail(
        Code::kTooLarge,
        "a record may have a key of 512 bytes, a collection 64, a field name 256; one op 256 KiB, "
        "65,536 values, and values 64 levels of nesting");
  };
  std::size_t values = 0;
  for (const FieldValue& field : op.fields) values += field.value.size();
  if (values > limits::kOpBytesMax) return too_large();  // without a copy of what may be megabytes
  bytes_.clear();
  encode(op, bytes_);
  CanonicalReader in(bytes_);
  const Effect effect = read_op(in, again_);
  encoding_ = encoding_for(in.deepest());
  const auto is_same = [](const FieldValue& left, const FieldValue& right) {
    return left.chunked == right.chunked;
  };
  const bool has_fields = op.kind == OpKind::kPut || op.kind == OpKind::kPatch;
  const bool is_read_whole =
      in.at_end() && (!has_fields || std::ranges::equal(op.fields, again_.fields, is_same));
  if (effect == Effect::kEffective && is_read_whole) return {};
  if (effect == Effect::kEffective) return fail(Code::kNotCanonical, "the op is not canonical");
  if (in.failed() && in.code() != Code::kTooLarge)
    return fail(in.code(), "the op is not canonical");
  return too_large();
}

OpReader::OpReader(ByteView plain) : plain_(plain) {
  if (plain.empty()) {
    effect_ = Effect::kBadPayload;
    return;
  }
  if (plain[0] > kEncodingDeep) {
    effect_ = Effect::kUnknownKind;
    return;
  }
  depth_max_ = depth_max_of(plain[0]);
  CanonicalReader in(plain.subspan(1));
  left_ = count_ = in.array();
  at_ = 1 + in.position();
  if (in.failed() || (left_ == 0 && !in.at_end())) effect_ = Effect::kBadPayload;
}

bool OpReader::next(Op& op) {
  if (effect_ != Effect::kEffective || left_ == 0) return false;
  CanonicalReader in(plain_.subspan(at_), depth_max_);
  effect_ = read_op(in, op);
  if (effect_ != Effect::kEffective) return false;
  at_ += in.position();
  --left_;
  if (left_ == 0 && at_ != plain_.size()) effect_ = Effect::kBadPayload;
  return effect_ == Effect::kEffective;
}

Effect effect_of(ByteView plain) {
  OpReader in(plain);
  for (Op op; in.next(op);) {
  }
  return in.effect();
}

Bytes encode_plain(const std::vector<Op>& ops, std::uint8_t encoding) {
  Bytes encoded;
  for (const Op& op : ops) encode(op, encoded);
  return plain_of(ops.size(), encoded, encoding);
}

Bytes plain_of(std::size_t count, ByteView encoded, std::uint8_t encoding) {
  Bytes plain;
  plain.reserve(encoded.size() + 8);
  plain.push_back(encoding);
  CanonicalWriter(plain).array(count);
  append(plain, encoded);
  return plain;
}

}  // namespace lanyard::oplog
