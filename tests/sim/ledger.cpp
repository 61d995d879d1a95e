#include "tests/sim/ledger.hpp"

#include <algorithm>

namespace lanyard::sim {
namespace {

using merge::LocalOp;
using oplog::OpKind;

bool is_set_op(const LocalOp& op) {
  return op.kind == OpKind::kSetAdd || op.kind == OpKind::kSetRemove;
}

/// Whether `later`, if it has seen it, takes away what `op` wrote into that field.
bool replaces(const LocalOp& later, const LocalOp& op, std::string_view field) {
  if (op.kind == OpKind::kSetAdd)
    return is_set_op(later) && later.field == field && later.element == op.element;
  if (later.kind == OpKind::kPut) return true;
  const auto names = [&](const auto& each) { return each.first == field; };
  return std::any_of(later.fields.begin(), later.fields.end(), names) ||
         std::find(later.names.begin(), later.names.end(), field) != later.names.end();
}

const merge::Record* find_record(const support::MemoryStore& store, const std::string& collection,
                                 const std::string& key) {
  for (merge::CollectionNumber i = 0; i < store.table().collection_count(); ++i) {
    if (store.table().collection_name(i) != collection) continue;
    const auto found = store.table().records().find({i, key});
    return found == store.table().records().end() ? nullptr : &found->second;
  }
  return nullptr;
}

std::string name_of(const AcknowledgedOp& written, std::string_view field) {
  return written.op.collection + "/" + written.op.key + " " + std::string(field) + " of " +
         to_hex(written.dot.log.view()).substr(0, 8) + ":" + std::to_string(written.dot.seq.value);
}

/// Shown, in the inbox or in the trash: all three are what a record keeps.
bool is_kept(const support::MemoryStore& store, const AcknowledgedOp& written,
             std::string_view field, ByteView value) {
  const merge::Record* record = find_record(store, written.op.collection, written.op.key);
  const merge::Field* found = record == nullptr ? nullptr : record->find(field);
  if (found == nullptr) return false;
  const auto is_it = [&](const auto& each) {
    const merge::LogTable& logs = store.merger().logs();
    return equal(each.value, value) && logs.id_of(each.dot.log) == written.dot.log &&
           each.dot.seq == written.dot.seq.value;
  };
  return std::any_of(found->values.begin(), found->values.end(), is_it) ||
         std::any_of(found->elements.begin(), found->elements.end(), is_it);
}

}  // namespace

std::string Ledger::find_lost_value(
    const support::MemoryStore& store, const AcknowledgedOp& written,
    const std::map<RecordKey, std::vector<const AcknowledgedOp*>>& by_record) const {
  NamedValues values = written.op.fields;
  if (written.op.kind == OpKind::kSetAdd) values = {{written.op.field, written.op.element}};
  for (const auto& [field, value] : values) {
    if (is_kept(store, written, field, value)) continue;
    const auto replaced = [&](const AcknowledgedOp* later) {
      const bool knew =
          later->dot == written.dot ? later->index > written.index : later->seen.has(written.dot);
      return knew && replaces(later->op, written.op, field);
    };
    const auto& others = by_record.at({written.op.collection, written.op.key});
    if (std::none_of(others.begin(), others.end(), replaced))
      return name_of(written, field) + " is gone, and nobody who had seen it replaced it";
  }
  return {};
}

void Ledger::may_be_lost(const LogId& log, Seq safe) {
  for (AcknowledgedOp& each : ops_)
    each.may_be_lost = each.may_be_lost || (each.dot.log == log && each.dot.seq > safe);
}

bool Ledger::is_gone(const AcknowledgedOp& op, const VectorClock& held) {
  return op.may_be_lost && seq_in(held, op.dot.log) < op.dot.seq;
}

std::string Ledger::find_lost_add(const support::MemoryStore& store) const {
  const VectorClock held = store.log().clock();
  std::map<std::tuple<std::string, std::string, std::string>, std::uint64_t> totals;
  for (const AcknowledgedOp& each : ops_) {
    if (each.op.kind == OpKind::kAdd && !is_gone(each, held))
      totals[{each.op.collection, each.op.key, each.op.field}] +=
          static_cast<std::uint64_t>(each.op.amount);
  }
  for (const auto& [name, total] : totals) {
    const auto& [collection, key, field] = name;
    const merge::Record* record = find_record(store, collection, key);
    const merge::Field* found = record == nullptr ? nullptr : record->find(field);
    std::uint64_t sum = 0;
    if (found != nullptr) {
      for (const merge::CounterPart& part : found->counter)
        sum += static_cast<std::uint64_t>(part.sum);
    }
    if (sum != total)
      return "the counter " + field + " of " + collection + "/" + key + " lost an add";
  }
  return {};
}

std::string Ledger::find_loss(const support::MemoryStore& store) const {
  std::map<RecordKey, std::vector<const AcknowledgedOp*>> by_record;
  const VectorClock held = store.log().clock();
  for (const AcknowledgedOp& each : ops_)
    if (!is_gone(each, held)) by_record[{each.op.collection, each.op.key}].push_back(&each);
  for (const AcknowledgedOp& each : ops_) {
    if (is_gone(each, held)) continue;
    if (seq_in(held, each.dot.log) < each.dot.seq)
      return "the change of " + name_of(each, each.op.field) + " is gone";
    const std::string lost = find_lost_value(store, each, by_record);
    if (!lost.empty()) return lost;
  }
  return find_lost_add(store);
}

}  // namespace lanyard::sim
