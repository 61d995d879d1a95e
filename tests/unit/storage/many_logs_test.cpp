// A member with real keys opens logs without end, each with a record in it.
#include <deque>

#include "replication/merge/normal_op.hpp"
#include "replication/oplog/author.hpp"
#include "tests/unit/storage/storage_test.hpp"

namespace lanyard::storage {
namespace {

/// Makes logs of one device, as only a device that means harm does.
class LogMaker {
 public:
  explicit LogMaker(Device& writer) : writer_(writer), cipher_(writer.ports().ciphers.make()) {
    const SpaceState state = writer.store().state();
    from_.epoch = state.grants.back().first;
    must(cipher_->take_grant(from_.epoch, state.grants.back().second));
    clock_ = state.log.clock();
  }

  /// Packs with so many logs more.
  std::vector<Bytes> make(std::size_t count) {
    std::vector<Bytes> packs;
    for (std::size_t i = 0; i < count; ++i) {
      add_log();
      if (changes_.size() + 2 <= limits::kPackChangesMax && i + 1 < count) continue;
      packs.push_back(oplog::write_pack(changes_, signatures_, true));
      changes_.clear();
      signatures_.clear();
      authors_.clear();
    }
    return packs;
  }

 private:
  void add_log() {
    writer_.ports().rng.fill(from_.incarnation.bytes);
    oplog::Author& author = authors_.emplace_back(writer_.space(), writer_.ports().signer,
                                                  writer_.ports().hasher, *cipher_, from_);
    author.begin(clock_, WallTime{1'700'000'000'000});
    const LocalOp wish = put(std::to_string(made_++), {{"n", 1}});
    must(author.add(oplog::encode_plain({must(merge::normal_op(wish))})));
    static_cast<void>(author.finish());
    signatures_[*author.state().log] = author.signature();
    changes_.insert(changes_.end(), author.changes().begin(), author.changes().end());
  }

  Device& writer_;
  std::unique_ptr<Cipher> cipher_;
  oplog::AuthorState from_;
  VectorClock clock_;
  std::size_t made_ = 0;
  std::deque<oplog::Author> authors_;  // they keep the payloads
  std::vector<oplog::Change> changes_;
  oplog::RunSignatures signatures_;
};

}  // namespace

TEST_CASE("others write and sync beside a member that opens more logs than a context holds") {
  constexpr std::size_t kLogs = limits::kContextEntriesMax + 2000;
  Group group(3);
  Device& ada = group[0];
  Device& pi = group[1];
  group.sync();
  ada.write(put("a", {{"n", 0}}));
  pi.pull(ada);
  for (const Bytes& pack : LogMaker(group[2]).make(kLogs)) must(ada.take({pack}));
  CHECK(ada.clock().size() >= kLogs);
  for (int i = 1; i <= 3; ++i) {
    ada.write(put("a", {{"n", 10 * i}}));
    pi.pull(ada);
    pi.write(put("a", {{"n", 10 * i + 1}}));
    ada.pull(pi);
  }
  CHECK(ada.state_hash() == pi.state_hash());
  CHECK(rows_of(ada.file(), "SELECT count(*) FROM lanyard_conflicts")[0][0] == 0);
  CHECK(must(ada.store().without_effect()).empty());
  for (Device* device : {&ada, &pi}) {
    CHECK(device->check().differences.empty());
    device->open();
    device->write(put("b", {{"n", 1}}));
  }
}

TEST_CASE("whoever is admitted to a space of more logs than a context holds can write in it") {
  Group group(2);
  Device& ada = group[0];
  group.sync();
  for (const Bytes& pack : LogMaker(group[1]).make(limits::kContextEntriesMax + 2000))
    must(ada.take({pack}));
  Device late("late", group.folder() / "late.db", ada.space());
  must(ada.store().admit(late.id(), ada.wall));
  late.open();
  late.pull(ada);
  late.write(put("a", {{"n", 1}}));
  ada.pull(late);
  CHECK(ada.state_hash() == late.state_hash());
}

TEST_CASE("a file that has contexts as blobs is read, and has them as rows once it is written") {
  Group group(5);
  for (int round = 0; round < 3; ++round) {
    for (std::size_t i = 0; i < group.size(); ++i) {
      // More than fits into a byte of a blob, of some.
      for (std::size_t n = 0; n < 1 + 100 * i; ++n)
        group[i].write(put("r" + std::to_string(n), {{"n", n}}));
      group[(i + 2) % 5].pull(group[i]);
    }
  }
  group.sync();
  for (std::size_t i = 0; i < group.size(); ++i) group[i].write(patch("last", {{"n", i}}));
  group.sync();
  Device& a = group[0];
  const std::string sql = "SELECT * FROM lanyard_contexts ORDER BY log, other";
  const json rows = rows_of(a.file(), sql);
  CHECK(rows.size() == 20);
  a.close();
  make_version_5(a.file());
  CHECK(a.check().differences.empty());
  SpaceStore::Options reading;
  reading.read_only = true;
  a.open(reading);
  a.close();
  CHECK(rows_of(a.file(), "PRAGMA user_version")[0][0] == 5);
  a.open();
  CHECK(rows_of(a.file(), sql) == rows);
  CHECK(a.check().differences.empty());
  a.write(put("r1", {{"n", "mine"}}));
  group[1].pull(a);
  CHECK(a.state_hash() == group[1].state_hash());
}

}  // namespace lanyard::storage
