#include "replication/merge/normal_op.hpp"

#include <algorithm>

#include "replication/types/canonical.hpp"
#include "replication/types/limits.hpp"

namespace lanyard::merge {
namespace {

using oplog::Op;
using oplog::OpKind;

Status check_value(ByteView value) {
  CanonicalReader in(value);
  in.value();
  if (in.failed() && in.code() == Code::kTooLarge)
    return fail(Code::kTooLarge, "a value is nested more than 64 levels deep");
  if (!in.finish()) return fail(Code::kUsage, "a value is not canonical msgpack of a JSON value");
  if (value.size() > limits::kChunkedValueBytesMax)
    return fail(Code::kTooLarge, "a value holds at most 64 MiB");
  return {};
}

template <class Many, class Name>
Status check_distinct(const Many& sorted, Name name) {
  for (std::size_t i = 1; i < sorted.size(); ++i) {
    if (name(sorted[i - 1]) == name(sorted[i])) return fail(Code::kUsage, "a field is named twice");
  }
  return {};
}

}  // namespace

Result<Op> normal_op(const LocalOp& wish) {
  Op op;
  op.kind = wish.restore ? OpKind::kPatch : wish.kind;
  op.whole_space = wish.whole_space;
  op.collection = wish.collection;
  op.key = wish.key;
  op.field = wish.field;
  op.amount = wish.amount;
  op.element = wish.element;
  op.fields.reserve(wish.fields.size());
  for (const auto& [name, value] : wish.fields) op.fields.push_back({name, value, false});
  const auto name_of = [](const oplog::FieldValue& field) { return field.name; };
  std::sort(op.fields.begin(), op.fields.end(),
            [&](const auto& left, const auto& right) { return name_of(left) < name_of(right); });
  LANYARD_TRY(check_distinct(op.fields, name_of));
  op.names.assign(wish.names.begin(), wish.names.end());
  std::sort(op.names.begin(), op.names.end());
  LANYARD_TRY(check_distinct(op.names, [](std::string_view name) { return name; }));
  return op;
}

Status check_values(const Op& op) {
  for (const oplog::FieldValue& field : op.fields) {
    if (!field.chunked) LANYARD_TRY(check_value(field.value));
  }
  const bool has_element = op.kind == OpKind::kSetAdd || op.kind == OpKind::kSetRemove;
  return has_element ? check_value(op.element) : Status();
}

}  // namespace lanyard::merge
