// What the ops of one change have seen, against the rules asked afresh before each of them.
#include "replication/merge/apply.hpp"
#include "replication/merge/version.hpp"
#include "storage/record_rows.hpp"
#include "tests/unit/storage/storage_test.hpp"

namespace lanyard::storage {
namespace {

using oplog::OpKind;
using support::Chance;

constexpr const char* kKey = "k";

/// Some op on the one record; what has nothing to delete or restore may be among them.
LocalOp some_op(Chance& chance) {
  static const std::vector<std::string> kFields{"a", "b", "tags"};
  const auto number = static_cast<int>(chance.below(100));
  const std::string element(1, static_cast<char>('x' + chance.below(3)));
  switch (chance.below(8)) {
    case 0: return put(kKey, {{chance.one_of(kFields), number}});
    case 1:
    case 2: return patch(kKey, {{chance.one_of(kFields), number}});
    case 3: return unset(kKey, {"a"});
    case 4: return remove(kKey);
    case 5: return add(kKey, "b", number);
    case 6:
      return set_op(chance.one_in(3) ? OpKind::kSetRemove : OpKind::kSetAdd, kKey, "tags", element);
    default: return restore(kKey);
  }
}

/// Siblings, deletes and revivals on both sides.
void make_history(Group& group, Chance& chance) {
  for (int round = 0; round < 3; ++round) {
    for (std::size_t device = 0; device < group.size(); ++device) {
      for (std::size_t left = chance.below(4); left > 0; --left)
        static_cast<void>(group[device].try_write({some_op(chance)}));
    }
    if (chance.one_in(2)) group[0].pull(group[1]);
    if (chance.one_in(2)) group[1].pull(group[0]);
  }
  group[0].pull(group[1]);
}

/// A device's record and logs as its file holds them.
struct Held {
  merge::Record record;
  merge::LogTable logs;
};

Held held_by(Device& device) {
  Held out;
  Database database = must(Database::open(device.file(), Database::Mode::kReadOnly, {}));
  Query query(database, "SELECT log FROM lanyard_logs ORDER BY number");
  while (must(query.next())) out.logs.number_of(query.fixed<LogId>(0));
  RecordRows rows(database, [](const merge::LocalDot&) -> Result<Hash> { return Hash{}; });
  must(rows.load());
  const auto collection = must(rows.find_collection("notes"));
  if (collection) out.record = must(rows.load(*collection, kKey)).record;
  return out;
}

/// Goes through a change's ops, and asks for each what its client had not seen. How many of them
/// had anything to say.
std::size_t check_seen(const Held& before, const oplog::Change& change,
                       const std::vector<LocalOp>& wishes) {
  merge::Record record = before.record;
  const merge::LocalDot own{*before.logs.find(change.header.log), change.header.seq.value};
  const merge::Context context = merge::Context::everything();
  oplog::OpReader in(change.payload);
  oplog::Op op;
  std::size_t telling = 0;
  for (std::size_t i = 0; in.next(op); ++i) {
    merge::Unseen expected;
    if (!op.is_delete() && !record.is_empty()) {
      const merge::DotSet revives = wishes[i].restore ? record.deletes() : merge::DotSet{};
      expected = merge::based_on(op, revives, record, merge::read_version(record), own);
    }
    INFO("op " << i);
    CHECK(op.unseen == before.logs.global(expected.unseen));
    CHECK(op.revives == before.logs.global(expected.revives));
    telling += op.unseen.empty() && op.revives.empty() ? 0 : 1;
    merge::DotSet voids;
    merge::apply(record, {own, {}, &context, expected.unseen, expected.revives}, op, voids);
  }
  CHECK(in.effect() == oplog::Effect::kEffective);
  return telling;
}

}  // namespace

TEST_CASE("a record whose key is a UUID is found again by every write") {
  Group group(1);
  Device& a = group[0];
  const std::string key = "0195f2c1-7a3e-7d0b-8a44-0123456789ab";
  a.write(put(key, {{"a", 1}, {"b", 1}}));
  a.write(patch(key, {{"b", 2}}));
  CHECK(rows_of(a.file(), "SELECT value FROM lanyard_records")[0][0] == R"({"a":1,"b":2})");
  CHECK(rows_of(a.file(), "SELECT count(*), typeof(key) FROM lanyard_records")[0] ==
        json::array({1, "blob"}));
}

TEST_CASE("each op of a change has seen what a read just before it would have shown") {
  std::size_t written = 0;
  std::size_t telling = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    INFO("seed " << seed);
    Chance chance(seed);
    Group group(2);
    make_history(group, chance);
    Device& device = group[0];
    for (int turn = 0; turn < 6; ++turn) {
      const Held before = held_by(device);
      LocalChange change;
      for (std::size_t left = 2 + chance.below(4); left > 0; --left)
        change.ops.push_back(some_op(chance));
      device.wall.ms += 1000;
      const WriteOutcome outcome = device.store().write({change}, device.wall);
      if (!outcome.answers.front()) continue;  // nothing to delete or restore
      const oplog::Change& made = outcome.runs.back().changes.back();
      if (!before.logs.find(made.header.log)) continue;  // its first change
      telling += check_seen(before, made, change.ops);
      ++written;
    }
    CHECK(device.check().differences.empty());
  }
  CHECK(written > 60);
  CHECK(telling > 10);
}

TEST_CASE("forty thousand elements of one set come in one change") {
  constexpr int kElements = 40'000;
  Group group(2);
  std::vector<LocalOp> ops;
  for (int i = 0; i < kElements; ++i) ops.push_back(set_op(OpKind::kSetAdd, kKey, "tags", i));
  group[0].write(std::move(ops));
  group[1].pull(group[0]);
  CHECK(group[0].state_hash() == group[1].state_hash());
  const json rows =
      rows_of(group[1].file(), "SELECT json_array_length(value, '$.tags') FROM lanyard_records");
  CHECK(rows[0][0] == kElements);
}

}  // namespace lanyard::storage
