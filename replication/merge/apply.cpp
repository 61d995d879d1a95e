#include "replication/merge/apply.hpp"

#include <algorithm>
#include <utility>

#include "replication/merge/record_fields.hpp"

namespace lanyard::merge {

namespace {

using oplog::Op;
using oplog::OpKind;

constexpr std::size_t kManyFields = 16;

/// Takes out what the client behind the event had seen: heads, siblings or set elements.
template <class Dotted>
void drop_seen(std::vector<Dotted>& from, const Event& event) {
  std::erase_if(from, [&](const Dotted& one) { return event.sees(one.dot); });
}

/// Puts something with a dot in its place; nothing else there has the same dot.
template <class Dotted>
void insert_by_dot(std::vector<Dotted>& into, Dotted one) {
  const auto at =
      std::lower_bound(into.begin(), into.end(), one.dot,
                       [](const Dotted& other, const LocalDot& dot) { return other.dot < dot; });
  into.insert(at, std::move(one));
}

/// Modulo 2^64: the only sum that is the same in every order and grouping without refusing an add.
std::int64_t wrapped_sum(std::int64_t left, std::int64_t right) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(left) +
                                   static_cast<std::uint64_t>(right));
}

/// Sorts the parts of a counter and adds up those that the same deletes hide.
void normalize(std::vector<CounterPart>& parts) {
  std::sort(parts.begin(), parts.end(), [](const CounterPart& left, const CounterPart& right) {
    return left.hidden_by < right.hidden_by;
  });
  std::size_t last = 0;
  for (std::size_t i = 1; i < parts.size(); ++i) {
    if (parts[i].hidden_by == parts[last].hidden_by) {
      parts[last].sum = wrapped_sum(parts[last].sum, parts[i].sum);
    } else if (++last != i) {
      parts[last] = std::move(parts[i]);
    }
  }
  if (!parts.empty()) parts.resize(last + 1);
}

/// Changes every set of deletes of the record.
template <class ChangeSet>
void rehide(Record& record, const ChangeSet& change_set) {
  for (RecordHead& head : record.heads) change_set(head.hidden_by);
  for (Field& field : record.fields) {
    for (Sibling& sibling : field.values) change_set(sibling.hidden_by);
    for (SetElement& element : field.elements) change_set(element.hidden_by);
    for (CounterPart& part : field.counter) change_set(part.hidden_by);
    normalize(field.counter);
  }
}

/// An edit makes every delete void that it has not seen: it takes them out of all sets.
void void_unaccepted(Record& record, const Event& event, DotSet& voids) {
  DotSet unaccepted = record.deletes();
  std::erase_if(unaccepted, [&](const LocalDot& deleted) { return event.accepts(deleted); });
  if (unaccepted.empty()) return;
  unite(voids, unaccepted);
  rehide(record, [&](DotSet& hidden_by) {
    std::erase_if(hidden_by, [&](const LocalDot& d) { return contains(unaccepted, d); });
  });
}

void write_value(Field& field, const Event& event, ByteView value) {
  drop_seen(field.values, event);
  insert_by_dot(field.values, Sibling{event.dot, event.timestamp, {}, to_bytes(value)});
}

void write_values(Record& record, const Event& event, const Op& op) {
  // A put leaves nothing of what it has seen in the fields that it does not name.
  if (op.kind == OpKind::kPut) {
    for (Field& field : record.fields) drop_seen(field.values, event);
  }
  for (const std::string_view name : op.names) {
    if (Field* field = record.find(name)) drop_seen(field->values, event);
  }
  if (record.fields.empty()) record.fields.reserve(op.fields.size());
  if (op.fields.size() > kManyFields) {
    std::vector<std::string_view> names;
    names.reserve(op.fields.size());
    for (const oplog::FieldValue& written : op.fields) names.push_back(written.name);
    make_fields(record, names);
  }
  for (const oplog::FieldValue& written : op.fields) {
    write_value(record.field(written.name), event, written.value);
  }
  std::erase_if(record.fields, [](const Field& field) { return field.is_empty(); });
}

void add(Record& record, const Op& op) {
  std::vector<CounterPart>& parts = record.field(op.field).counter;
  // The part that no delete hides is the smallest.
  if (parts.empty() || !parts.front().hidden_by.empty()) parts.insert(parts.begin(), CounterPart{});
  parts.front().sum = wrapped_sum(parts.front().sum, op.amount);
}

void write_set(Record& record, const Event& event, const Op& op) {
  Field& field = record.field(op.field);
  std::vector<SetElement>& all = field.elements;
  const auto [from, to] = field.adds_of(op.element);
  const auto first = all.begin() + from, last = all.begin() + to;
  const auto kept = std::remove_if(
      first, last, [&](const SetElement& element) { return event.sees(element.dot); });
  if (op.kind == OpKind::kSetAdd) {
    const auto at =
        std::find_if(first, kept, [&](const SetElement& e) { return event.dot < e.dot; });
    SetElement added{to_bytes(op.element), event.dot, {}};
    // An add that replaces an earlier one takes its place: nothing behind it has to move.
    if (kept != last) {
      std::move_backward(at, kept, kept + 1);
      *at = std::move(added);
      all.erase(kept + 1, last);
    } else {
      all.insert(at, std::move(added));
    }
  } else {
    all.erase(kept, last);
  }
  if (all.empty()) std::erase_if(record.fields, [](const Field& f) { return f.is_empty(); });
}

/// Heads are enough to judge by: an edit that this delete has not seen is a head, or was replaced
/// by one that it has not seen either, because contexts are closed.
void hide(Record& record, const Event& event, DotSet& voids) {
  const auto unseen = [&](const RecordHead& head) { return !event.sees(head.dot); };
  if (std::any_of(record.heads.begin(), record.heads.end(), unseen)) {
    return insert(voids, event.dot);
  }
  record.all_visible = false;
  rehide(record, [&](DotSet& hidden_by) { insert(hidden_by, event.dot); });
}

}  // namespace

bool Event::sees(const LocalDot& edit) const {
  return edit == dot || (context->covers(edit) && !contains(unseen, edit));
}

bool Event::accepts(const LocalDot& deleted) const {
  return deleted == dot || (context->covers(deleted) && !contains(revives, deleted));
}

void apply(Record& record, const Event& event, const oplog::Op& op, DotSet& voids) {
  if (record.is_empty()) record.all_visible = true;
  if (op.is_delete()) return hide(record, event, voids);
  if (!op.is_edit()) return;
  void_unaccepted(record, event, voids);
  switch (op.kind) {
    case OpKind::kAdd: add(record, op); break;
    case OpKind::kSetAdd:
    case OpKind::kSetRemove: write_set(record, event, op); break;
    default: write_values(record, event, op); break;
  }
  drop_seen(record.heads, event);
  insert_by_dot(record.heads, RecordHead{event.dot, {}});
}

}  // namespace lanyard::merge
