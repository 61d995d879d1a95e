// Changes as large as they may be: payloads, ops, names, values, records, parts of values.
#include "replication/types/check.hpp"
#include "tests/integration/hostile_changes/forge.hpp"

namespace lanyard::hostile {
namespace {

using oplog::Op;
using oplog::OpKind;

constexpr std::size_t kPartBytes = 240 * limits::kKiB;
/// What stands around a sealed payload, and what comes before its ops.
constexpr std::size_t kSealBytes = 40;
constexpr std::size_t kPlainBytesMax = limits::kPayloadBytesMax - kSealBytes;

void add_text(Ops& ops, OpKind kind, std::string_view key, std::string_view field,
              std::string_view text) {
  Op op = op_of(kind, "large", key);
  const Bytes value = text_value(text);
  op.fields.push_back({field, value, false});
  ops.add(op);
}

/// Ops of exactly the bytes that they may have, of one less, and of one more: that has no effect.
void ops_at_limit(Forge& forge) {
  const std::string text = letters(forge.chance, limits::kOpBytesMax + 2);
  for (std::size_t left = forge.many(3); left > 0; --left) {
    const std::size_t bytes = limits::kOpBytesMax - 1 + forge.chance.below(3);
    Ops ops;
    add_put_of(ops, bytes, "op" + std::to_string(forge.chance.below(5)), "t", "large", text);
    forge.write(forge.main(), ops);
  }
}

/// A payload of exactly the bytes that it may have, or of one less.
void payloads_at_limit(Forge& forge) {
  const std::string text = letters(forge.chance, limits::kOpBytesMax);
  const std::size_t bytes = kPlainBytesMax - forge.chance.below(2);
  Ops ops;
  const std::size_t before = ops.plain().size();
  for (int i = 0; i < 3; ++i)
    add_put_of(ops, limits::kOpBytesMax, "payload" + std::to_string(i), "t", "large", text);
  const std::size_t left = bytes - before - ops.bytes();
  add_put_of(ops, left / 2, "payload3", "t", "large", text);
  add_put_of(ops, left - left / 2, "payload4", "t", "large", text);
  LANYARD_CHECK(ops.plain().size() == bytes, "as many as were asked for");
  forge.write(forge.main(), ops);
}

/// Names that are as long as they may be, with characters that are awkward in many places.
void names_at_limit(Forge& forge) {
  const auto name = [&](std::size_t bytes) {
    std::string out = letters(forge.chance, bytes);
    if (forge.chance.one_in(2)) out[forge.chance.below(bytes)] = '\0';
    if (forge.chance.one_in(3)) out[forge.chance.below(bytes)] = '"';
    return out;
  };
  Ops ops;
  for (std::size_t left = forge.many(60); left > 0; --left) {
    const std::string collection = name(limits::kCollectionBytesMax - forge.chance.below(2));
    const std::string key = name(limits::kKeyBytesMax - forge.chance.below(2));
    const std::string field = name(limits::kFieldNameBytesMax - forge.chance.below(2));
    const Bytes value = text_value(std::string(forge.chance.below(200), '\x01'));
    Op op = op_of(OpKind::kPatch, collection, key);
    op.fields.push_back({field, value, false});
    ops.add(op);
  }
  forge.write(forge.main(), ops);
}

Bytes nested(std::size_t depth) {
  Bytes out;
  CanonicalWriter writer(out);
  for (std::size_t i = 0; i < depth; ++i) {
    if (i % 2 == 0) {
      writer.array(1);
    } else {
      writer.map(1);
      writer.text("d");
    }
  }
  writer.nil();
  return out;
}

/// Values as deep as they may be, in both encodings.
void deep_values(Forge& forge) {
  for (std::size_t left = forge.many(40); left > 0; --left) {
    const bool deep = forge.chance.one_in(2);
    const std::size_t most = deep ? limits::kValueDepthMax : limits::kFlatValueDepthMax;
    const Bytes value = nested(most - forge.chance.below(2));
    Ops ops;
    Op op = op_of(OpKind::kPatch, "large", "deep" + std::to_string(forge.chance.below(10)));
    op.fields.push_back({"d", value, false});
    ops.add(op);
    forge.write(forge.main(), ops.plain(deep ? oplog::kEncodingDeep : oplog::kEncodingMsgpack));
  }
}

/// An op with as many nodes as it may have: a list of them, or fields.
void nodes_at_limit(Forge& forge) {
  Ops ops;
  Op op = op_of(OpKind::kPut, "large", "nodes" + std::to_string(forge.chance.below(3)));
  Bytes value;
  std::vector<std::string> names;
  if (forge.chance.one_in(2)) {
    CanonicalWriter writer(value);
    const std::size_t count = limits::kOpNodesMax - 8 - forge.chance.below(2);
    writer.array(count);
    for (std::size_t i = 0; i < count; ++i) writer.boolean(i % 3 == 0);
    op.fields.push_back({"list", value, false});
  } else {
    CanonicalWriter(value).nil();
    for (std::size_t i = 0; i < limits::kRecordFieldsMax - 8; ++i)
      names.push_back(std::to_string(100'000 + i).substr(1));
    for (const std::string& name : names) op.fields.push_back({name, value, false});
  }
  ops.add(op);
  forge.write(forge.main(), ops);
}

/// Parts of one value, a change each. What it is named by.
Hash write_parts(Forge& forge, oplog::LogWriter& log, ByteView value, std::size_t part_bytes) {
  Op op;
  op.kind = OpKind::kChunk;
  op.chunk_hash = oplog::hasher().hash({value});
  for (; !value.empty(); ++op.chunk_index) {
    op.chunk = value.first(std::min(part_bytes, value.size()));
    value = value.subspan(op.chunk.size());
    Ops ops;
    ops.add(op);
    forge.write(log, ops);
  }
  return op.chunk_hash;
}

void name_value(Forge& forge, oplog::LogWriter& log, const Hash& hash, std::string_view key,
                std::size_t fields) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < fields; ++i) names.push_back("f" + std::to_string(100 + i));
  Op op = op_of(OpKind::kPatch, "large", key);
  for (const std::string& name : names) op.fields.push_back({name, hash.view(), true});
  Ops ops;
  ops.add(op);
  forge.write(log, ops);
}

/// A value in parts, named once and then again: by fields of one change, by changes, by other logs.
void chunks(Forge& forge) {
  oplog::LogWriter& log = forge.chance.one_in(2) ? forge.main() : forge.open_log();
  const bool control = forge.chance.one_in(3);  // six bytes each in JSON
  const std::size_t size = forge.many(2) * limits::kMiB;
  const Bytes value = text_value(control ? std::string(size, '\x01') : letters(forge.chance, size));
  const Hash hash = write_parts(forge, log, value, kPartBytes);
  name_value(forge, log, hash, "value", 1);
  for (std::size_t left = forge.many(20); left > 0; --left) {
    const std::size_t fields = forge.chance.one_in(3) ? 40 : 1;
    name_value(forge, forge.chance.one_in(5) ? forge.main() : log, hash,
               "again" + std::to_string(left), fields);
  }
}

/// As many parts as a value may have, of few bytes each; and parts of no value.
void small_chunks(Forge& forge) {
  oplog::LogWriter& log = forge.main();
  constexpr std::size_t kEach = 100;
  const std::size_t parts = limits::kValueChunksMax - 1 + forge.chance.below(3);
  const Bytes value = text_value(letters(forge.chance, parts * kEach - 5));
  name_value(forge, log, write_parts(forge, log, value, kEach), "parts", 1);
  for (std::size_t left = forge.many(100); left > 0; --left) {
    const Bytes bytes = forge.chance.bytes(kEach);
    Op op;
    op.kind = OpKind::kChunk;
    op.chunk_hash = forge.chance.fixed<Hash>();
    op.chunk_index = forge.chance.natural();
    op.chunk = bytes;
    Ops ops;
    ops.add(op);
    forge.write(log, ops);
  }
}

/// A large record, and small patches of it: each in a change, and some in a run of their own.
void large_record(Forge& forge) {
  oplog::LogWriter& log = forge.main();
  const std::size_t fields = forge.many(6);
  for (std::size_t i = 0; i < fields; ++i) {
    Ops ops;
    add_text(ops, OpKind::kPatch, "record", "f" + std::to_string(i),
             letters(forge.chance, 200 * limits::kKiB));
    forge.write(log, ops);
  }
  for (std::size_t left = forge.many(100); left > 0; --left) {
    Ops ops;
    add_text(ops, OpKind::kPatch, "record", "small", letters(forge.chance, 10));
    if (left > 30) {
      forge.write(log, ops);
    } else {
      forge.say_live(log, ops);
    }
  }
}

}  // namespace

std::vector<Maker> makers_of_large_ones() {
  return {{"ops at the limit", ops_at_limit},     {"payloads at the limit", payloads_at_limit},
          {"names at the limit", names_at_limit}, {"deep values", deep_values},
          {"nodes at the limit", nodes_at_limit}, {"a value named again", chunks},
          {"small parts", small_chunks},          {"patches of a large record", large_record}};
}

}  // namespace lanyard::hostile
