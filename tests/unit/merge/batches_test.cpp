// docs/MERGING.md D36: a store's Merger, batch by batch, against the declared meaning.
#include <algorithm>
#include <catch2/catch.hpp>
#include <deque>

#include "replication/merge/merger.hpp"
#include "tests/support/chance.hpp"
#include "tests/support/map_table.hpp"
#include "tests/support/numbered_id.hpp"
#include "tests/support/sim_ports.hpp"
#include "tests/unit/merge/replay.hpp"

using namespace lanyard;
using namespace lanyard::testing;

namespace {

LogId id_of_log(merge::LogNumber number) { return support::numbered_id<LogId>(number); }

std::vector<Dot> global(const merge::DotSet& dots) {
  std::vector<Dot> out;
  for (const merge::LocalDot& dot : dots) out.push_back({id_of_log(dot.log), {dot.seq}});
  std::sort(out.begin(), out.end());
  return out;
}

/// The change as a log has it.
oplog::Change logged(const MergeChange& change, std::deque<Bytes>& payloads) {
  oplog::Change out;
  out.header.log = id_of_log(change.dot.log);
  out.header.seq = {change.dot.seq};
  out.header.timestamp = change.timestamp;
  out.hash = change.hash;
  for (const auto& [log, seq] : change.context.entries())
    if (log != change.dot.log) out.header.context.push_back({id_of_log(log), {{seq}, {}}});
  std::vector<oplog::Op> ops;
  for (const MergeOp& op : change.ops) {
    ops.push_back(op.view());
    ops.back().unseen = global(op.unseen);
    ops.back().revives = global(op.revives);
  }
  out.payload = payloads.emplace_back(oplog::encode_plain(ops));
  return out;
}

/// A store whose numbers of logs are those of the history.
class Batches {
 public:
  explicit Batches(std::size_t logs) : merger_(table_, hasher_, numbered(logs), {}) {}

  void apply(const Changes& order, Dice& dice) {
    std::size_t left = dice.below(12);
    for (const ChangePtr& change : order) {
      const auto effect = merger_.take(logged(*change, payloads_), cipher_);
      REQUIRE(effect);
      REQUIRE(*effect == oplog::Effect::kEffective);
      if (left-- > 0) continue;
      REQUIRE(merger_.flush());
      left = dice.below(12);
    }
    REQUIRE(merger_.flush());
  }

  [[nodiscard]] MergeStore::Records records() const {
    MergeStore::Records out;
    for (const auto& [name, record] : table_.records())
      out[{table_.collection_name(name.first), name.second}] = record;
    return out;
  }
  /// What it says of void deletes names records that have one.
  [[nodiscard]] bool are_voids_among(const std::set<VoidDelete>& voids) const {
    return std::all_of(merger_.voided().begin(), merger_.voided().end(), [&](const auto& name) {
      return std::any_of(voids.begin(), voids.end(), [&](const VoidDelete& one) {
        return one.name.collection == name.collection && one.name.key == name.key;
      });
    });
  }

 private:
  static std::vector<merge::MergedLog> numbered(std::size_t logs) {
    std::vector<merge::MergedLog> out;
    for (std::size_t i = 0; i < logs; ++i)
      out.push_back({id_of_log(static_cast<merge::LogNumber>(i)), 0, {}});
    return out;
  }

  support::MapTable table_;
  support::SimHasher hasher_;
  support::Chance chance_{1};
  support::SimCipher cipher_{DeviceId{}, chance_};
  std::deque<Bytes> payloads_;
  merge::Merger merger_;
};

/// More clears than a history has by itself: of a collection and of the space, several in a row and
/// several in one change, before, between and after its other ops.
Changes with_clears(const Changes& changes, Dice& dice) {
  Changes out;
  for (const ChangePtr& change : changes) {
    MergeChange more = *change;
    while (dice.chance(35)) {
      MergeOp clear;
      clear.kind = oplog::OpKind::kClear;
      clear.whole_space = dice.chance(40);
      if (!clear.whole_space && !more.ops.empty()) clear.name = {more.ops[0].name.collection, ""};
      if (clear.name.collection.empty()) clear.whole_space = true;
      if (dice.chance(30) && !out.empty()) clear.unseen = {dice.pick(out)->dot};
      const auto at = static_cast<std::ptrdiff_t>(dice.below(more.ops.size() + 1));
      more.ops.insert(more.ops.begin() + at, dice.chance(40) ? 2 : 1, clear);
    }
    out.push_back(std::make_shared<const MergeChange>(std::move(more)));
  }
  return out;
}

}  // namespace

TEST_CASE("any batches of edits, deletes, restores and clears come to the declared meaning") {
  std::size_t clears = 0, hidden = 0, voids = 0;
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    Dice dice(seed);
    World world(dice.roll(), dice.chance(20));
    for (int step = 0; step < 30; ++step) world.step(dice.roll());
    const Changes changes = with_clears(world.changes(), dice);
    const MergeStore::Records expected = meaning(changes);
    const std::set<VoidDelete> all_voids = void_deletes(changes);
    std::size_t logs = 0;
    for (const ChangePtr& change : changes) {
      logs = std::max<std::size_t>(logs, change->dot.log + 1);
      for (const MergeOp& op : change->ops) clears += op.kind == oplog::OpKind::kClear ? 1 : 0;
    }
    for (int order = 0; order < 4; ++order) {
      const Changes in_order = causal_order(changes, dice);
      Batches store(logs);
      store.apply(in_order, dice);
      INFO("seed " << seed << "\n" << describe(in_order));
      REQUIRE(store.records() == expected);
      REQUIRE(store.are_voids_among(all_voids));
    }
    for (const auto& [name, record] : expected) hidden += record.deletes().empty() ? 0 : 1;
    voids += all_voids.size();
  }
  CHECK(clears > 2000);
  CHECK(hidden > 100);
  CHECK(voids > 200);
}
