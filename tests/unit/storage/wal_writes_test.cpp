#include <catch2/catch.hpp>

#include "storage/sqlite.hpp"
#include "storage/wal_damage.hpp"
#include "tests/support/shim_disk.hpp"
#include "tests/unit/storage/storage_test.hpp"

/// What a transaction with a sync writes is gathered on its way to the WAL (ADR 0034).
namespace lanyard::storage {
namespace {

/// A database on a disk of its own, and a second connection to it, which only reads.
struct WatchedWal {
  TemporaryFolder folder;
  support::ShimDisk disk{"gathering"};
  fs::path file = folder / "a.db";
  Database database = opened(Database::Mode::kCreate);
  Database reader = with_table();

  Database opened(Database::Mode mode) {
    Database::Options options;
    options.cache_kib = 64;  // what is larger goes to the WAL before its commit
    options.vfs = disk.name();
    return must(Database::open(file, mode, options));
  }
  Database with_table() {
    must(database.execute("CREATE TABLE t (n INTEGER PRIMARY KEY, text TEXT)"));
    return opened(Database::Mode::kReadOnly);
  }
  /// Rows of about a page each.
  Status add(int rows) {
    for (int row = 0; row < rows; ++row)
      LANYARD_TRY(
          Query(database, "INSERT INTO t (text) VALUES (?)").bind(std::string_view(kPage)).run());
    return {};
  }
  Status commit(int rows, Sync sync) {
    LANYARD_TRY(database.begin(sync));
    LANYARD_TRY(add(rows));
    return database.commit();
  }
  std::int64_t seen() { return must(reader.number("SELECT count(*) FROM t")); }
  std::uintmax_t wal_length() { return fs::file_size(file.string() + "-wal"); }
  /// Of a connection that knows nothing of what the others remember.
  std::string health() {
    Database fresh = opened(Database::Mode::kReadOnly);
    Query query(fresh, "PRAGMA integrity_check");
    return must(query.next()) ? std::string(query.text(0)) : "nothing";
  }
  const std::string kPage = std::string(3500, 'x');
};

TEST_CASE("a transaction with a sync writes its pages to the WAL in one piece") {
  WatchedWal a;
  must(a.commit(1, Sync::kFull));
  a.disk.reset();
  must(a.commit(4, Sync::kFull));  // it is longer than that already
  CHECK(a.disk.writes("-wal") == 1);
  CHECK(a.disk.syncs("-wal") == 1);
  CHECK(a.seen() == 5);
  // Without one nothing would say when others are to see them.
  a.disk.reset();
  must(a.commit(10, Sync::kNormal));
  CHECK(a.disk.writes("-wal") > 10);
  CHECK(a.disk.syncs("-wal") == 0);
  CHECK(a.seen() == 15);
}

TEST_CASE("most small commits find a WAL that is long enough already") {
  WatchedWal a;
  int longer = 0;
  for (int commit = 0; commit < 400; ++commit) {
    const std::uintmax_t before = a.wal_length();
    must(a.commit(1, Sync::kFull));
    const std::uintmax_t after = a.wal_length();
    longer += after > before ? 1 : 0;
    REQUIRE(after <= before + (256U << 10) + 64U * 1024);
  }
  // Some 12 KiB each, of which 256 KiB are made at a time.
  CHECK(longer < 40);
  CHECK(a.seen() == 400);
  CHECK(a.health() == "ok");

  // What a power cut leaves: another program finds all of them, and nothing behind.
  fs::copy_file(a.file, a.folder / "b.db");
  fs::copy_file(a.file.string() + "-wal", a.folder / "b.db-wal");
  Database cut = must(Database::open(a.folder / "b.db", Database::Mode::kReadWrite, {}));
  CHECK(must(cut.number("SELECT count(*) FROM t")) == 400);
  CHECK_FALSE(find_wal_damage(a.file).has_value());
}

TEST_CASE("a WAL that cannot be made longer than its contents takes a commit all the same") {
  WatchedWal a;
  must(a.commit(2, Sync::kFull));
  std::int64_t rows = 2;
  for (int commit = 0; commit < 40; ++commit) {
    a.disk.be_full_after(1);  // what is in it, and nothing more
    must(a.commit(1, Sync::kFull));
    CHECK(a.seen() == ++rows);
  }
  a.disk.be_full(false);
  CHECK(a.health() == "ok");
}

TEST_CASE("whatever the size of transactions, each is seen whole when it is committed") {
  WatchedWal a;
  std::int64_t rows = 0;
  for (const int size : {1, 3, 40, 7, 200, 1, 25}) {
    for (const Sync sync : {Sync::kFull, Sync::kNormal}) {
      must(a.commit(size, sync));
      rows += size;
      CHECK(a.seen() == rows);
    }
  }
  CHECK(a.health() == "ok");
  must(a.database.checkpoint());
  CHECK(a.seen() == rows);
  CHECK(a.health() == "ok");
}

TEST_CASE("what was gathered of a transaction that is rolled back is in nobody's way") {
  WatchedWal a;
  must(a.commit(2, Sync::kFull));
  for (const int size : {5, 300}) {
    must(a.database.begin(Sync::kFull));
    must(a.add(size));
    a.database.rollback();
    CHECK(a.seen() == 2);
  }
  must(a.commit(3, Sync::kNormal));
  CHECK(a.seen() == 5);
  CHECK(a.health() == "ok");
}

TEST_CASE("where the disk takes no more, the transaction fails and what was before stays") {
  WatchedWal a;
  must(a.commit(2, Sync::kFull));
  for (const int size : {5, 300}) {
    must(a.database.begin(Sync::kFull));
    Status done = a.add(size / 2);
    a.disk.be_full(true);
    if (done) done = a.add(size - size / 2);
    if (done) done = a.database.commit();
    REQUIRE_FALSE(done.has_value());
    CHECK(done.error().is(Code::kDiskFull));
    a.database.rollback();
    a.disk.be_full(false);
    CHECK(a.seen() == 2);
    CHECK(a.health() == "ok");
  }
  must(a.commit(4, Sync::kFull));
  CHECK(a.seen() == 6);
  CHECK(a.health() == "ok");
}

}  // namespace
}  // namespace lanyard::storage
