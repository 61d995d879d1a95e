#include "tests/sim/client.hpp"

#include <array>

#include "replication/merge/version_text.hpp"
#include "replication/types/canonical.hpp"
#include "replication/types/limits.hpp"

namespace lanyard::sim {
namespace {

using merge::LocalOp;
using oplog::OpKind;

constexpr std::size_t kKeys = 8;
constexpr std::size_t kLargeBytes = 300 * 1024;
const std::array<std::string, 2> kCollections{"notes", "tasks"};
const std::array<std::string, 4> kFields{"title", "text", "done", "mixed"};

struct Choice {
  OpKind kind;
  const char* name;
  std::size_t weight;
  bool restore;
};
constexpr std::array<Choice, 9> kChoices{{{OpKind::kPut, "put", 14, false},
                                          {OpKind::kPatch, "patch", 34, false},
                                          {OpKind::kUnset, "unset", 6, false},
                                          {OpKind::kDelete, "delete", 9, false},
                                          {OpKind::kClear, "clear", 1, false},
                                          {OpKind::kAdd, "add", 12, false},
                                          {OpKind::kSetAdd, "set-add", 12, false},
                                          {OpKind::kSetRemove, "set-remove", 6, false},
                                          {OpKind::kPatch, "restore", 6, true}}};

const Choice& some_choice(support::Chance& chance) {
  std::size_t at = chance.below(100);
  for (const Choice& choice : kChoices) {
    if (at < choice.weight) return choice;
    at -= choice.weight;
  }
  return kChoices.back();
}

const char* name_of(const LocalOp& op) {
  for (const Choice& choice : kChoices) {
    if (choice.kind == op.kind && choice.restore == op.restore) return choice.name;
  }
  return "other";
}

}  // namespace

Client::Name Client::some_record() {
  return {kCollections[chance_.below(2)], "r" + std::to_string(chance_.below(kKeys))};
}

void Client::read_some(const support::MemoryStore& store) {
  const merge::LogTable& logs = store.merger().logs();
  for (const auto& [name, record] : store.table().records()) {
    if (!chance_.one_in(5)) continue;
    const merge::Version version = merge::read_version(record);
    Memory& memory = memory_[{store.table().collection_name(name.first), name.second}];
    memory.version = merge::to_text(version, logs);
    memory.seen.clear();
    for (const Dot& dot : logs.global(version.edits)) memory.seen.insert(dot);
  }
}

Bytes Client::some_value() {
  Bytes out;
  CanonicalWriter writer(out);
  if (has_large_value) {
    has_large_value = false;
    writer.text(std::string(kLargeBytes, static_cast<char>('a' + chance_.below(26))));
  } else if (chance_.one_in(4)) {
    writer.integer(static_cast<std::int64_t>(chance_.below(5)));
  } else {
    writer.text("value " + std::to_string(chance_.next() % 1'000'000));
  }
  return out;
}

void Client::fill(LocalOp& op) {
  switch (op.kind) {
    case OpKind::kPut:
    case OpKind::kPatch: {
      if (op.restore) return;
      std::map<std::string, Bytes> fields;
      for (std::size_t i = chance_.below(3) + (op.kind == OpKind::kPatch ? 1 : 0); i > 0; --i)
        fields[kFields[chance_.below(4)]] = some_value();
      for (const auto& [name, value] : fields) op.fields.emplace_back(name, value);
      return;
    }
    case OpKind::kUnset: op.names = {kFields[chance_.below(4)]}; return;
    case OpKind::kAdd:
      op.field = chance_.one_in(3) ? "mixed" : "count";
      op.amount = static_cast<std::int64_t>(chance_.below(20)) - 5;
      return;
    case OpKind::kSetAdd:
    case OpKind::kSetRemove:
      op.field = chance_.one_in(3) ? "mixed" : "tags";
      CanonicalWriter(op.element).text(std::string(1, static_cast<char>('a' + chance_.below(4))));
      return;
    default: return;
  }
}

LocalOp Client::some_op(Report& report) {
  const Choice& choice = some_choice(chance_);
  LocalOp op;
  op.kind = choice.kind;
  op.restore = choice.restore;
  std::tie(op.collection, op.key) = some_record();
  if (op.kind == OpKind::kClear) {
    op.key.clear();
    op.whole_space = chance_.one_in(8);
    if (op.whole_space) op.collection.clear();
    return op;
  }
  fill(op);
  if (op.restore || chance_.one_in(4)) return op;  // as if read just now
  const auto known = memory_.find({op.collection, op.key});
  op.based_on = known == memory_.end() ? "0" : known->second.version;
  if (known != memory_.end() && known->second.version != "0") report.count(Fault::kStaleClient);
  return op;
}

Client::Wish Client::wish(Report& report) {
  Wish wish;
  for (std::size_t i = chance_.one_in(4) ? 1 + chance_.below(3) : 1; i > 0; --i) {
    wish.change.ops.push_back(some_op(report));
    const LocalOp& op = wish.change.ops.back();
    const auto known = memory_.find({op.collection, op.key});
    wish.seen.push_back(known == memory_.end() ? std::set<Dot>{} : known->second.seen);
  }
  return wish;
}

void Client::acknowledged(const Wish& wish, const merge::Written& written, VectorClock held_before,
                          Ledger& ledger, Report& report) {
  // Earlier changes of the same run were there to be read.
  held_before[written.dot.log].seq = {written.dot.seq.value - 1};
  for (std::size_t i = 0; i < wish.change.ops.size(); ++i) {
    const LocalOp& op = wish.change.ops[i];
    ++report.ops[name_of(op)];
    for (const auto& [field, value] : op.fields)
      report.ops["with a value in chunks"] += value.size() > limits::kOpBytesMax ? 1 : 0;
    if (op.kind == OpKind::kClear) continue;  // takes nothing away
    if (op.based_on) {
      Memory& memory = memory_[{op.collection, op.key}];
      memory = {written.versions.at(i), wish.seen[i]};
      memory.seen.insert(written.dot);
      ledger.add({written.dot, i, op, {wish.seen[i], {}}});
    } else {
      ledger.add({written.dot, i, op, {{}, held_before}});
    }
  }
}

}  // namespace lanyard::sim
