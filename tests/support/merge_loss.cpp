#include "tests/support/merge_loss.hpp"

#include <algorithm>

#include "replication/merge/show.hpp"
#include "replication/types/canonical.hpp"

namespace lanyard::testing {

using merge::Field;
using merge::Record;
using oplog::OpKind;

namespace {

/// Something that a client wrote into a field.
struct Written {
  Placed edit;
  std::string field;
  Bytes value;
  [[nodiscard]] bool is_element() const { return edit.op->kind == OpKind::kSetAdd; }
};

std::vector<Written> written_by(const Placed& edit) {
  std::vector<Written> out;
  for (const auto& [field, bytes] : edit.op->fields) out.push_back({edit, field, bytes});
  if (edit.op->kind == OpKind::kSetAdd) out.push_back({edit, edit.op->field, edit.op->element});
  return out;
}

bool is_member(const Bytes& array, const Bytes& element) {
  CanonicalReader in(array);
  for (std::size_t left = in.array(); left > 0; --left) {
    if (equal(in.value(), element)) return true;
  }
  return false;
}

/// Shown, in the inbox or in the trash: what a person can get at.
bool is_findable(const Field& field, const Written& written) {
  // Only one timestamp's winner depends on hashes, not whether a value is found.
  const auto no_hash = [](const merge::LocalDot&) { return Hash{}; };
  for (const merge::Choice& choice : merge::choices(field, no_hash)) {
    if (written.is_element()
            ? choice.kind == merge::SlotKind::kSet && is_member(choice.value, written.value)
            : choice.kind == merge::SlotKind::kValue && choice.value == written.value) {
      return true;
    }
  }
  const auto in_trash = [&](const auto& one) {
    return !one.hidden_by.empty() && one.value == written.value;
  };
  return written.is_element() ? std::any_of(field.elements.begin(), field.elements.end(), in_trash)
                              : std::any_of(field.values.begin(), field.values.end(), in_trash);
}

/// Its own dot is still there.
bool is_kept(const Field& field, const Written& written) {
  const auto is_it = [&](const auto& one) {
    return one.dot == written.edit.change->dot && one.value == written.value;
  };
  return written.is_element() ? std::any_of(field.elements.begin(), field.elements.end(), is_it)
                              : std::any_of(field.values.begin(), field.values.end(), is_it);
}

std::vector<Placed> edits_of(const Changes& changes) {
  std::vector<Placed> out;
  for (const ChangePtr& change : changes) {
    for (std::size_t i = 0; change->effective && i < change->ops.size(); ++i) {
      if (change->ops[i].is_edit()) out.push_back({change.get(), i, &change->ops[i]});
    }
  }
  return out;
}

/// Why a written value cannot be found, or nothing.
std::string loss_of(const Written& written, const std::vector<Placed>& edits, const Record& record,
                    const ShownBefore& shown_before) {
  const Placed& edit = written.edit;
  bool is_replaced = false;
  for (const Placed& later : edits) {
    if (!has_seen(later, edit) || !replaces(*later.op, *edit.op, written.field)) continue;
    is_replaced = true;
    if (later.change == edit.change) return {};
    const auto& shown = shown_before.at({later.change->dot, later.index}).at(edit.op->name);
    if (merge::contains(shown, edit.change->dot)) return {};
  }
  if (is_replaced) return "replaced by clients that had not been shown it";
  const Field* field = record.find(written.field);
  if (field == nullptr || !is_kept(*field, written)) return "gone, but nobody replaced it";
  return is_findable(*field, written) ? "" : "kept, but not to be found";
}

std::string find_lost_add(const std::vector<Placed>& edits, const MergeStore::Records& records) {
  std::map<std::pair<RecordName, std::string>, std::uint64_t> totals;
  for (const Placed& edit : edits) {
    if (edit.op->kind != OpKind::kAdd) continue;
    totals[{edit.op->name, edit.op->field}] += static_cast<std::uint64_t>(edit.op->amount);
  }
  for (const auto& [counter, total] : totals) {
    const Field* field = records.at(counter.first).find(counter.second);
    std::uint64_t sum = 0;
    for (std::size_t i = 0; field != nullptr && i < field->counter.size(); ++i) {
      sum += static_cast<std::uint64_t>(field->counter[i].sum);
    }
    if (field == nullptr || sum != total) return "an add to " + counter.second + " was lost";
  }
  return {};
}

}  // namespace

std::string find_loss(const Changes& changes, const ShownBefore& shown_before) {
  const MergeStore::Records records = meaning(changes);
  const std::vector<Placed> edits = edits_of(changes);
  for (const Placed& edit : edits) {
    for (const Written& written : written_by(edit)) {
      const std::string why = loss_of(written, edits, records.at(edit.op->name), shown_before);
      if (!why.empty()) return written.field + " of " + describe(*edit.change) + "\nis " + why;
    }
  }
  return find_lost_add(edits, records);
}

}  // namespace lanyard::testing
