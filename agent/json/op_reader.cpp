#include "agent/json/op_reader.hpp"

#include <array>

#include "agent/display_text.hpp"
#include "agent/json_slices.hpp"
#include "replication/types/canonical.hpp"
#include "replication/types/json_text.hpp"
#include "storage/names.hpp"
#include "storage/space_name.hpp"

namespace lanyard::agent {
namespace {

using oplog::OpKind;
using storage::LocalOp;

tl::unexpected<Error> wrong_op(std::string what, std::string fix = {}) {
  return fail(Code::kUsage, std::move(what), std::move(fix));
}

Result<Bytes> value_from_json(std::string_view json, std::string_view name) {
  auto value = from_json(json);
  if (!value) {
    return fail(value.error().is(Code::kTooLarge) ? Code::kTooLarge : Code::kUsage,
                "the value of \"" + display_cut(name, 60) + "\": " + value.error().detail);
  }
  return value;
}

LocalOp an_op(OpKind kind, const std::string& collection, const std::string& key,
              const std::optional<std::string>& based_on) {
  LocalOp op;
  op.kind = kind;
  op.collection = collection;
  op.key = key;
  op.based_on = based_on;
  return op;
}

/// Null members of a patch take their fields away; those inside objects are the writer's affair.
void split_nulls(LocalOp& patch, LocalOp& unset) {
  NamedValues rest;
  for (const auto& [name, value] : patch.fields) {
    const bool null = CanonicalReader(value).peek() == CanonicalReader::Kind::kNil;
    null ? void(unset.names.emplace_back(name)) : rest.emplace_back(name, value);
  }
  if (!unset.names.empty()) patch.fields = std::move(rest);
}

Status add_counter_ops(const std::string& collection, const std::string& key,
                       std::string_view value, const std::optional<std::string>& based_on,
                       std::vector<LocalOp>& ops) {
  auto object = JsonObject::parse(value);
  if (!object) return wrong_op("add wants {field: integer}");
  for (const JsonMember& member : object->members()) {
    const auto amount = json_integer(member.value);
    if (!amount)
      return wrong_op("add wants an integer for \"" + display_cut(member.name, 60) + "\"");
    LocalOp op = an_op(OpKind::kAdd, collection, key, based_on);
    op.field = member.name;
    op.amount = *amount;
    ops.push_back(std::move(op));
  }
  return {};
}

Status add_set_ops(OpKind kind, const std::string& collection, const std::string& key,
                   std::string_view value, const std::optional<std::string>& based_on,
                   std::vector<LocalOp>& ops) {
  auto object = JsonObject::parse(value);
  if (!object) return wrong_op("set-add and set-remove want {field: [elements]}");
  for (const JsonMember& member : object->members()) {
    const auto elements = json_elements(member.value);
    if (!elements)
      return wrong_op("the elements of \"" + display_cut(member.name, 60) + "\" are not a list");
    for (const std::string_view element : *elements) {
      LocalOp op = an_op(kind, collection, key, based_on);
      op.field = member.name;
      LANYARD_TRY_SET(op.element, value_from_json(element, member.name));
      ops.push_back(std::move(op));
    }
  }
  return {};
}

std::optional<storage::Comparison> comparison_of(std::string_view name) {
  constexpr std::array kNames =
      std::to_array<std::string_view>({"eq", "ne", "gt", "ge", "lt", "le", "in", "prefix"});
  for (std::size_t i = 0; i < kNames.size(); ++i)
    if (kNames[i] == name) return static_cast<storage::Comparison>(i);
  return std::nullopt;
}

Result<storage::Condition> condition_of(const std::string& field, storage::Comparison comparison,
                                        std::string_view json) {
  storage::Condition out{field, comparison, {}};
  if (comparison == storage::Comparison::kIn) {
    const auto elements = json_elements(json);
    if (!elements) return wrong_op("\"in\" wants a list for \"" + display_cut(field, 60) + "\"");
    for (const std::string_view element : *elements) {
      LANYARD_TRY_SET(Bytes value, value_from_json(element, field));
      out.values.push_back(std::move(value));
    }
    return out;
  }
  if (comparison == storage::Comparison::kPrefix && !is_json_string(json))
    return wrong_op("\"prefix\" wants a text for \"" + display_cut(field, 60) + "\"");
  LANYARD_TRY_SET(Bytes value, value_from_json(json, field));
  out.values.push_back(std::move(value));
  return out;
}

/// Of what is written new. An import and the clients of other servers bring names that were given
/// elsewhere: to refuse one would lose what has it.
Status check_place(const std::string& collection, const std::string& key) {
  LANYARD_TRY(storage::check_addressable(collection, "a collection's name"));
  return storage::check_addressable(key, "a record's key");
}

/// What a space calls itself is changed by Lanyard alone, and not taken away either.
Status check_not_ours(const std::string& collection) {
  if (collection != storage::kSpaceCollection) return {};
  return wrong_op("the collection " + collection + " is Lanyard's own", "Use another one.");
}

}  // namespace

Result<NamedValues> fields_from_json(std::string_view json) {
  auto members = members_from_json(without_byte_order_mark(json), limits::kTextDepthMax);
  if (!members) {
    return fail(members.error().is(Code::kTooLarge) ? Code::kTooLarge : Code::kUsage,
                "the record is not good JSON: " + members.error().detail);
  }
  if (!*members)
    return wrong_op("a record is a JSON object", "Put it into braces: {\"field\": value}");
  return std::move(**members);
}

Status add_ops(const std::string& op, const std::string& collection, const std::string& key,
               std::optional<std::string_view> value, const std::optional<std::string>& based_on,
               std::vector<LocalOp>& ops) {
  const bool takes_value = op != "delete" && op != "restore";
  if (takes_value && !value) return wrong_op(op + " wants a value");
  if (!takes_value && value) return wrong_op(op + " takes no value");
  LANYARD_TRY(check_not_ours(collection));
  if (takes_value) LANYARD_TRY(check_place(collection, key));
  if (op == "put") {
    LocalOp put = an_op(OpKind::kPut, collection, key, based_on);
    LANYARD_TRY_SET(put.fields, fields_from_json(*value));
    put.keeps_kinds = true;
    ops.push_back(std::move(put));
  } else if (op == "patch") {
    LocalOp patch = an_op(OpKind::kPatch, collection, key, based_on);
    LANYARD_TRY_SET(patch.fields, fields_from_json(*value));
    patch.deep = patch.keeps_kinds = true;
    LocalOp unset = an_op(OpKind::kUnset, collection, key, based_on);
    unset.keeps_kinds = true;
    split_nulls(patch, unset);
    if (!unset.names.empty()) ops.push_back(std::move(unset));
    if (!patch.fields.empty() || ops.empty() || ops.back().kind != OpKind::kUnset)
      ops.push_back(std::move(patch));
  } else if (op == "delete") {
    ops.push_back(an_op(OpKind::kDelete, collection, key, based_on));
  } else if (op == "restore") {
    ops.push_back(an_op(OpKind::kPatch, collection, key, based_on));
    ops.back().restore = true;
  } else if (op == "add") {
    return add_counter_ops(collection, key, *value, based_on, ops);
  } else if (op == "set-add" || op == "set-remove") {
    const OpKind kind = op == "set-add" ? OpKind::kSetAdd : OpKind::kSetRemove;
    return add_set_ops(kind, collection, key, *value, based_on, ops);
  } else {
    return wrong_op("there is no op \"" + display_cut(op, 60) + "\"",
                    "It can be put, patch, delete, add, set-add, set-remove or restore.");
  }
  return {};
}

Status read_op(std::string_view json, std::vector<LocalOp>& ops) {
  auto object = JsonObject::parse(json);
  if (!object) return wrong_op("an op is not an object: " + object.error().detail);
  std::string op;
  std::string collection;
  std::string key;
  std::optional<std::string> based_on;
  std::optional<std::string_view> value;
  std::optional<bool> deep;
  for (const JsonMember& member : object->members()) {
    if (member.name == "value") {
      value = member.value;
      continue;
    }
    if (member.name == "deep") {
      deep = member.value == "true";
      if (!*deep && member.value != "false")
        return wrong_op("\"deep\" of an op is neither true nor false");
      continue;
    }
    auto text = json_string(member.value);
    if (!text) return wrong_op("\"" + display_cut(member.name, 60) + "\" of an op is not a text");
    if (member.name == "op")
      op = std::move(*text);
    else if (member.name == "collection")
      collection = std::move(*text);
    else if (member.name == "key")
      key = std::move(*text);
    else if (member.name == "basedOn")
      based_on = std::move(*text);
    else
      return wrong_op("an op has no member \"" + display_cut(member.name, 60) + "\"");
  }
  if (op.empty()) return wrong_op("an op lacks its \"op\"");
  if (deep && op != "patch") return wrong_op("only a patch can be deep");
  const std::size_t first = ops.size();
  LANYARD_TRY(add_ops(op, collection, key, value, based_on, ops));
  for (std::size_t at = first; at < ops.size(); ++at)
    ops[at].deep = ops[at].deep && deep.value_or(true);
  return {};
}

Result<storage::Where> read_where(std::string_view json) {
  auto object = JsonObject::parse(json);
  if (!object)
    return wrong_op("where is not a JSON object: " + object.error().detail,
                    "Write for example {\"chatId\":\"c1\",\"updatedAt\":{\"gt\":5}}");
  std::vector<storage::Condition> out;
  for (const JsonMember& member : object->members()) {
    if (!is_json_object(member.value)) {
      LANYARD_TRY_SET(storage::Condition one,
                      condition_of(member.name, storage::Comparison::kEqual, member.value));
      out.push_back(std::move(one));
      continue;
    }
    LANYARD_TRY_SET(const JsonObject comparisons, JsonObject::parse(member.value));
    if (comparisons.members().empty())
      return wrong_op("where says nothing of \"" + display_cut(member.name, 60) + "\"",
                      "An empty object is {\"eq\":{}}.");
    for (const JsonMember& part : comparisons.members()) {
      const auto comparison = comparison_of(part.name);
      if (!comparison)
        return wrong_op("where has no comparison \"" + display_cut(part.name, 60) + "\"",
                        "It can be eq, ne, gt, ge, lt, le, in or prefix.");
      LANYARD_TRY_SET(storage::Condition one, condition_of(member.name, *comparison, part.value));
      out.push_back(std::move(one));
    }
  }
  return storage::Where::of(std::move(out));
}

Result<std::vector<Bytes>> read_values(const std::vector<std::string_view>& elements) {
  std::vector<Bytes> out;
  for (const std::string_view element : elements) {
    LANYARD_TRY_SET(Bytes value, value_from_json(element, "values"));
    out.push_back(std::move(value));
  }
  return out;
}

void set_order(std::string_view text, storage::RecordQuery& query) {
  query.descending = text.starts_with('-');
  query.order_field = text.substr(query.descending ? 1 : 0);
  query.must_know_order = true;
}

}  // namespace lanyard::agent
