// Files from before it was counted how often a part of a large value may be used.
#include <fstream>

#include "storage/sqlite.hpp"
#include "tests/support/shim_disk.hpp"
#include "tests/unit/storage/large_values.hpp"

namespace lanyard::storage {
namespace {

/// What the WAL of an open file has grown to.
std::uintmax_t wal_bytes_of(const Device& device) {
  return fs::file_size(device.file().string() + "-wal");
}

/// Takes the file back to version 7 of its schema, where the number stood with each part.
void make_version_7(const fs::path& file) {
  Database database = must(Database::open(file, Database::Mode::kReadWrite, {}));
  must(
      database.execute("UPDATE lanyard_chunks AS c SET unused = coalesce((SELECT u.unused FROM "
                       "lanyard_chunk_uses u WHERE u.log = c.log AND u.hash = c.hash AND u.part = "
                       "c.part), 0); DROP TABLE lanyard_chunk_uses; DROP TABLE "
                       "lanyard_chunk_count; PRAGMA user_version = 7"));
  must(database.checkpoint());
}

json uses_in(Device& device) {
  return rows_of(device.file(),
                 "SELECT hex(hash), part, unused FROM lanyard_chunk_uses ORDER BY hash, part");
}
json named_in(Device& device) {
  return rows_of(device.file(), "SELECT key FROM lanyard_records WHERE key > 'n' ORDER BY key");
}

/// One device has taken packs of large values with a program from before they were counted; another
/// takes the same with that of today.
struct OldFile {
  OldFile() : group(3), writer(writing_here(group)), x(group[1], 'x') {}
  Device& old() { return group[0]; }
  Device& today() { return group[2]; }
  /// Both take these; the old file is closed then.
  void had(const std::vector<Bytes>& packs) {
    must(old().take(packs));
    must(today().take(packs));
    old().close();
    make_version_5(old().file());
  }
  void both_take(const Bytes& pack) {
    must(old().take({pack}));
    must(today().take({pack}));
  }
  void check_same() {
    CHECK(old().state_hash() == today().state_hash());
    CHECK(uses_in(old()) == uses_in(today()));
    CHECK(old().check().differences.empty());
  }

  Group group;
  Namer writer;
  Large x;
};

/// A page in the middle of the body of a row is all zero, so that SQLite cannot read it.
void cut_body(const fs::path& file, const std::string& row) {
  {
    Database database = must(Database::open(file, Database::Mode::kReadWrite, {}));
    must(database.execute("UPDATE lanyard_log SET body = randomblob(60000) WHERE position = " +
                          row));
  }
  const json body =
      rows_of(file, "SELECT substr(body, 12001, 64) FROM lanyard_log WHERE position = " + row);
  const auto part = body[0][0].get<std::string>();
  std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
  const std::string all{std::istreambuf_iterator<char>(bytes), {}};
  const std::size_t at = all.find(part);
  REQUIRE(at != std::string::npos);
  bytes.clear();
  bytes.seekp(static_cast<std::streamoff>(at / 4096 * 4096));
  bytes << std::string(4096, '\0') << std::flush;
}

}  // namespace

TEST_CASE("a file of before is counted when it is opened: what came half comes whole") {
  Group group(3);
  Namer writer(writing_here(group));
  const Large x(group[1], 'x');
  const std::vector<Bytes> packs{writer.pack({x.whole()}), writer.pack({{x.named("n1")}}),
                                 writer.pack({x.whole()}),
                                 writer.pack({{x.named("n2")}}),  // after the update
                                 writer.pack({{x.named("n3")}})};
  must(group[0].take({packs[0], packs[1], packs[2]}));
  group[0].close();
  make_version_5(group[0].file());
  CHECK(group[0].check().differences.empty());
  group[0].open();
  CHECK(group[0].store().take_notes().empty());
  must(group[0].take({packs[3], packs[4]}));
  must(group[2].take(packs));
  CHECK(group[0].state_hash() == group[2].state_hash());
  CHECK(group[0].check().differences.empty());
  CHECK(rows_of(group[0].file(), "SELECT count(*) FROM lanyard_records WHERE key > 'n'")[0][0] ==
        2);
}

TEST_CASE("to count the parts of an old file writes none of them anew") {
  OldFile scene;
  std::vector<Bytes> packs;
  for (const char letter : std::string("abcdefghijklmnopqrst")) {
    const Large value(scene.group[1], letter);
    packs.push_back(scene.writer.pack({value.whole()}));
    packs.push_back(scene.writer.pack({{value.named(std::string("n") + letter)}}));
  }
  packs.push_back(scene.writer.pack({scene.x.whole()}));
  scene.had(packs);
  scene.old().open();
  CHECK(wal_bytes_of(scene.old()) < 300'000);  // 8.4 MB of parts lie in the file
  scene.both_take(scene.writer.pack({{scene.x.named("nx")}}));
  scene.check_same();
}

TEST_CASE("a part that is used is not written again") {
  Group group(3);
  Namer mallory(writing_here(group));
  std::vector<Large> values;
  for (const char letter : std::string("abcdefghij")) values.emplace_back(group[1], letter);
  // The last part of each is missing: what names it uses up the others, and has no effect.
  for (const Large& each : values) {
    const std::vector<oplog::Op> parts{each.part(0), each.part(1)};
    must(group[0].take({mallory.pack({parts, parts})}));
  }
  group[0].open();
  for (const Large& each : values) must(group[0].take({mallory.pack({{each.named("n")}})}));
  CHECK(wal_bytes_of(group[0]) < 500'000);  // the parts are 4 MB
  const json left = uses_in(group[0]);
  REQUIRE(left.size() == 20);
  CHECK(left[0][2] == 1);
  CHECK(group[0].check().differences.empty());
}

TEST_CASE("counting that was cut short anywhere goes on at the next opening") {
  OldFile scene;
  std::vector<Bytes> packs;
  for (int i = 0; i < 45; ++i) {  // 18 MB, so that it takes several pieces
    packs.push_back(scene.writer.pack({scene.x.whole()}));
    if (i % 3 != 0) packs.push_back(scene.writer.pack({{scene.x.named("n" + std::to_string(i))}}));
  }
  scene.had(packs);
  const fs::path before = scene.group.folder() / "before.db";
  fs::copy_file(scene.old().file(), before);
  const json counted = uses_in(scene.today());
  REQUIRE(counted[0][2] == 15);
  support::ShimDisk disk("cut-short");
  SpaceStore::Options options;
  options.vfs = disk.name();
  std::set<json> reached;
  bool is_over = false;
  for (long writes = 0; !is_over; ++writes) {
    REQUIRE(writes < 500);
    fs::copy_file(before, scene.old().file(), fs::copy_options::overwrite_existing);
    disk.be_full_after(writes);
    auto store = scene.old().try_open(options);
    // As a process that is killed leaves it.
    for (const char* ending : {"", "-wal"})
      if (fs::exists(scene.old().file().string() + ending))
        fs::copy_file(scene.old().file().string() + ending,
                      (scene.group.folder() / "killed.db").string() + ending,
                      fs::copy_options::overwrite_existing);
    if (store) {
      const json place = rows_of(scene.old().file(), "SELECT position FROM lanyard_chunk_count");
      reached.insert(place);
      is_over = place.empty();
    }
    disk.be_full(false);
    store = fail(Code::kNotFound, "");
    for (const char* ending : {"", "-wal"}) {
      const std::string killed = (scene.group.folder() / "killed.db").string() + ending;
      if (fs::exists(killed)) fs::rename(killed, scene.old().file().string() + ending);
    }
    scene.old().open();
    CHECK(uses_in(scene.old()) == counted);
    scene.old().close();
  }
  CHECK(reached.size() > 2);
}

TEST_CASE("on a full disk an old file is opened, and nothing is merged before it is counted") {
  OldFile scene;
  scene.had({scene.writer.pack({scene.x.whole()})});
  scene.old().open();
  scene.old().close();
  {
    // As a disk leaves it that had room for the new tables, and for no number.
    Database database = must(Database::open(scene.old().file(), Database::Mode::kReadWrite, {}));
    must(
        database.execute("DELETE FROM lanyard_chunk_uses; INSERT INTO lanyard_chunk_count VALUES "
                         "(1, 0, 0)"));
  }
  support::ShimDisk disk("full-when-opened");
  SpaceStore::Options options;
  options.vfs = disk.name();
  disk.be_full(true);
  scene.old().open(options);
  const Bytes named = scene.writer.pack({{scene.x.named("n1")}});
  CHECK(code_of(scene.old().take({named})) == Code::kDiskFull);
  disk.be_full(false);
  scene.both_take(named);
  scene.both_take(scene.writer.pack({{scene.x.named("n2")}}));
  scene.check_same();
  scene.old().close();
}

TEST_CASE("a damaged row takes nothing from what is honest, and all is counted once it is whole") {
  OldFile scene;
  const Bytes sent = scene.writer.pack({scene.x.whole()});
  scene.had(
      {sent, scene.writer.pack({scene.x.whole()}), scene.writer.pack({{scene.x.named("n1")}})});
  const std::string row =
      rows_of(scene.old().file(), "SELECT max(position) - 2 FROM lanyard_log")[0][0].dump();
  SECTION("that says something else") {
    Database database = must(Database::open(scene.old().file(), Database::Mode::kReadWrite, {}));
    must(database.execute("UPDATE lanyard_log SET body = x'0100C1' WHERE position = " + row));
  }
  SECTION("in which one byte of a part is another") {
    Database database = must(Database::open(scene.old().file(), Database::Mode::kReadWrite, {}));
    must(
        database.execute("UPDATE lanyard_log SET body = CAST(substr(body, 1, 300000) || x'00' || "
                         "substr(body, 300002) AS BLOB) WHERE position = " +
                         row));
  }
  SECTION("that SQLite cannot read") { cut_body(scene.old().file(), row); }
  scene.old().open();
  const auto notes = scene.old().store().take_notes();
  REQUIRE(notes.size() == 1);
  CHECK(notes[0].find("1 damaged row") != std::string::npos);
  CHECK(scene.old().store().log_damage().rows.size() == 1);
  scene.both_take(scene.writer.pack({{scene.x.named("n2")}}));
  CHECK(named_in(scene.old()) == named_in(scene.today()));
  must(scene.old().store().mend_log(sent));
  if (!scene.old().store().log_damage().rows.empty()) return;   // SQLite cannot remove it either
  scene.both_take(scene.writer.pack({{scene.x.named("n3")}}));  // it was sent twice
  CHECK(named_in(scene.old()) == json::parse(R"([["n1"],["n2"]])"));
  scene.check_same();
}

TEST_CASE("a file that had its numbers with the parts has them beside them now") {
  OldFile scene;
  const std::vector<Bytes> packs{scene.writer.pack({scene.x.whole(), scene.x.whole()}),
                                 scene.writer.pack({{scene.x.named("n1")}})};
  must(scene.old().take(packs));
  must(scene.today().take(packs));
  scene.old().close();
  make_version_7(scene.old().file());
  SECTION("all of them") {}
  SECTION("some, because it was never counted") {
    Database database = must(Database::open(scene.old().file(), Database::Mode::kReadWrite, {}));
    must(database.execute("UPDATE lanyard_chunks SET unused = NULL WHERE part = 0"));
  }
  scene.old().open();
  CHECK(uses_in(scene.old()) == uses_in(scene.today()));
  scene.both_take(scene.writer.pack({{scene.x.named("n2")}}));
  scene.both_take(scene.writer.pack({{scene.x.named("n3")}}));
  scene.check_same();
}

}  // namespace lanyard::storage
