#include <fstream>

#include "storage/migrations.hpp"
#include "storage/sqlite.hpp"
#include "tests/support/shim_disk.hpp"
#include "tests/unit/storage/storage_test.hpp"

namespace lanyard::storage {
namespace {

std::string bytes_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// Runs SQL on the file as a user with sqlite3 could.
void tamper(const fs::path& file, const std::string& sql) {
  Database database = must(Database::open(file, Database::Mode::kReadWrite, {}));
  must(database.execute(sql));
  must(database.checkpoint());
}

SpaceStore::Options on(const support::ShimDisk& disk) {
  SpaceStore::Options options;
  options.vfs = disk.name();
  return options;
}

SpaceStore::Options for_reading() {
  SpaceStore::Options options;
  options.read_only = true;
  return options;
}

}  // namespace

TEST_CASE("after a failed sync nothing is acknowledged until the file is opened again") {
  support::ShimDisk disk("failing-sync");
  Group group(2);
  Device& a = group[0];
  a.write(put("kept", {{"n", 1}}));
  a.open(on(disk));
  const VectorClock before = a.clock();
  disk.fail_syncs_of("-wal");
  CHECK(code_of(a.try_write({put("lost", {{"n", 2}})})) == Code::kInputOutput);
  CHECK(a.clock() == before);
  CHECK(a.store().state().durable == before);
  disk.fail_syncs_of("");
  CHECK(code_of(a.try_write({put("lost", {{"n", 3}})})) == Code::kInputOutput);
  CHECK(code_of(a.store().make_durable()) == Code::kInputOutput);
  CHECK(code_of(a.store().apply({}, a.wall)) == Code::kInputOutput);

  a.close();
  must(rescue(a.file(), a.ports()));
  CHECK(fs::exists(a.file().string() + ".broken"));
  a.open();
  CHECK_FALSE(a.store().state().own_log.has_value());
  a.write(put("after", {{"n", 4}}));
  CHECK(rows_of(a.file(), "SELECT count(*) FROM lanyard_records WHERE key IN ('kept','after')") ==
        json::parse("[[2]]"));
  CHECK(a.check().differences.empty());
  group.sync();
  CHECK(group[0].state_hash() == group[1].state_hash());
}

TEST_CASE("a rescue that was cut short after its copy was whole is ended at the next start") {
  Group group(1);
  Device& a = group[0];
  a.write(put("n", {{"n", 1}}));
  const std::string before = a.state_hash();
  a.close();
  fs::copy_file(a.file(), a.file().string() + ".rescued");
  a.open();
  CHECK(a.state_hash() == before);
  CHECK_FALSE(fs::exists(a.file().string() + ".rescued"));
}

TEST_CASE(
    "a full disk refuses what is new, keeps what is there, and can be used when there is room") {
  support::ShimDisk disk("full-disk");
  Group group(2);
  Device& a = group[0];
  a.open(on(disk));
  a.write(put("kept", {{"n", 1}}));
  const std::string before = a.state_hash();
  disk.be_full(true);
  const auto refused = a.try_write({put("new", {{"text", std::string(100'000, 'x')}}, "fresh")});
  CHECK(code_of(refused) == Code::kDiskFull);
  CHECK_FALSE(refused.error().fix.empty());
  CHECK(a.state_hash() == before);
  group[1].write(put("theirs", {{"n", 2}}));
  const LogSlice slice = must(group[1].store().read_log(0, a.clock(), 1 << 20, false));
  CHECK(code_of(a.take(slice.packs)) == Code::kDiskFull);
  disk.be_full(false);
  must(a.take(slice.packs));
  a.write(put("new", {{"n", 3}}, "fresh"));
  CHECK(a.check().differences.empty());
}

TEST_CASE("what was merged is durable only after a commit that was synced") {
  support::ShimDisk disk("counting");
  Group group(2);
  Device& b = group[1];
  b.open(on(disk));
  b.write(put("before", {{"n", 1}}));  // a fresh WAL has its header synced, whatever is committed
  group[0].write(put("n", {{"n", 1}}));
  disk.reset();
  b.pull(group[0]);
  CHECK(disk.syncs("-wal") == 0);
  CHECK_FALSE(b.store().state().durable == b.clock());
  must(b.store().make_durable());
  CHECK(disk.syncs("-wal") == 1);
  CHECK(b.store().state().durable == b.clock());
  must(b.store().make_durable());
  CHECK(disk.syncs("-wal") == 1);
  // A refused write commits nothing, and makes nothing durable.
  group[0].write(put("m", {{"n", 1}}));
  b.pull(group[0]);
  CHECK_FALSE(b.try_write({remove("nothing")}).has_value());
  CHECK_FALSE(b.store().state().durable == b.clock());
  b.write(put("own", {{"n", 1}}));
  CHECK(b.store().state().durable == b.clock());
}

TEST_CASE("one write is one sync, and sixteen that wait together are one too") {
  support::ShimDisk disk("few-syncs");
  Group group(1);
  Device& a = group[0];
  a.open(on(disk));
  a.write(put("first", {{"n", 0}}));
  disk.reset();
  a.write(put("n", {{"n", 1}}));
  CHECK(disk.syncs("-wal") == 1);
  std::vector<LocalChange> waiting;
  waiting.reserve(16);
  for (int i = 0; i < 16; ++i) waiting.push_back({{put("w" + std::to_string(i), {{"n", i}})}});
  const WriteOutcome outcome = a.store().write(waiting, a.wall);
  CHECK(outcome.runs.size() == 1);
  CHECK(disk.syncs("-wal") == 2);
}

TEST_CASE("a file of a newer version, of another space or of another program is left alone") {
  Group group(1);
  Device& a = group[0];
  a.write(put("n", {{"n", 1}}));
  a.close();
  tamper(a.file(), "PRAGMA user_version = 999");
  const std::string before = bytes_of(a.file());
  CHECK(code_of(a.try_open()) == Code::kNewerVersion);
  CHECK(bytes_of(a.file()) == before);
  CHECK_FALSE(fs::exists(a.file().string() + "-wal"));
  tamper(a.file(), "PRAGMA user_version = " + std::to_string(schema_version()));
  Device other("b", a.file(), SpaceId{});
  CHECK(code_of(other.try_open()) == Code::kWrongSpace);
  std::ofstream(a.file(), std::ios::binary) << std::string(5000, 'g');
  CHECK(code_of(a.try_open()) == Code::kCorrupt);
  CHECK(bytes_of(a.file()) == std::string(5000, 'g'));
}

TEST_CASE("a store that is opened for reading only refuses to write") {
  Group group(1);
  Device& a = group[0];
  a.write(put("n", {{"n", 1}}));
  const std::string before = a.state_hash();
  a.open(for_reading());
  CHECK(a.state_hash() == before);
  CHECK(code_of(a.try_write({put("m", {{"n", 1}})})) == Code::kReadOnly);
  CHECK(code_of(a.store().make_durable()) == Code::kReadOnly);
}

TEST_CASE("rows that we did not write are found, and answered with an error") {
  Group group(1);
  Device& a = group[0];
  a.write(put("n", {{"n", 1}}));
  a.write(put("m", {{"n", 1}}));
  a.close();
  tamper(a.file(), "UPDATE lanyard_records SET dots = x'FF00' WHERE key = 'n'");
  a.open();
  CHECK(code_of(a.try_write({patch("n", {{"n", 2}})})) == Code::kCorrupt);
  CHECK(code_of(a.store().state_hash()) == Code::kCorrupt);
  a.write(patch("m", {{"n", 2}}));
  const CheckReport report = a.check();
  REQUIRE(report.differences.size() == 1);
  CHECK(report.differences[0].find("lanyard_records") != std::string::npos);
  a.close();
  tamper(a.file(), "UPDATE lanyard_log SET body = x'0100C1' WHERE position = 2");
  const CheckReport broken =
      must(check_rebuild(a.file(), a.space(), a.ports(), a.file().parent_path(), {}));
  REQUIRE(broken.differences.size() == 1);
  CHECK(broken.differences[0].rfind("lanyard_log, the row of change 3 of ", 0) == 0);
}

TEST_CASE("a change of a newer version is kept, forwarded and without effect") {
  Group group(2);
  Device& a = group[0];
  Device writer("c", group.folder() / "c.db", a.space());
  must(a.store().admit(writer.id(), a.wall));
  writer.open();
  writer.pull(a);
  writer.write(put("n", {{"n", 1}}));
  const SpaceState state = writer.store().state();
  auto cipher = writer.ports().ciphers.make();
  oplog::AuthorState from;
  from.log = state.own_log;
  from.head = state.own_head;
  from.epoch = state.grants.back().first;
  must(cipher->take_grant(from.epoch, state.grants.back().second));
  oplog::Author author(a.space(), writer.ports().signer, writer.ports().hasher, *cipher, from);
  author.begin(state.log.clock(), WallTime{2'000'000'000'000});
  must(author.add(Bytes{0, 0x91, 0x92, 16, 0xC0}));  // an op of the kind kTreeMove
  must(author.add(Bytes{7, 1, 2, 3}));               // an encoding of another time
  must(author.add(Bytes{0, 0x91, 0x01}));            // no op at all
  const Bytes pack = author.finish();

  a.pull(writer);
  const ApplyOutcome outcome = must(a.take({pack}));
  CHECK(outcome.without_effect == 3);
  group[1].pull(a);
  const std::vector<WithoutEffect> expected{{writer.id(), oplog::Effect::kUnknownKind, 2},
                                            {writer.id(), oplog::Effect::kBadPayload, 1}};
  for (Device* device : {&a, &group[1]}) {
    CHECK(must(device->store().without_effect()) == expected);
    CHECK(device->clock().at(*state.own_log).seq.value == state.own_head.seq.value + 3);
    CHECK(device->check().differences.empty());
  }
  CHECK(a.state_hash() == group[1].state_hash());
}

}  // namespace lanyard::storage
