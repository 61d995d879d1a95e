#include "tests/unit/merge/scene.hpp"

#include <algorithm>
#include <stdexcept>

#include "replication/merge/show.hpp"
#include "replication/types/canonical.hpp"
#include "replication/types/json_text.hpp"
#include "tests/unit/merge/replay.hpp"

namespace lanyard::testing {

using merge::DotSet;
using merge::LocalDot;
using oplog::OpKind;

namespace {

constexpr int kOrders = 8;

std::string text_of(const DotSet& set) {
  std::string out;
  for (const LocalDot& dot : set) {
    if (!out.empty()) out += ' ';
    out += static_cast<char>('A' + dot.log) + std::to_string(dot.seq);
  }
  return out;
}

void append_entry(std::string& out, const std::string& entry) {
  if (!out.empty()) out += ", ";
  out += entry;
}

}  // namespace

DotSet dots(std::string_view text) {
  DotSet out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const auto log = static_cast<merge::LogNumber>(text[0] - 'A');
    merge::insert(out, {log, std::stoull(std::string(text.substr(1, end - 1)))});
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

SceneChange& SceneChange::at(std::uint64_t timestamp) {
  change_.timestamp = {timestamp};
  return *this;
}

SceneChange& SceneChange::with_hash(std::uint8_t first_byte) {
  change_.hash.bytes[0] = first_byte;
  return *this;
}

SceneChange& SceneChange::without_effect() {
  change_.effective = false;
  return *this;
}

SceneChange& SceneChange::of(std::string collection, std::string key) {
  name_ = {std::move(collection), std::move(key)};
  return *this;
}

SceneChange& SceneChange::op(OpKind kind) {
  MergeOp op;
  op.kind = kind;
  op.name = name_;
  change_.ops.push_back(std::move(op));
  return *this;
}

SceneChange& SceneChange::write(OpKind kind, std::string_view object) {
  op(kind);
  const Bytes bytes = value(object);
  CanonicalReader in(bytes);
  for (std::size_t left = in.map(); left > 0; --left) {
    const std::string name(in.text());
    change_.ops.back().fields[name] = to_bytes(in.value());
  }
  return *this;
}

SceneChange& SceneChange::unset(const std::string& field) {
  op(OpKind::kUnset);
  change_.ops.back().names.insert(field);
  return *this;
}

SceneChange& SceneChange::clear_space() {
  op(OpKind::kClear);
  change_.ops.back().whole_space = true;
  return *this;
}

SceneChange& SceneChange::add(const std::string& field, std::int64_t amount) {
  op(OpKind::kAdd);
  change_.ops.back().field = field;
  change_.ops.back().amount = amount;
  return *this;
}

SceneChange& SceneChange::set_add(const std::string& field, std::string_view element) {
  op(OpKind::kSetAdd);
  change_.ops.back().field = field;
  change_.ops.back().element = value(element);
  return *this;
}

SceneChange& SceneChange::set_remove(const std::string& field, std::string_view element) {
  set_add(field, element);
  change_.ops.back().kind = OpKind::kSetRemove;
  return *this;
}

SceneChange& SceneChange::unseen(std::string_view text) {
  change_.ops.back().unseen = dots(text);
  return *this;
}

SceneChange& SceneChange::revives(std::string_view text) {
  change_.ops.back().revives = dots(text);
  return *this;
}

const MergeChange& Scene::find(const LocalDot& dot) const {
  const auto found = std::find_if(changes_.begin(), changes_.end(),
                                  [&](const MergeChange& change) { return change.dot == dot; });
  if (found == changes_.end()) throw std::invalid_argument("no such change in this scene");
  return *found;
}

SceneChange Scene::by(char log, std::string_view after) {
  MergeChange change;
  const auto number = static_cast<merge::LogNumber>(log - 'A');
  DotSet held = dots(after);
  std::uint64_t last = 0;
  for (const MergeChange& earlier : changes_) {
    if (earlier.dot.log == number) last = std::max(last, earlier.dot.seq);
  }
  if (last > 0) held.push_back({number, last});
  for (const LocalDot& dot : held) {
    const merge::Context& context = find(dot).context;
    change.context.raise(context.entries());
    change.context.raise(dot.log, dot.seq);
  }
  change.dot = {number, last + 1};
  change.timestamp = {changes_.size() + 1};
  change.hash.bytes = {static_cast<std::uint8_t>(log), static_cast<std::uint8_t>(last)};
  changes_.push_back(std::move(change));
  return SceneChange(changes_.back());
}

Changes Scene::changes() const {
  Changes out;
  for (const MergeChange& change : changes_) {
    out.push_back(std::make_shared<const MergeChange>(change));
  }
  return out;
}

MergeStore Scene::store() const {
  const Changes all = changes();
  const MergeStore::Records expected = meaning(all);
  MergeStore store;
  for (const ChangePtr& change : all) store.apply(change);
  Dice dice(changes_.size());
  for (int i = 0; i < kOrders; ++i) {
    const Changes order = causal_order(all, dice);
    if (replay(order, dice).records() != expected || store.records() != expected) {
      throw std::logic_error("an order gives another state\n" + describe(order));
    }
  }
  return store;
}

merge::Record Scene::record(const RecordName& name) const { return store().record(name); }

std::string Scene::shown(const RecordName& name) const {
  const MergeStore all = store();
  const merge::Record& record = all.record(name);
  if (!record.is_shown()) return "gone";
  return to_json(merge::shown_value(record, [&](const LocalDot& d) { return all.hash_of(d); }));
}

std::string Scene::inbox(const std::string& name) const {
  const MergeStore all = store();
  const merge::Record record = all.record({"notes", "n1"});
  const merge::Field* field = record.find(name);
  if (field == nullptr) return {};
  const auto choices = merge::choices(*field, [&](const LocalDot& d) { return all.hash_of(d); });
  std::string out;
  for (std::size_t i = 1; i < choices.size(); ++i) {
    DotSet set;
    for (const LocalDot& dot : choices[i].dots) merge::insert(set, dot);
    const std::string by = set.empty() ? "" : " (" + text_of(set) + ")";
    append_entry(out, to_json(choices[i].value) + by);
  }
  return out;
}

std::string Scene::trash(const std::string& name) const {
  const merge::Record all = record();
  const merge::Field* field = all.find(name);
  std::string out;
  const auto throw_away = [&](const std::string& what, const DotSet& hidden_by) {
    if (!hidden_by.empty()) append_entry(out, what + " (by " + text_of(hidden_by) + ")");
  };
  if (field == nullptr) return out;
  for (const auto& one : field->values) throw_away(to_json(one.value), one.hidden_by);
  for (const auto& part : field->counter) throw_away(std::to_string(part.sum), part.hidden_by);
  for (const auto& one : field->elements) throw_away(to_json(one.value), one.hidden_by);
  return out;
}

std::string Scene::heads() const {
  DotSet set;
  for (const merge::RecordHead& head : record().heads) set.push_back(head.dot);
  return text_of(set);
}

std::string Scene::voids() const {
  DotSet set;
  const MergeStore all = store();
  for (const VoidDelete& one : all.voids()) merge::insert(set, one.dot);
  return text_of(set);
}

}  // namespace lanyard::testing
