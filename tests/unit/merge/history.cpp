#include "tests/unit/merge/history.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace lanyard::testing {

using merge::DotSet;
using merge::LocalDot;
using merge::Record;
using oplog::OpKind;

namespace {

constexpr std::int64_t kYearMs = 365LL * 24 * 3600 * 1000;

const std::vector<Bytes>& values() {
  static const std::vector<Bytes> all{value("0"),          value("1"),
                                      value("1.0"),        value("true"),
                                      value("null"),       value(R"("a")"),
                                      value(R"("b")"),     value("-0.0"),
                                      value("0.0"),        value("[1]"),
                                      value(R"({"x":1})"), value(R"({"x":1.0})"),
                                      value(R"("")"),      value("9223372036854775807"),
                                      value("-7")};
  return all;
}

/// `change`: as it is so far, without `op`.
void hold(bool condition, const std::string& rule, const MergeChange& change, const MergeOp& op) {
  if (condition) return;
  MergeChange broken = change;
  broken.ops.push_back(op);
  throw std::logic_error(rule + ": " + describe(broken));
}

/// The hybrid clock (GLOSSARY: timestamp): after our own last, the wall, and the largest seen
/// unless that is more than ten minutes ahead.
Hlc stamp(const Device& device, std::uint64_t now_ms) {
  const std::int64_t wall_ms = static_cast<std::int64_t>(now_ms) + device.clock_error_ms;
  Hlc sane;
  for (const ChangePtr& change : device.order) {
    if (is_sane(change->timestamp, {wall_ms})) sane = std::max(sane, change->timestamp);
  }
  return next_stamp(device.last, sane, {wall_ms});
}

/// Stands for the hash of a header: any function of the dot will do.
Hash hash_of(const LocalDot& dot) {
  Dice dice(dot.log * 1'000'003ULL + dot.seq);
  Hash out;
  for (std::uint8_t& byte : out.bytes) byte = static_cast<std::uint8_t>(dice.roll());
  return out;
}

void receive(Device& device, const ChangePtr& change) {
  device.store.apply(change);
  device.order.push_back(change);
}

void read(Client& client, const Device& device, const RecordName& name) {
  client.versions[name] = merge::read_version(device.store.record(name));
  client.shown[name] = displayed(device.order, name);
  client.restored.erase(name);
}

/// An edit by a client that saw a record must not leave the rest of it in the trash; what a change
/// has both written and deleted may be there.
void check_no_stump(const MergeChange& change, const MergeOp& op, const Record& record,
                    const DotSet& shown) {
  const auto check = [&](const auto& one) {
    hold(!merge::contains(shown, one.dot) || one.hidden_by.empty() || one.dot == change.dot ||
             merge::contains(one.hidden_by, one.dot),
         "an edit leaves hidden what its client had been shown", change, op);
  };
  for (const merge::Field& field : record.fields) {
    std::for_each(field.values.begin(), field.values.end(), check);
    std::for_each(field.elements.begin(), field.elements.end(), check);
  }
}

/// Changes that deleted the record, and may have edited it too: of such a change a person may have
/// been shown one part and not another, which shows when somebody's edit makes its delete void.
DotSet deleting(const Changes& changes, const RecordName& name) {
  DotSet out;
  for (const ChangePtr& change : changes) {
    for (const MergeOp& op : change->ops) {
      if (op.is_delete() && op.concerns(name)) merge::insert(out, change->dot);
    }
  }
  return out;
}

OpKind random_kind(Dice& dice) {
  // As often as an app would: a patch is the usual write, a clear is rare.
  constexpr std::array<OpKind, 28> kKinds{
      OpKind::kPut,    OpKind::kPut,       OpKind::kPut,      OpKind::kPut,    OpKind::kPatch,
      OpKind::kPatch,  OpKind::kPatch,     OpKind::kPatch,    OpKind::kPatch,  OpKind::kPatch,
      OpKind::kPatch,  OpKind::kUnset,     OpKind::kUnset,    OpKind::kDelete, OpKind::kDelete,
      OpKind::kDelete, OpKind::kDelete,    OpKind::kDelete,   OpKind::kDelete, OpKind::kClear,
      OpKind::kAdd,    OpKind::kAdd,       OpKind::kAdd,      OpKind::kSetAdd, OpKind::kSetAdd,
      OpKind::kSetAdd, OpKind::kSetRemove, OpKind::kSetRemove};
  return dice.pick(kKinds);
}

}  // namespace

std::uint64_t Dice::roll() {
  state_ += 0x9E3779B97F4A7C15ULL;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

/// A change that is being written, and the records as its earlier ops leave them.
struct World::Draft {
  Device& device;
  Client& client;
  MergeStore scratch;
  MergeChange change;
};

World::World(std::uint64_t seed, bool wild) : wild_(wild) {
  Dice dice(seed);
  constexpr std::array<std::int64_t, 7> kErrors{0, 0, 0, 50, -50, 3 * kYearMs, -5 * kYearMs};
  now_ms_ += 10ULL * kYearMs;  // so that a clock that is years behind is still after 1970
  devices_.resize(2 + dice.below(4));
  for (Device& device : devices_) {
    device.log = logs_++;
    device.clock_error_ms = dice.pick(kErrors);
    device.clients.resize(1 + dice.below(3));
  }
  records_ = dice.sample<RecordName>({{"c", "r"}, {"c", "s"}, {"d", "r"}}, 1 + dice.below(3));
  fields_ = dice.sample<std::string>({"a", "b", "n", "t"}, 1 + dice.below(4));
  mixed_ = dice.chance(30);
}

void World::step(std::uint64_t seed) {
  Dice dice(seed);
  constexpr std::array<std::uint64_t, 5> kPauses{0, 0, 0, 1, 1000};
  now_ms_ += dice.pick(kPauses);
  Device& device = dice.pick(devices_);
  const std::size_t act = dice.below(100);
  if (act < 22) {
    read(dice.pick(device.clients), device, dice.pick(records_));
  } else if (act < 62) {
    write(device, dice);
  } else if (act < 92) {
    pull(device, dice);
  } else if (act < 97) {
    for (Device& each : devices_) each.group = dice.below(2);
  } else {
    device.log = logs_++;  // a restored store goes on in a new log
  }
}

void World::pull(Device& device, Dice& dice) {
  const Device& other = dice.pick(devices_);
  if (&other == &device || other.group != device.group) return;
  std::size_t left = 1 + dice.below(6);
  for (const ChangePtr& change : other.order) {
    if (device.store.clock().covers(change->dot)) continue;
    receive(device, change);
    if (--left == 0) return;
  }
}

void World::write(Device& device, Dice& dice) {
  Client& client = dice.pick(device.clients);
  Draft draft{device, client, device.store, {}};
  MergeChange& change = draft.change;
  change.context = device.store.clock();
  change.dot = {device.log, 1 + change.context.seq_of(device.log)};
  change.timestamp = stamp(device, now_ms_);
  change.hash = hash_of(change.dot);
  const bool reads_first = dice.chance(30);
  const RecordName focus = dice.pick(records_);
  constexpr std::array<std::size_t, 5> kOps{1, 1, 1, 2, 3};
  for (std::size_t left = dice.pick(kOps); left > 0; --left) {
    const RecordName name = dice.chance(80) ? focus : dice.pick(records_);
    if (reads_first && change.ops.empty()) {
      for (const RecordName& each : records_) read(client, device, each);
    }
    MergeOp op = wish(name, dice);
    if (finish(draft, op, dice)) add_op(draft, op);
  }
  if (change.ops.empty()) return;
  device.last = change.timestamp;
  changes_.push_back(std::make_shared<const MergeChange>(std::move(change)));
  receive(device, changes_.back());
}

void World::add_op(Draft& draft, const MergeOp& op) {
  MergeChange& change = draft.change;
  const PlacedOp placed{{change.dot, change.timestamp, &change.context, op.unseen, op.revives},
                        op.view()};
  auto& shown = shown_before_[{change.dot, change.ops.size()}];
  for (const RecordName& name : records_) {
    if (!op.concerns(name)) continue;
    shown[name] = draft.client.shown[name];
    draft.scratch.merge(name, placed);
    after_op(draft, op, name);
  }
  change.ops.push_back(op);
}

void World::after_op(Draft& draft, const MergeOp& op, const RecordName& name) {
  const Record& record = draft.scratch.record(name);
  Client& client = draft.client;
  const LocalDot& own = draft.change.dot;
  if (!op.is_delete()) {
    if (!wild_) check_no_stump(draft.change, op, record, client.shown[name]);
    merge::insert(client.shown[name], own);
    client.versions[name] = merge::version_after(record, op.view(), own, client.versions[name]);
  } else if (!record.is_shown()) {
    client.shown[name].clear();
    client.versions[name] = merge::version_after(record, op.view(), own, client.versions[name]);
  }
}

/// A random op. Unless everything is mixed, a and b hold values, n counts and t is a set.
MergeOp World::wish(const RecordName& name, Dice& dice) const {
  std::vector<std::string> values_in = fields_;
  if (!mixed_) {
    std::erase_if(values_in, [](const std::string& f) { return f != "a" && f != "b"; });
    if (values_in.empty()) values_in = {"a"};
  }
  MergeOp op;
  op.kind = random_kind(dice);
  op.name = name;
  const auto some = dice.sample(values_in, 1 + dice.below(values_in.size()));
  constexpr std::array<std::int64_t, 6> kAmounts{1, -1, 5, INT64_MAX, INT64_MIN, 0};
  switch (op.kind) {
    case OpKind::kPut:
    case OpKind::kPatch:
      if (dice.chance(5)) break;  // an empty one
      for (const std::string& field : some) op.fields[field] = dice.pick(values());
      break;
    case OpKind::kUnset: op.names = {some.begin(), some.end()}; break;
    case OpKind::kClear: op.whole_space = dice.chance(50); break;
    case OpKind::kAdd:
      op.field = mixed_ ? dice.pick(fields_) : "n";
      op.amount = dice.pick(kAmounts);
      break;
    case OpKind::kSetAdd:
    case OpKind::kSetRemove:
      op.field = mixed_ ? dice.pick(fields_) : "t";
      op.element = values()[dice.below(6)];
      break;
    default: break;
  }
  if (op.whole_space) op.name = {};
  return op;
}

/// Dots of anything, of the change itself, and of a log that nobody has.
void World::make_wild(const Draft& draft, MergeOp& op, Dice& dice) const {
  std::vector<LocalDot> dots{draft.change.dot, {draft.change.dot.log + 99, 1}};
  for (const ChangePtr& change : changes_) dots.push_back(change->dot);
  constexpr std::array<std::size_t, 5> kCounts{0, 0, 1, 2, 4};
  for (DotSet* set : {&op.unseen, &op.revives}) {
    const std::size_t count = std::min(dots.size(), dice.pick(kCounts));
    for (const LocalDot& dot : dice.sample(dots, count)) merge::insert(*set, dot);
  }
}

/// The agent's part: it refuses, or writes down what the client had not seen.
bool World::finish(Draft& draft, MergeOp& op, Dice& dice) {
  if (wild_) {
    make_wild(draft, op, dice);
    return true;
  }
  if (op.kind == OpKind::kDelete && !finish_delete(draft, op)) return false;
  const bool restores = op.kind == OpKind::kPatch && op.fields.empty() && dice.chance(50);
  for (const RecordName& name : records_) {
    if (!op.concerns(name)) continue;
    const Record& record = draft.scratch.record(name);
    if (restores) op.revives = record.deletes();
    if (!op.revives.empty()) draft.client.restored.insert(name);
    auto found = merge::based_on(op.view(), op.revives, record, draft.client.versions[name],
                                 draft.change.dot);
    merge::unite(op.unseen, found.unseen);
    merge::unite(op.revives, found.revives);
    const DotSet plain = merge::minus(draft.client.shown[name], deleting(draft.device.order, name));
    hold(op.is_delete() || merge::minus(op.unseen, plain) == op.unseen,
         "calls unseen what its client had been shown", draft.change, op);
  }
  hold(op.kind != OpKind::kDelete || op.unseen.empty(), "a delete with unseen edits", draft.change,
       op);
  return true;
}

bool World::finish_delete(Draft& draft, const MergeOp& op) {
  const Record& record = draft.scratch.record(op.name);
  if (!merge::delete_allowed(record, draft.client.versions[op.name])) {
    deletes_refused_ += record.is_shown() ? 1 : 0;
    return false;
  }
  const DotSet& shown = draft.client.shown[op.name];
  hold(merge::is_subset(merge::read_version(record).edits, shown), "a delete over something unseen",
       draft.change, op);
  // Adds too, which no version names; but a restore brings back sums that its client knows.
  if (draft.change.ops.empty() && !draft.client.restored.contains(op.name)) {
    hold(merge::is_subset(displayed(draft.device.order, op.name), shown),
         "a delete over something not displayed", draft.change, op);
  }
  return true;
}

}  // namespace lanyard::testing
