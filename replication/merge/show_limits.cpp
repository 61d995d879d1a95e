#include "replication/merge/show_limits.hpp"

#include <algorithm>

#include "replication/types/json_text.hpp"

namespace lanyard::merge {
namespace {

/// Quotes, colon, comma; the digits of a counter, or the brackets of a set.
constexpr std::size_t kFieldBytes = 32;

/// Not below what the field takes; a sum over everything that it could show.
std::size_t bytes_at_most(const Field& field) {
  std::size_t out = kFieldBytes + 6 * field.name.size();
  for (const Sibling& sibling : field.values) out += json_bytes_at_most(sibling.value);
  for (const SetElement& element : field.elements) out += 1 + json_bytes_at_most(element.value);
  return out;
}

struct Sized {
  std::size_t bytes = 0;
  const std::string* name = nullptr;
  friend bool operator<(const Sized& left, const Sized& right) {
    return left.bytes != right.bytes ? left.bytes < right.bytes : *left.name < *right.name;
  }
};

/// What the shown choice takes with its name; nothing of a field that shows none.
std::optional<std::size_t> shown_bytes(const Field& field, const HashOf& hash_of) {
  std::string json;
  append_json_string(field.name, json);
  const std::size_t name = json.size() + 2;  // colon, comma
  json.clear();
  if (!field.counter.empty() && field.counter.front().hidden_by.empty())
    return name + std::to_string(field.counter.front().sum).size();
  const auto visible = [](const auto& things) {
    return std::any_of(things.begin(), things.end(),
                       [](const auto& thing) { return thing.hidden_by.empty(); });
  };
  if (visible(field.elements)) {
    const std::vector<Choice> all = choices({field.name, {}, {}, field.elements}, hash_of);
    append_json(all.front().value, json);
  } else if (field.values.size() == 1 && visible(field.values)) {
    append_json(field.values.front().value, json);
  } else if (visible(field.values)) {
    append_json(choices(field, hash_of).front().value, json);
  } else {
    return std::nullopt;
  }
  return name + json.size();
}

std::size_t bytes_at_most(const oplog::Op& op) {
  std::size_t out = kFieldBytes + json_bytes_at_most(op.element);
  for (const oplog::FieldValue& field : op.fields)
    out += kFieldBytes + 6 * field.name.size() + json_bytes_at_most(field.value);
  return out;
}

struct OpBytes {
  std::size_t all = 0;
  std::size_t largest = 0;  ///< of its fields
};

OpBytes json_bytes(const oplog::Op& op) {
  OpBytes out{kFieldBytes + op.element.size(), op.element.size()};
  std::string json;
  for (const oplog::FieldValue& field : op.fields) {
    json.clear();
    append_json_string(field.name, json);
    append_json(field.value, json);
    out.all += json.size() + 2;
    out.largest = std::max(out.largest, json.size() + 2);
  }
  return out;
}

/// Whether the op, whose fields are sorted, leaves nothing of the field's values that it has seen.
bool replaces(const oplog::Op& op, const Field& field) {
  const auto at =
      std::lower_bound(op.fields.begin(), op.fields.end(), field.name,
                       [](const auto& each, const std::string& name) { return each.name < name; });
  if (at != op.fields.end() && at->name == field.name) return true;
  return op.kind == oplog::OpKind::kPut && field.counter.empty() && field.elements.empty();
}

}  // namespace

FieldNames fields_left_out(const Record& record, const HashOf& hash_of,
                           const ShowLimits& show_limits) {
  std::size_t at_most = 2;
  for (const Field& field : record.fields) at_most += bytes_at_most(field);
  if (at_most <= show_limits.bytes && record.fields.size() <= show_limits.fields) return {};
  std::vector<Sized> fields;
  for (const Field& field : record.fields)
    if (const auto bytes = shown_bytes(field, hash_of)) fields.push_back({*bytes, &field.name});
  std::sort(fields.begin(), fields.end());
  std::size_t bytes = 2;
  std::size_t fit = 0;
  while (fit < fields.size() && fit < show_limits.fields &&
         bytes + fields[fit].bytes <= show_limits.bytes)
    bytes += fields[fit++].bytes;
  FieldNames out;
  for (; fit < fields.size(); ++fit) out.insert(*fields[fit].name);
  return out;
}

Version seen_of(const oplog::Op& op, const Version& version, const Record& record,
                const HashOf& hash_of) {
  Version out = version;
  for (const std::string& name : fields_left_out(record, hash_of)) {
    const auto names_it = [&](const oplog::FieldValue& each) { return each.name == name; };
    const Field* const field = record.find(name);
    if (field == nullptr || std::any_of(op.fields.begin(), op.fields.end(), names_it)) continue;
    for (const Sibling& sibling : field->values) std::erase(out.edits, sibling.dot);
  }
  return out;
}

Status check_room(const Record& record, const oplog::Op& op, const HashOf& hash_of,
                  std::size_t& shown, const ShowLimits& show_limits) {
  const std::size_t added = bytes_at_most(op);
  const bool is_surely_room = shown + added <= show_limits.bytes &&
                              record.fields.size() + op.fields.size() <= show_limits.fields;
  shown += added;
  if (is_surely_room) return {};
  // Larger fields make room, whoever wrote them: no member can fill a record for the others.
  OpBytes own = json_bytes(op);
  if (const Field* const grows = record.find(op.field)) {
    own.largest += shown_bytes(*grows, hash_of).value_or(0);
    own.all += shown_bytes(*grows, hash_of).value_or(0);
  }
  std::size_t bytes = 2 + own.all;
  std::size_t fields = op.fields.size();
  shown = bytes;
  for (const Field& field : record.fields) {
    if (replaces(op, field) || field.name == op.field) continue;
    const std::size_t other = shown_bytes(field, hash_of).value_or(0);
    shown += other;
    if (other == 0 || other > own.largest) continue;
    bytes += other;
    ++fields;
  }
  if (bytes <= show_limits.bytes && fields <= show_limits.fields) return {};
  // A record that came to more in other ways is still edited, as long as it does not grow.
  std::size_t before = 0;
  bool is_known = op.kind == oplog::OpKind::kPatch;
  for (const oplog::FieldValue& each : op.fields) {
    const Field* const field = record.find(each.name);
    const auto shown_now = field != nullptr ? shown_bytes(*field, hash_of) : std::nullopt;
    is_known = is_known && shown_now.has_value();
    before += shown_now.value_or(0);
  }
  if (is_known && own.all <= before + kFieldBytes) return {};
  return fail(Code::kTooLarge, "a record may come to 128 MiB of JSON, and to 32,768 fields",
              "Spread it over several records.");
}

}  // namespace lanyard::merge
