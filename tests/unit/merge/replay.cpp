#include "tests/unit/merge/replay.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "replication/merge/show.hpp"

namespace lanyard::testing {

using merge::LocalDot;
using merge::Record;

namespace {

void must_hold(bool condition, const std::string& rule, const Changes& changes) {
  if (!condition) throw std::logic_error(rule + "\n" + describe(changes));
}

/// Every order, batching and repetition gives the declared state, and no wrong reports.
void check_orders(const World& world, Dice& dice, Coverage& coverage) {
  const Changes& changes = world.changes();
  const MergeStore::Records expected = meaning(changes);
  const std::set<VoidDelete> voids = void_deletes(changes);
  for (int i = 0; i < 3; ++i) {
    const Changes order = causal_order(changes, dice);
    const MergeStore store = replay(order, dice);
    must_hold(store.records() == expected, "an order gives another state", order);
    must_hold(std::includes(voids.begin(), voids.end(), store.voids().begin(), store.voids().end()),
              "a delete that stands is reported as void", order);
    ++coverage["orders"];
  }
  if (!voids.empty()) ++coverage["histories with void deletes"];
}

/// The same for what the devices hold half way, in the order and batches they got it.
void check_half_way(const World& world, Coverage& coverage) {
  for (std::size_t i = 0; i < 2; ++i) {
    const Device& device = world.devices()[i];
    must_hold(device.store.records() == meaning(device.order), "half way differs", device.order);
    if (!world.is_wild()) {
      const std::string loss = find_loss(device.order, world.shown_before());
      must_hold(loss.empty(), "lost half way: " + loss, device.order);
    }
    ++coverage["stores half way"];
  }
}

void check_traceless(const Changes& changes, Dice& dice, Coverage& coverage) {
  if (changes.empty() || !dice.chance(25)) return;
  std::set<LocalDot> out;
  for (const ChangePtr& change : dice.sample(changes, 1 + changes.size() / 4)) {
    out.insert(change->dot);
  }
  const Changes marked = without_effect(changes, out);
  Changes left;
  for (const ChangePtr& change : marked) {
    if (change->effective) left.push_back(change);
  }
  const MergeStore store = replay(causal_order(marked, dice), dice);
  must_hold(store.records() == meaning(left), "a change without effect leaves a trace", marked);
  ++coverage["histories with changes without effect"];
}

bool has_equal_stamps(const merge::Field& field) {
  std::set<Hlc> stamps;
  return std::any_of(field.values.begin(), field.values.end(),
                     [&](const auto& one) { return !stamps.insert(one.timestamp).second; });
}

bool has_equal_values(const merge::Field& field) {
  std::set<Bytes> values;
  return std::any_of(field.values.begin(), field.values.end(),
                     [&](const auto& one) { return !values.insert(one.value).second; });
}

void cover_state(const World& world, std::set<std::string>& found) {
  Dice dice(0);
  const MergeStore store = replay(causal_order(world.changes(), dice), dice);
  const auto hash_of = [&](const LocalDot& dot) { return store.hash_of(dot); };
  for (const auto& [name, record] : store.records()) {
    if (!record.is_shown()) found.insert("with records in the trash");
    if (record.is_shown() && !record.deletes().empty()) found.insert("made again with trash");
    for (const merge::Field& field : record.fields) {
      const auto choices = merge::choices(field, hash_of);
      const bool clash = choices.size() > 1 && choices.front().kind != merge::SlotKind::kValue;
      if (clash) found.insert("with a clash of kinds");
      if (choices.size() > 1 && !clash) found.insert("with conflicting siblings");
      if (has_equal_values(field)) found.insert("with equal siblings");
      if (has_equal_stamps(field)) found.insert("with a winner by hash");
      if (field.counter.size() > 1) found.insert("with a counter in parts");
    }
  }
}

void cover_changes(const Changes& changes, std::set<std::string>& found) {
  for (const ChangePtr& change : changes) {
    for (const MergeOp& op : change->ops) {
      if (!op.unseen.empty()) found.insert("with unseen dots");
      if (!op.revives.empty()) found.insert("with revived deletes");
      if (op.kind == oplog::OpKind::kClear) found.insert("with a clear");
    }
    for (const ChangePtr& other : changes) {
      if (change->context.covers(other->dot) && other->timestamp > change->timestamp) {
        found.insert("with timestamps against causality");
      }
    }
  }
}

}  // namespace

Changes causal_order(const Changes& changes, Dice& dice) {
  Changes left = changes, order;
  MergeStore clock;  // only asked what is ready
  while (!left.empty()) {
    std::vector<std::size_t> ready, same;
    for (std::size_t i = 0; i < left.size(); ++i) {
      if (!clock.is_ready(*left[i])) continue;
      ready.push_back(i);
      if (!order.empty() && left[i]->dot.log == order.back()->dot.log) same.push_back(i);
    }
    // Often go on with the same log: long runs of one author reach states that fair mixing never
    // does.
    const std::size_t next = dice.pick(!same.empty() && dice.chance(50) ? same : ready);
    clock.count(left[next]->dot);
    order.push_back(left[next]);
    left.erase(left.begin() + static_cast<std::ptrdiff_t>(next));
  }
  return order;
}

MergeStore replay(const Changes& order, Dice& dice) {
  constexpr std::array<std::size_t, 5> kSizes{1, 1, 2, 3, 50};
  MergeStore store;
  for (std::size_t at = 0; at < order.size();) {
    const std::size_t size = std::min(order.size() - at, dice.pick(kSizes));
    Changes batch;
    if (at > 0 && dice.chance(20)) batch.push_back(order[dice.below(at)]);
    const auto from = order.begin() + static_cast<std::ptrdiff_t>(at);
    batch.insert(batch.end(), from, from + static_cast<std::ptrdiff_t>(size));
    store.apply(batch);
    at += size;
  }
  return store;
}

Changes without_effect(const Changes& changes, const std::set<LocalDot>& out) {
  Changes marked;
  for (const ChangePtr& change : changes) {
    MergeChange copy = *change;
    copy.effective = !out.contains(copy.dot);
    marked.push_back(std::make_shared<const MergeChange>(std::move(copy)));
  }
  return marked;
}

void check_history(std::uint64_t seed, const std::vector<std::uint32_t>& steps,
                   Coverage& coverage) {
  Dice dice(seed);
  World world(dice.roll(), dice.chance(20));
  try {
    for (const std::uint32_t step : steps) world.step(step);
  } catch (const std::logic_error& broken) {
    throw std::logic_error(std::string(broken.what()) + "\nafter\n" + describe(world.changes()));
  }
  check_orders(world, dice, coverage);
  check_half_way(world, coverage);
  check_traceless(world.changes(), dice, coverage);
  if (!world.is_wild()) {
    const std::string loss = find_loss(world.changes(), world.shown_before());
    must_hold(loss.empty(), "lost: " + loss, world.changes());
  }
  std::set<std::string> found{world.is_wild() ? "with arbitrary unseen and revives"
                                              : "of clients and agents"};
  cover_changes(world.changes(), found);
  cover_state(world, found);
  if (world.deletes_refused() > 0) found.insert("with refused deletes");
  for (const std::string& what : found) ++coverage["histories " + what];
  ++coverage["histories"];
  coverage["changes"] += world.changes().size();
}

}  // namespace lanyard::testing
