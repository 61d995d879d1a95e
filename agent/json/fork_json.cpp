#include "agent/json/json_views.hpp"
#include "replication/oplog/op.hpp"
#include "replication/types/device_id_text.hpp"
#include "replication/types/json_text.hpp"

namespace lanyard::agent {

using oplog::OpKind;

const char* op_name(OpKind kind) {
  switch (kind) {
    case OpKind::kPut: return "put";
    case OpKind::kPatch: return "patch";
    case OpKind::kUnset: return "unset";
    case OpKind::kDelete: return "delete";
    case OpKind::kClear: return "clear";
    case OpKind::kAdd: return "add";
    case OpKind::kSetAdd: return "set-add";
    case OpKind::kSetRemove: return "set-remove";
    case OpKind::kChunk: return "chunk";
    default: return "other";
  }
}

namespace {

/// What the op says, in the shape that data.batch takes where it has one.
void write_op(const oplog::Op& op, JsonWriter& out) {
  out.begin_object().member("op", op_name(op.kind));
  if (op.kind == OpKind::kChunk) {
    out.member("hash", to_hex(op.chunk_hash.view())).member("part", op.chunk_index);
    out.member("bytes", op.chunk.size()).end_object();
    return;
  }
  if (!op.whole_space) out.member("collection", utf8_or_escaped(op.collection));
  if (op.kind != OpKind::kClear) out.member("key", utf8_or_escaped(op.key));
  if (op.kind == OpKind::kPut || op.kind == OpKind::kPatch) {
    out.name("value").begin_object();
    for (const oplog::FieldValue& field : op.fields) {
      out.name(utf8_or_escaped(field.name));
      field.chunked ? out.null() : out.raw(to_json(field.value));
    }
    out.end_object();
    // In the log a patch replaces the fields that it names.
    if (op.kind == OpKind::kPatch) out.member("deep", false);
  } else if (op.kind == OpKind::kUnset) {
    out.name("fields").begin_array();
    for (const std::string_view name : op.names) out.text(utf8_or_escaped(name));
    out.end_array();
  } else if (op.kind == OpKind::kAdd) {
    out.name("value").begin_object();
    out.member(utf8_or_escaped(op.field), op.amount).end_object();
  } else if (op.kind == OpKind::kSetAdd || op.kind == OpKind::kSetRemove) {
    out.name("value").begin_object().name(utf8_or_escaped(op.field)).begin_array();
    out.raw(to_json(op.element)).end_array().end_object();
  }
  out.end_object();
}

void write_change(const oplog::Change& change, JsonWriter& out) {
  const oplog::Header& header = change.header;
  out.begin_object().member("seq", header.seq.value).member("hash", to_hex(change.hash.view()));
  out.member("timeMs", header.timestamp.value >> 16);
  // Open changes admit devices and grant keys: nothing that people wrote.
  const bool is_open = header.kind == oplog::ChangeKind::kOpen;
  out.member("kind", is_open ? "open" : "sealed");
  const bool is_readable = !is_open && change.form == oplog::PayloadForm::kPlain &&
                           oplog::effect_of(change.payload) == oplog::Effect::kEffective;
  out.member("readable", is_readable).name("ops").begin_array();
  if (is_readable) {
    oplog::OpReader in(change.payload);
    oplog::Op op;
    while (in.next(op)) write_op(op, out);
  }
  out.end_array().end_object();
}

}  // namespace

void write_fork(const ForkView& fork, JsonWriter& out) {
  out.begin_object().member("log", to_hex(fork.log.view())).member("seq", fork.seq.value);
  out.member("device", to_text(fork.device));
  out.member("deviceName", utf8_or_escaped(fork.device_name));
  out.name("branches").begin_array();
  for (const ForkView::Side& side : fork.sides) {
    out.begin_object().member("applied", side.is_applied).name("changes").begin_array();
    for (const oplog::Change& change : side.pack.changes) write_change(change, out);
    out.end_array().end_object();
  }
  out.end_array().end_object();
}

}  // namespace lanyard::agent
