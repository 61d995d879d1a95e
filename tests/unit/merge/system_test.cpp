// docs/MERGING.md D35, D36, and the laws that a replicated type owes its users.
#include <rapidcheck.h>

#include <rapidcheck/catch.h>
#include <catch2/catch.hpp>

#include "replication/merge/show.hpp"
#include "tests/unit/merge/replay.hpp"
#include "tests/unit/merge/scene.hpp"

using namespace lanyard;
using namespace lanyard::merge;
using namespace lanyard::testing;

namespace {

/// The changes of a random history.
Changes some_changes() {
  World world(*rc::gen::arbitrary<std::uint64_t>(), *rc::gen::arbitrary<bool>());
  for (const auto step : *rc::gen::resize(30, rc::gen::arbitrary<std::vector<std::uint32_t>>())) {
    world.step(step);
  }
  return world.changes();
}

DotSet some_dots() {
  DotSet out;
  for (const auto number : *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 12))) {
    insert(out, {static_cast<LogNumber>(number % 3), static_cast<std::uint64_t>(number / 3)});
  }
  return out;
}

DotSet united(DotSet left, const DotSet& right) {
  unite(left, right);
  return left;
}

/// The same history in a store that numbers logs the other way round.
LocalDot renumbered(const LocalDot& dot) { return {200 - dot.log, dot.seq}; }

DotSet renumbered(const DotSet& dots) {
  DotSet out;
  for (const LocalDot& dot : dots) insert(out, renumbered(dot));
  return out;
}

ChangePtr renumbered(const MergeChange& change) {
  MergeChange out = change;
  out.dot = renumbered(change.dot);
  out.context = {};
  for (const auto& [log, seq] : change.context.entries()) {
    const LocalDot dot = renumbered(LocalDot{log, seq});
    out.context.raise(dot.log, dot.seq);
  }
  for (MergeOp& op : out.ops) {
    op.unseen = renumbered(op.unseen);
    op.revives = renumbered(op.revives);
  }
  return std::make_shared<const MergeChange>(std::move(out));
}

std::map<RecordName, Bytes> shown_in(const MergeStore& store) {
  std::map<RecordName, Bytes> out;
  for (const auto& [name, record] : store.records()) {
    if (!record.is_shown()) continue;
    out[name] = shown_value(record, [&](const LocalDot& dot) { return store.hash_of(dot); });
  }
  return out;
}

}  // namespace

TEST_CASE("a change without effect satisfies contexts and leaves no trace") {
  Scene scene;
  scene.by('A').put(R"({"a":1})");
  scene.by('A').erase();
  scene.by('B', "A1").without_effect().patch(R"({"a":2})");
  CHECK(scene.shown() == "gone");  // an edit without effect voids no delete
  scene.by('C', "A2 B1").put(R"({"c":3})").unseen("A1");
  CHECK(scene.shown() == R"({"c":3})");
  CHECK(scene.heads() == "A1 C1");
}

TEST_CASE("a clear in a batch takes its place in the sequence of every record") {
  MergeStore store;
  Changes batch;
  for (std::uint64_t seq = 1; seq <= 3; ++seq) {
    MergeChange change;
    change.dot = {0, seq};
    change.context.raise(0, seq - 1);
    MergeOp op;
    op.kind = seq == 2 ? oplog::OpKind::kClear : oplog::OpKind::kPatch;
    op.name = {"notes", seq == 2 ? "" : "n" + std::to_string(seq)};
    change.ops.push_back(op);
    batch.push_back(std::make_shared<const MergeChange>(change));
  }
  CHECK(store.apply(batch) == 3);
  CHECK_FALSE(store.record({"notes", "n1"}).is_shown());
  CHECK(store.record({"notes", "n3"}).is_shown());
}

TEST_CASE("an op of a kind that is no edit and no delete does nothing") {
  Record record;
  DotSet voids;
  const Context context;
  oplog::Op op;
  op.kind = oplog::OpKind::kChunk;
  apply(record, {{0, 1}, {}, &context, {}, {}}, op, voids);
  CHECK(record == Record{});
}

TEST_CASE("histories merge by the laws") {
  rc::prop("concurrent changes commute: any two causal orders agree", [] {
    const Changes changes = some_changes();
    Dice dice(*rc::gen::arbitrary<std::uint64_t>());
    MergeStore left, right;
    for (const ChangePtr& change : causal_order(changes, dice)) left.apply(change);
    for (const ChangePtr& change : causal_order(changes, dice)) right.apply(change);
    RC_ASSERT(left.records() == right.records());
  });
  rc::prop("batches associate: how changes are grouped does not matter", [] {
    const Changes changes = some_changes();
    const std::size_t cut = *rc::gen::inRange<std::size_t>(0, changes.size() + 1);
    MergeStore one, whole, two;
    for (const ChangePtr& change : changes) one.apply(change);
    whole.apply(changes);
    two.apply(std::span(changes).first(cut));
    two.apply(std::span(changes).subspan(cut));
    RC_ASSERT(whole.records() == one.records());
    RC_ASSERT(two.records() == one.records());
  });
  rc::prop("delivery is idempotent: what is held already does nothing", [] {
    const Changes changes = some_changes();
    MergeStore store;
    store.apply(changes);
    const MergeStore::Records before = store.records();
    RC_ASSERT(store.apply(changes) == 0U);
    RC_ASSERT(store.records() == before);
  });
  rc::prop("how a store numbers its logs changes nothing that is shown", [] {
    const Changes changes = some_changes();
    MergeStore store, other;
    for (const ChangePtr& change : changes) {
      store.apply(change);
      other.apply(renumbered(*change));
    }
    RC_ASSERT(shown_in(store) == shown_in(other));
  });
}

TEST_CASE("sets of dots unite by the laws") {
  rc::prop("union commutes, associates and repeats harmlessly", [] {
    const DotSet a = some_dots(), b = some_dots(), c = some_dots();
    RC_ASSERT(united(a, b) == united(b, a));
    RC_ASSERT(united(united(a, b), c) == united(a, united(b, c)));
    RC_ASSERT(united(a, a) == a);
    RC_ASSERT(is_subset(a, united(a, b)));
  });
  rc::prop("what is taken out of a set is no longer in it, and the rest is", [] {
    const DotSet a = some_dots(), b = some_dots();
    const DotSet left = minus(a, b);
    for (const LocalDot& dot : united(a, b)) {
      RC_ASSERT(contains(left, dot) == (contains(a, dot) && !contains(b, dot)));
    }
  });
}

TEST_CASE("what a read named is as known just as long as a read names the same") {
  rc::prop("at any two moments of a history", [] {
    World world(*rc::gen::arbitrary<std::uint64_t>(), false);
    for (const auto step : *rc::gen::resize(40, rc::gen::arbitrary<std::vector<std::uint32_t>>()))
      world.step(step);
    Dice dice(*rc::gen::arbitrary<std::uint64_t>());
    MergeStore store;
    Context held;
    const IsHeld is_held = [&held](const LocalDot& dot) { return held.covers(dot); };
    std::map<RecordName, std::vector<Version>> read;
    for (const ChangePtr& change : causal_order(world.changes(), dice)) {
      store.apply(change);
      held.raise(change->dot.log, change->dot.seq);
      for (const auto& [name, record] : store.records()) {
        const Version now = read_version(record);
        for (const Version& before : read[name])
          RC_ASSERT(is_as_known(record, before, is_held) == (before == now));
        read[name].push_back(now);
      }
    }
  });
}
