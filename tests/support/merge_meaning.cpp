#include "tests/support/merge_meaning.hpp"

#include <algorithm>

namespace lanyard::testing {

using merge::DotSet;
using merge::LocalDot;
using merge::Record;
using oplog::OpKind;

namespace {

bool is_among(const DotSet& dots, const LocalDot& dot) {
  return std::find(dots.begin(), dots.end(), dot) != dots.end();
}

/// `other` was in the store when this op was written, whether or not the client knew.
bool follows(const Placed& one, const Placed& other) {
  if (one.change == other.change) return other.index < one.index;
  return one.change->context.covers(other.change->dot);
}

/// A put writes the value slot of every field, those that it does not name too.
bool writes_value(const MergeOp& op, const std::string& field) {
  return op.kind == OpKind::kPut || (op.kind == OpKind::kPatch && op.fields.contains(field)) ||
         (op.kind == OpKind::kUnset && op.names.contains(field));
}

bool is_set_op(const MergeOp& op) {
  return op.kind == OpKind::kSetAdd || op.kind == OpKind::kSetRemove;
}

}  // namespace

bool has_seen(const Placed& one, const Placed& other) {
  if (!follows(one, other)) return false;
  if (one.change == other.change) return true;
  const DotSet& unknown = other.op->is_delete() ? one.op->revives : one.op->unseen;
  return !is_among(unknown, other.change->dot);
}

bool replaces(const MergeOp& op, const MergeOp& written, const std::string& field) {
  if (!op.concerns(written.name)) return false;
  if (written.kind != OpKind::kSetAdd) return writes_value(op, field);
  return is_set_op(op) && op.field == field && op.element == written.element;
}

namespace {

/// All that was ever done to one record.
class Story {
 public:
  Story(const Changes& changes, const RecordName& name) {
    for (const ChangePtr& change : changes) {
      if (!change->effective) continue;
      for (std::size_t i = 0; i < change->ops.size(); ++i) {
        const MergeOp& op = change->ops[i];
        if (!op.concerns(name)) continue;
        (op.is_delete() ? deletes_ : edits_).push_back({change.get(), i, &op});
      }
    }
    relate();
    for (std::size_t d = 0; d < deletes_.size(); ++d) {
      if (!is_void(d)) standing_.push_back(d);
    }
  }

  /// Nobody's edit was written after this one by a client that knew it.
  [[nodiscard]] bool is_head(std::size_t edit) const { return seen_by_[edit].empty(); }

  /// A delete does nothing if somebody edited the record without having seen the delete, and unseen
  /// by it.
  [[nodiscard]] bool is_void(std::size_t d) const {
    const Placed& deleted = deletes_[d];
    for (std::size_t e = 0; e < edits_.size(); ++e) {
      // Concurrent, or later by a client that had not seen the delete.
      if (!follows(deleted, edits_[e]) && !has_seen(edits_[e], deleted)) return true;
      // Or earlier, one that the deleting client had not seen and nobody has replaced before it.
      const bool was_head =
          follows(deleted, edits_[e]) &&
          std::none_of(seen_by_[e].begin(), seen_by_[e].end(),
                       [&](std::size_t later) { return follows(deleted, edits_[later]); });
      if (was_head && !has_seen(deleted, edits_[e])) return true;
    }
    return false;
  }

  [[nodiscard]] DotSet hidden_by(std::size_t edit) const {
    DotSet out;
    for (const std::size_t d : standing_) {
      if (follows(deletes_[d], edits_[edit])) out.push_back(deletes_[d].change->dot);
    }
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
  }

  [[nodiscard]] Record record() const;
  [[nodiscard]] const std::vector<Placed>& edits() const { return edits_; }
  [[nodiscard]] const std::vector<Placed>& deletes() const { return deletes_; }

 private:
  void relate() {
    seen_by_.resize(edits_.size());
    for (std::size_t e = 0; e < edits_.size(); ++e) {
      for (std::size_t later = 0; later < edits_.size(); ++later) {
        if (has_seen(edits_[later], edits_[e])) seen_by_[e].push_back(later);
      }
    }
  }
  /// Somebody who had seen what the edit wrote into the field has written there since.
  [[nodiscard]] bool is_replaced(std::size_t edit, const std::string& field) const {
    return std::any_of(seen_by_[edit].begin(), seen_by_[edit].end(), [&](std::size_t later) {
      return replaces(*edits_[later].op, *edits_[edit].op, field);
    });
  }
  void tell_values(std::size_t edit, const DotSet& hidden, Record& record) const;
  void tell_element(std::size_t edit, const DotSet& hidden, Record& record) const;

  std::vector<Placed> edits_;
  std::vector<Placed> deletes_;
  std::vector<std::vector<std::size_t>> seen_by_;  ///< edit -> edits whose clients had seen it
  std::vector<std::size_t> standing_;              ///< deletes that are not void
};

void Story::tell_values(std::size_t edit, const DotSet& hidden, Record& record) const {
  const MergeChange& change = *edits_[edit].change;
  for (const auto& [name, bytes] : edits_[edit].op->fields) {
    if (is_replaced(edit, name)) continue;
    record.field(name).values.push_back({change.dot, change.timestamp, hidden, bytes});
  }
}

void Story::tell_element(std::size_t edit, const DotSet& hidden, Record& record) const {
  const MergeOp& added = *edits_[edit].op;
  if (is_replaced(edit, added.field)) return;
  record.field(added.field).elements.push_back({added.element, edits_[edit].change->dot, hidden});
}

void add_to_counter(std::vector<merge::CounterPart>& parts, const DotSet& hidden,
                    std::int64_t amount) {
  auto part = std::find_if(parts.begin(), parts.end(),
                           [&](const merge::CounterPart& p) { return p.hidden_by == hidden; });
  if (part == parts.end()) part = parts.insert(parts.end(), {hidden, 0});
  part->sum = static_cast<std::int64_t>(static_cast<std::uint64_t>(part->sum) +
                                        static_cast<std::uint64_t>(amount));
}

/// A Record keeps everything sorted.
void sort_all(Record& record) {
  const auto by_dot = [](const auto& left, const auto& right) { return left.dot < right.dot; };
  std::sort(record.heads.begin(), record.heads.end(), by_dot);
  for (merge::Field& field : record.fields) {
    std::sort(field.values.begin(), field.values.end(), by_dot);
    std::sort(field.counter.begin(), field.counter.end(),
              [](const auto& left, const auto& right) { return left.hidden_by < right.hidden_by; });
    std::sort(field.elements.begin(), field.elements.end(),
              [](const auto& left, const auto& right) {
                return std::tie(left.value, left.dot) < std::tie(right.value, right.dot);
              });
  }
}

Record Story::record() const {
  Record out;
  for (std::size_t e = 0; e < edits_.size(); ++e) {
    const DotSet hidden = hidden_by(e);
    const Placed& edit = edits_[e];
    if (is_head(e)) out.heads.push_back({edit.change->dot, hidden});
    tell_values(e, hidden, out);
    if (edit.op->kind == OpKind::kSetAdd) tell_element(e, hidden, out);
    if (edit.op->kind == OpKind::kAdd) {
      add_to_counter(out.field(edit.op->field).counter, hidden, edit.op->amount);
    }
  }
  sort_all(out);
  return out;
}

std::set<RecordName> edited(const Changes& changes) {
  std::set<RecordName> out;
  for (const ChangePtr& change : changes) {
    if (!change->effective) continue;
    for (const MergeOp& op : change->ops) {
      if (op.is_edit()) out.insert(op.name);
    }
  }
  return out;
}

}  // namespace

MergeStore::Records meaning(const Changes& changes) {
  MergeStore::Records out;
  for (const RecordName& name : edited(changes)) out.emplace(name, Story(changes, name).record());
  return out;
}

DotSet displayed(const Changes& changes, const RecordName& name) {
  const Story story(changes, name);
  const Record record = story.record();
  DotSet out;
  const auto show = [&](const auto& one) {
    if (one.hidden_by.empty()) out.push_back(one.dot);
  };
  std::for_each(record.heads.begin(), record.heads.end(), show);
  for (const merge::Field& field : record.fields) {
    std::for_each(field.values.begin(), field.values.end(), show);
    std::for_each(field.elements.begin(), field.elements.end(), show);
  }
  for (std::size_t e = 0; e < story.edits().size(); ++e) {
    const Placed& edit = story.edits()[e];
    if (edit.op->kind == OpKind::kAdd && story.hidden_by(e).empty())
      out.push_back(edit.change->dot);
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

std::set<VoidDelete> void_deletes(const Changes& changes) {
  std::set<VoidDelete> out;
  for (const RecordName& name : edited(changes)) {
    const Story story(changes, name);
    for (std::size_t d = 0; d < story.deletes().size(); ++d) {
      if (story.is_void(d)) out.insert({story.deletes()[d].change->dot, name});
    }
  }
  return out;
}

}  // namespace lanyard::testing
