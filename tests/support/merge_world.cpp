#include "tests/support/merge_world.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "replication/types/json_text.hpp"

namespace lanyard::testing {

using merge::Context;
using merge::DotSet;
using merge::LocalDot;
using merge::Record;
using oplog::OpKind;

namespace {

bool reaches(OpKind kind, bool whole_space, std::string_view collection, std::string_view key,
             const RecordName& name) {
  if (kind == OpKind::kClear) return whole_space || collection == name.collection;
  return collection == name.collection && key == name.key;
}

const char* word_of(OpKind kind) {
  constexpr std::array<const char*, 9> kWords{"?",     "put", "patch",   "unset",     "delete",
                                              "clear", "add", "set-add", "set-remove"};
  const auto at = static_cast<std::size_t>(kind);
  return at < kWords.size() ? kWords[at] : kWords[0];
}

std::string text_of(const LocalDot& dot) {
  std::string out = dot.log < 26 ? std::string(1, static_cast<char>('A' + dot.log))
                                 : "L" + std::to_string(dot.log) + ":";
  return out + std::to_string(dot.seq);
}

void append_dots(std::string& out, const char* word, const DotSet& dots) {
  if (dots.empty()) return;
  out += word;
  for (const LocalDot& dot : dots) out += ' ' + text_of(dot);
}

void append_op(std::string& out, const MergeOp& op) {
  out += std::string("\n    ") + word_of(op.kind);
  if (!op.whole_space) out += ' ' + op.name.collection + '/' + op.name.key;
  for (const auto& [name, bytes] : op.fields) out += ' ' + name + '=' + to_json(bytes);
  for (const std::string& name : op.names) out += ' ' + name;
  if (!op.field.empty()) out += ' ' + op.field;
  if (op.kind == OpKind::kAdd) out += ' ' + std::to_string(op.amount);
  if (!op.element.empty()) out += ' ' + to_json(op.element);
  append_dots(out, " unseen", op.unseen);
  append_dots(out, " revives", op.revives);
}

}  // namespace

bool concerns(const oplog::Op& op, const RecordName& name) {
  return reaches(op.kind, op.whole_space, op.collection, op.key, name);
}

bool MergeOp::concerns(const RecordName& record) const {
  return reaches(kind, whole_space, name.collection, name.key, record);
}

Bytes value(std::string_view json) {
  Result<Bytes> out = from_json(json);
  if (!out) throw std::invalid_argument("not JSON: " + std::string(json));
  return *std::move(out);
}

oplog::Op MergeOp::view() const {
  oplog::Op out;
  out.kind = kind;
  out.whole_space = whole_space;
  out.collection = name.collection;
  out.key = name.key;
  for (const auto& [member, bytes] : fields) out.fields.push_back({member, bytes, false});
  out.names.assign(names.begin(), names.end());
  out.field = field;
  out.amount = amount;
  out.element = element;
  return out;
}

std::string describe(const MergeChange& change) {
  std::string out = text_of(change.dot) + " at " + std::to_string(change.timestamp.value);
  if (!change.effective) out += " without effect";
  out += " after";
  for (const auto& [log, seq] : change.context.entries())
    if (log != change.dot.log) out += ' ' + text_of({log, seq});
  for (const MergeOp& op : change.ops) append_op(out, op);
  return out;
}

std::string describe(const Changes& changes) {
  std::string out;
  for (const ChangePtr& change : changes) out += describe(*change) + '\n';
  return out;
}

merge::LogNumber LogNumbers::number_of(std::string_view log) {
  const auto found = numbers_.find(log);
  if (found != numbers_.end()) return found->second;
  const auto number = static_cast<merge::LogNumber>(names_.size());
  names_.emplace_back(log);
  numbers_.emplace(log, number);
  return number;
}

bool MergeStore::is_ready(const MergeChange& change) const {
  for (const auto& [log, seq] : change.context.entries())
    if (!clock_.covers({log, seq})) return false;
  return change.dot.seq == 1 || clock_.covers({change.dot.log, change.dot.seq - 1});
}

std::size_t MergeStore::apply(std::span<const ChangePtr> batch) {
  std::vector<PlacedOp> placed;
  std::size_t fresh = 0;
  for (const ChangePtr& change : batch) {
    if (clock_.covers(change->dot)) continue;
    if (!is_ready(*change)) throw std::logic_error("before its context: " + describe(*change));
    count(change->dot);
    remember(change->dot, change->hash);
    ++fresh;
    if (!change->effective) continue;
    for (const MergeOp& op : change->ops) {
      placed.push_back(
          {{change->dot, change->timestamp, &change->context, op.unseen, op.revives}, op.view()});
    }
  }
  merge(placed);
  return fresh;
}

void MergeStore::merge(std::span<const PlacedOp> ops) {
  std::set<RecordName> names;
  for (const PlacedOp& placed : ops) {
    if (placed.op.kind == OpKind::kClear) {
      // It takes its place among the ops of every record that it concerns.
      for (const auto& [name, record] : records_) names.insert(name);
    } else {
      names.insert({std::string(placed.op.collection), std::string(placed.op.key)});
    }
  }
  for (const RecordName& name : names) {
    for (const PlacedOp& placed : ops) {
      if (testing::concerns(placed.op, name)) merge(name, placed);
    }
  }
}

void MergeStore::merge(const RecordName& name, const PlacedOp& placed) {
  const auto at = records_.try_emplace(name).first;
  DotSet voids;
  merge::apply(at->second, placed.event, placed.op, voids);
  for (const LocalDot& dot : voids) voids_.insert({dot, name});
  if (at->second.is_empty()) records_.erase(at);
}

const Record& MergeStore::record(const RecordName& name) const {
  static const Record kNone;
  const auto found = records_.find(name);
  return found == records_.end() ? kNone : found->second;
}

}  // namespace lanyard::testing
