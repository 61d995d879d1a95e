// What clears make a store write. Counted, not timed: counts are the same on every machine.
#include <deque>

#include "storage/record_rows.hpp"
#include "storage/space_file.hpp"
#include "tests/support/numbered_id.hpp"
#include "tests/unit/storage/storage_test.hpp"

namespace lanyard::storage {
namespace {

const crypto::SodiumHasher kClearHasher;

oplog::Op clear_of(std::string_view collection) {
  oplog::Op op;
  op.kind = oplog::OpKind::kClear;
  op.whole_space = collection.empty();
  op.collection = collection;
  return op;
}

constexpr std::size_t kRecords = 200;

/// The rows of one file, and the changes of two logs, of which the first has made kRecords records.
class ClearedRows {
 public:
  ClearedRows()
      : database_(must(Database::open(folder_ / "rows.db", Database::Mode::kCreate, {}))),
        rows_(made(database_, chance_),
              [](const merge::LocalDot&) { return Result<Hash>(Hash{}); }),
        merger_(rows_, kClearHasher, {}, {}) {
    must(database_.begin(Sync::kNormal));
    must(rows_.load());
    make_records();
  }

  /// A change of log 0 or 1 that has seen all of its own log, and `seen` changes of the other.
  void take(std::size_t log, std::uint64_t seen, const std::vector<oplog::Op>& ops) {
    oplog::Change change;
    change.header.log = support::numbered_id<LogId>(log);
    change.header.seq = {++seqs_[log]};
    change.header.timestamp = {++stamp_};
    if (seen > 0)
      change.header.context.push_back({support::numbered_id<LogId>(1 - log), {{seen}, {}}});
    change.payload = payloads_.emplace_back(oplog::encode_plain(ops));
    CHECK(must(merger_.take(change, cipher_)) == oplog::Effect::kEffective);
  }

  /// Rows that it writes to merge what was taken.
  std::int64_t written_to_merge() {
    const std::int64_t before = database_.total_changes();
    must(merger_.flush());
    return database_.total_changes() - before;
  }

  [[nodiscard]] std::int64_t shown() {
    return must(database_.number("SELECT count(*) FROM lanyard_records WHERE value IS NOT NULL"));
  }
  [[nodiscard]] std::size_t deletes_of(const std::string& key) {
    const auto notes = must(rows_.find_collection("notes"));
    return must(rows_.load(*notes, key)).record.deletes().size();
  }

 private:
  void make_records() {
    const Bytes one = value("1");
    std::deque<std::string> keys;
    std::vector<oplog::Op> ops;
    for (std::size_t i = 0; i < kRecords; ++i) {
      oplog::Op& op = ops.emplace_back();
      op.kind = oplog::OpKind::kPut;
      op.collection = "notes";
      op.key = keys.emplace_back("n" + std::to_string(i));
      op.fields.push_back({"f", one, false});
    }
    take(0, 0, ops);
    (void)written_to_merge();
  }

  static Database& made(Database& database, Rng& rng) {
    must(make_tables(database, SpaceId{}, rng));
    return database;
  }

  TemporaryFolder folder_;
  support::Chance chance_{1};
  Database database_;
  RecordRows rows_;
  support::SimCipher cipher_{DeviceId{}, chance_};
  merge::Merger merger_;
  std::deque<Bytes> payloads_;
  std::uint64_t seqs_[2] = {0, 0};
  std::uint64_t stamp_ = 0;
};

}  // namespace

TEST_CASE("clears that are merged together write each record once, however many they are") {
  ClearedRows one;
  one.take(1, 1, {clear_of("notes")});
  const std::int64_t written_by_one = one.written_to_merge();
  CHECK(one.shown() == 0);
  CHECK(written_by_one >= std::int64_t(kRecords));

  ClearedRows many;
  for (int i = 0; i < 25; ++i) {
    many.take(1, 1, {clear_of("notes")});
    many.take(1, 1, {clear_of({})});
  }
  CHECK(many.written_to_merge() == written_by_one);
  CHECK(many.shown() == 0);
  CHECK(many.deletes_of("n7") == 50);
}

TEST_CASE("a change of ten thousand clears writes what one clear does") {
  ClearedRows rows;
  rows.take(1, 1, std::vector<oplog::Op>(10'000, clear_of("notes")));
  CHECK(rows.written_to_merge() <= std::int64_t(4 * kRecords));
  CHECK(rows.shown() == 0);
  CHECK(rows.deletes_of("n7") == 1);
}

TEST_CASE("clears that have not seen the records write nothing") {
  ClearedRows rows;
  for (int i = 0; i < 10; ++i) {
    rows.take(1, 0, {clear_of("notes")});
    CHECK(rows.written_to_merge() == 0);
  }
  CHECK(rows.shown() == std::int64_t(kRecords));
}

}  // namespace lanyard::storage
