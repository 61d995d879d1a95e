#include "replication/merge/version.hpp"

#include <algorithm>

namespace lanyard::merge {

namespace {

using oplog::Op;
using oplog::OpKind;

/// Gathers dots in any order and makes a set of them once: most records have one or two distinct
/// dots, which stand beside each other.
class DotGathering {
 public:
  void add(const LocalDot& dot) {
    if (dots_.empty() || dots_.back() != dot) dots_.push_back(dot);
  }
  template <class Dotted>
  void add_all(const std::vector<Dotted>& things) {
    for (const Dotted& one : things) add(one.dot);
  }
  template <class Hidable>
  void add_visible(const std::vector<Hidable>& things) {
    for (const Hidable& one : things) {
      if (one.hidden_by.empty()) add(one.dot);
    }
  }
  [[nodiscard]] DotSet take() && {
    std::sort(dots_.begin(), dots_.end());
    dots_.erase(std::unique(dots_.begin(), dots_.end()), dots_.end());
    return std::move(dots_);
  }

 private:
  DotSet dots_;
};

DotSet visible_edits(const Record& record) {
  DotGathering out;
  out.add_visible(record.heads);
  for (const Field& field : record.fields) {
    out.add_visible(field.values);
    out.add_visible(field.elements);
  }
  return std::move(out).take();
}

/// The values, hidden ones too, or the set element that the op would replace.
void add_touched(const Op& op, const Record& record, DotGathering& touched) {
  if (op.kind == OpKind::kPut) {
    for (const Field& field : record.fields) touched.add_all(field.values);
    return;
  }
  for (const oplog::FieldValue& written : op.fields) {
    if (const Field* field = record.find(written.name)) touched.add_all(field->values);
  }
  for (const std::string_view name : op.names) {
    if (const Field* field = record.find(name)) touched.add_all(field->values);
  }
  if (op.kind != OpKind::kSetAdd && op.kind != OpKind::kSetRemove) return;
  const Field* field = record.find(op.field);
  if (field == nullptr) return;
  const auto [first, last] = field->adds_of(op.element);
  for (std::size_t i = first; i < last; ++i) touched.add(field->elements[i].dot);
}

void leave_out(DotSet& from, const DotSet& seen, const LocalDot& own) {
  std::erase_if(from, [&](const LocalDot& dot) { return dot == own || contains(seen, dot); });
}

}  // namespace

Version read_version(const Record& record) {
  if (!record.is_shown()) return {};
  return {visible_edits(record), record.deletes()};
}

Unseen based_on(const Op& op, const DotSet& revives, const Record& record, const Version& version,
                const LocalDot& own) {
  Unseen out{{}, revives};
  // A client that saw no record accepts its deletes. One that saw a record accepts those that its
  // version names.
  if (!version.edits.empty() && op.is_edit()) {
    DotSet unaccepted = record.deletes();
    leave_out(unaccepted, version.deletes, own);
    unite(out.revives, unaccepted);
  }
  DotGathering touched;
  // Heads that are visible, or will be: otherwise a stale client's own write would hide from it
  // what it never saw, and its next delete would go through.
  for (const RecordHead& head : record.heads) {
    if (is_subset(head.hidden_by, out.revives)) touched.add(head.dot);
  }
  add_touched(op, record, touched);
  out.unseen = std::move(touched).take();
  leave_out(out.unseen, version.edits, own);
  return out;
}

bool delete_allowed(const Record& record, const Version& version) {
  return record.is_shown() && is_subset(visible_edits(record), version.edits);
}

bool is_as_known(const Record& record, const Version& version, const IsHeld& is_held) {
  const Version now = read_version(record);
  if (now.is_empty() != version.is_empty()) return false;
  return is_subset(now.edits, version.edits) && is_subset(now.deletes, version.deletes) &&
         std::all_of(version.edits.begin(), version.edits.end(), is_held) &&
         std::all_of(version.deletes.begin(), version.deletes.end(), is_held);
}

Version version_after(const Record& record, const Op& op, const LocalDot& own,
                      const Version& version) {
  if (op.is_delete()) return {};
  Version out{version.edits, version.edits.empty() ? record.deletes() : version.deletes};
  insert(out.edits, own);
  return out;
}

}  // namespace lanyard::merge
