#include <future>
#include <latch>

#include "replication/types/limits.hpp"
#include "storage/sqlite.hpp"
#include "storage/storage_thread.hpp"
#include "tests/unit/storage/test_vault.hpp"

/// What the vault and the storage thread make of disks: syncs that are counted, that fail, and room
/// that runs out.
namespace lanyard::storage {
namespace {

/// A device on a disk that can be watched, with a space, and its storage thread.
struct DiskScene {
  explicit DiskScene(const std::string& name) : disk(name) {
    device.options.vfs = disk.name();
    device.open();
    space = device.create("Notes");
    device.write(space, put("first", {{"n", 0}}));
  }

  void start() {
    thread = std::make_unique<StorageThread>(
        device.take(), [this] { return device.wall; },
        [this](const SpaceId&, const std::shared_ptr<const WriteOutcome>& outcome) {
          runs += outcome->runs.size();
        });
  }
  std::future<Result<Written>> write(LocalOp op) {
    auto done = std::make_shared<std::promise<Result<Written>>>();
    must(thread->write(space, LocalChange{{std::move(op)}},
                       [done](Result<Written> written) { done->set_value(std::move(written)); }));
    return done->get_future();
  }
  /// Sixteen writes that wait together.
  std::vector<std::future<Result<Written>>> sixteen(int round) {
    std::latch entered(1);
    std::latch open(1);
    thread->run([&](Vault&) {
      entered.count_down();
      open.wait();
    });
    entered.wait();
    std::vector<std::future<Result<Written>>> answers;
    for (int i = 0; i < 16; ++i)
      answers.push_back(write(put("n" + std::to_string(round * 16 + i), {{"n", i}})));
    open.count_down();
    for (auto& answer : answers) answer.wait();
    return answers;
  }
  [[nodiscard]] json keys() {
    return rows_of(file_of(), "SELECT key FROM lanyard_records WHERE key <> 'info' ORDER BY key");
  }
  [[nodiscard]] fs::path file_of() const {
    const std::string id = to_text(space);
    return device.folder() / id.substr(0, 2) / (id + ".db");
  }

  support::ShimDisk disk;
  VaultDevice device;
  SpaceId space;
  std::size_t runs = 0;
  std::unique_ptr<StorageThread> thread;
};

/// More may be there: a write that failed is not known to be lost.
bool has(const json& keys, std::initializer_list<const char*> wanted) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const char* key) {
    return std::find(keys.begin(), keys.end(), json::array({key})) != keys.end();
  });
}

}  // namespace

TEST_CASE("one writer costs one sync of the space's WAL for each acknowledged write") {
  DiskScene scene("disk-one-writer");
  scene.start();
  scene.disk.reset();
  for (int i = 0; i < 40; ++i) CHECK(scene.write(put("n" + std::to_string(i), {{"n", i}})).get());
  CHECK(scene.disk.syncs("-wal") == 40);
  scene.thread.reset();
}

TEST_CASE("sixteen writers that wait cost one sync together") {
  DiskScene scene("disk-sixteen-writers");
  scene.start();
  scene.disk.reset();
  for (int round = 0; round < 5; ++round) {
    for (auto& answer : scene.sixteen(round)) CHECK(answer.get());
  }
  CHECK(scene.disk.syncs("-wal") == 5);
  scene.thread.reset();
  CHECK(scene.runs == 5);
}

TEST_CASE("the first write after a space was opened costs one more sync, of the platform file") {
  DiskScene scene("disk-first-write");
  scene.device.open();
  scene.disk.reset();
  scene.device.write(scene.space, put("n1", {{"n", 1}}));
  const std::size_t first = scene.disk.syncs("platform.sqlite-wal");
  CHECK(first >= 1);
  scene.device.write(scene.space, put("n2", {{"n", 2}}));
  CHECK(scene.disk.syncs("platform.sqlite-wal") == first);
}

TEST_CASE("after a failed sync nobody is told that a write is kept, and what was told is there") {
  DiskScene scene("disk-failed-sync");
  scene.start();
  CHECK(scene.write(put("kept", {{"n", 1}})).get());
  scene.disk.fail_syncs_of(".db-wal");
  for (auto& answer : scene.sixteen(0)) {
    const Result<Written> lost = answer.get();
    REQUIRE(!lost);
    CHECK(lost.error().is(Code::kInputOutput));
  }
  scene.disk.fail_syncs_of("");
  CHECK(scene.write(put("later", {{"n", 2}})).get());  // to a new file, in a new log
  scene.thread.reset();
  REQUIRE(scene.device.reported.size() == 2);
  CHECK(scene.device.reported[1].second.detail.find("copied") != std::string::npos);
  CHECK(fs::exists(scene.file_of() += ".broken"));
  CHECK(has(scene.keys(), {"first", "kept", "later"}));
  scene.device.open();
  CHECK(scene.device.clock(scene.space).size() == 2);
}

TEST_CASE("a file that could not be rescued can be read, refuses writes, and is rescued later") {
  DiskScene scene("disk-failed-rescue");
  scene.device.open();
  scene.device.write(scene.space, put("kept", {{"n", 1}}));
  scene.disk.fail_syncs_of(".db-wal");
  CHECK(code_of(scene.device.try_write(scene.space, put("lost", {{"n", 2}}))) ==
        Code::kInputOutput);
  scene.disk.fail_syncs_of("");
  const fs::path in_the_way = scene.file_of() += ".rescue-part";
  fs::create_directories(in_the_way / "x");
  for (int i = 0; i < 2; ++i) {
    const auto refused = scene.device.try_write(scene.space, put("lost", {{"n", 3}}));
    REQUIRE(!refused);
    CHECK(refused.error().is(Code::kReadOnly));
    CHECK(!refused.error().fix.empty());
  }
  CHECK(scene.device.clock(scene.space).size() == 1);
  scene.device.open();  // a restart does not make the file any better
  CHECK(code_of(scene.device.try_write(scene.space, put("lost", {{"n", 4}}))) == Code::kReadOnly);
  scene.device.close();
  fs::remove_all(in_the_way);
  scene.device.open();
  scene.device.write(scene.space, put("later", {{"n", 5}}));
  CHECK(scene.device.clock(scene.space).size() == 2);
  CHECK(has(scene.keys(), {"first", "kept", "later"}));
}

TEST_CASE("a file whose disk failed is copied after a restart too, before anything is written") {
  DiskScene scene("disk-failed-restart");
  scene.disk.fail_syncs_of(".db-wal");
  CHECK(!scene.device.try_write(scene.space, put("lost", {{"n", 1}})));
  scene.disk.fail_syncs_of("");
  scene.device.open();
  CHECK(!fs::exists(scene.file_of() += ".broken"));
  scene.device.write(scene.space, put("later", {{"n", 2}}));
  CHECK(fs::exists(scene.file_of() += ".broken"));
  CHECK(has(scene.keys(), {"first", "later"}));
  scene.device.open();
  scene.device.write(scene.space, put("last", {{"n", 3}}));
  CHECK(scene.device.clock(scene.space).size() == 2);
}

TEST_CASE("if the platform file cannot be synced, spaces that are clean are not written to") {
  DiskScene scene("disk-failed-platform");
  scene.device.open();
  scene.disk.fail_syncs_of("platform.sqlite-wal");
  CHECK(code_of(scene.device.try_write(scene.space, put("lost", {{"n", 1}}))) ==
        Code::kInputOutput);
  scene.disk.fail_syncs_of("");
  // What the file holds is not known: nothing more is written until it was opened again.
  CHECK(code_of(scene.device.vault().set_setting("a", "b")) == Code::kInputOutput);
  CHECK(scene.device.name_of(scene.space) == "Notes");
  scene.device.open();
  scene.device.write(scene.space, put("later", {{"n", 1}}));
  CHECK(scene.keys() == json::parse(R"([["first"], ["later"]])"));
}

TEST_CASE("a disk that is full refuses writes and takes them again when there is room") {
  DiskScene scene("disk-full");
  scene.start();
  scene.disk.be_full(true);
  const Result<Written> refused = scene.write(put("n1", {{"n", 1}})).get();
  REQUIRE(!refused);
  CHECK(refused.error().is(Code::kDiskFull));
  CHECK(!refused.error().fix.empty());
  scene.disk.be_full(false);
  CHECK(scene.write(put("n2", {{"n", 2}})).get());
  scene.thread.reset();
  CHECK(scene.device.reported.empty());
  CHECK(scene.keys() == json::parse(R"([["first"], ["n2"]])"));
}

TEST_CASE("the last of a disk is kept for deletes") {
  DiskScene scene("disk-reserve");
  std::atomic<std::uint64_t> free{0};
  constexpr std::uint64_t kTotal = 1'000'000'000;
  constexpr std::uint64_t kReserve = limits::kDiskReserveBytes + kTotal / 100;
  scene.device.options.disk_space = [&](const fs::path& folder) -> Result<DiskSpace> {
    LANYARD_CHECK(folder == scene.device.folder(), "the disk of the data folder");
    return DiskSpace{free, kTotal};
  };
  scene.device.open();
  scene.start();
  free = kReserve;
  CHECK(scene.write(put("n1", {{"n", 1}})).get());
  free = kReserve - 1;
  const Result<Written> refused = scene.write(put("n2", {{"n", 2}})).get();
  REQUIRE(!refused);
  CHECK(refused.error().is(Code::kDiskFull));
  CHECK(refused.error().detail.find("17 MiB") != std::string::npos);
  CHECK(refused.error().fix.find("Free some space") != std::string::npos);
  free = 0;
  CHECK(scene.write(remove("n1")).get());
  free = kReserve;
  CHECK(scene.write(put("n3", {{"n", 3}})).get());
  scene.thread.reset();
}

TEST_CASE("what others write does not use up the last of a disk, and comes once there is room") {
  VaultDevice anna;
  VaultDevice ben;
  std::uint64_t free = 1'000'000'000;
  constexpr std::uint64_t kReserve = limits::kDiskReserveBytes + 10'000'000;
  std::vector<bool> may_ask;
  ben.options.disk_space = [&](const fs::path&) -> Result<DiskSpace> {
    return DiskSpace{free, 1'000'000'000};
  };
  anna.open();
  const SpaceId space = anna.create("Notes");
  ben.options.report_condition = [&](const SpaceId& of, const StoreCondition& condition) {
    if (of == space) may_ask.push_back(condition.may_ask);
  };
  ben.open();
  must(anna.vault().share_space(space, ben.id(), anna.wall));
  ben.pull(anna, space);
  CHECK(may_ask.empty());

  // What was asked for before may come; nobody is asked for more.
  free = kReserve - 1;
  anna.write(space, put("n1", {{"n", 1}}));
  must(ben.try_pull(anna, space));
  CHECK(may_ask == std::vector<bool>{false});
  const Status room = ben.vault().can_write();
  REQUIRE(!room);
  CHECK(room.error().is(Code::kDiskFull));

  free = kReserve / 2 - 1;
  const VectorClock held = ben.clock(space);
  anna.write(space, put("n2", {{"n", 2}}));
  CHECK(code_of(ben.try_pull(anna, space)) == Code::kDiskFull);
  CHECK(ben.clock(space) == held);
  ben.write(space, remove("n1"));  // deletes go on

  // Somebody makes room: it is found without a write or a question.
  free = kReserve;
  CHECK(ben.vault().upkeep_within() < std::chrono::seconds(10));
  finish_upkeep(ben);
  CHECK(may_ask == std::vector<bool>{false, true});
  must(ben.try_pull(anna, space));
  CHECK(ben.clock(space) != held);
  CHECK(ben.try_write(space, put("n3", {{"n", 3}})));
}

TEST_CASE("only a disk that is full keeps others from being asked, and they hear when it is not") {
  VaultDevice anna;
  Result<DiskSpace> disk = DiskSpace{1'000'000'000, 1'000'000'000};
  std::vector<bool> may_ask;
  anna.options.disk_space = [&](const fs::path&) { return disk; };
  anna.options.report_condition = [&](const SpaceId&, const StoreCondition& condition) {
    may_ask.push_back(condition.may_ask);
  };
  anna.open();
  anna.create("Notes");
  finish_upkeep(anna);
  CHECK(anna.vault().may_ask_for_more());
  // Nothing is told when that works again, as there was room all the time.
  disk = fail(Code::kInputOutput, "statvfs");
  CHECK(anna.vault().may_ask_for_more());
  CHECK_FALSE(anna.vault().room_to_write());
  CHECK(may_ask.empty());

  disk = DiskSpace{0, 1'000'000'000};
  CHECK_FALSE(anna.vault().may_ask_for_more());
  CHECK(may_ask == std::vector<bool>{false});

  // At the moment in which there is room again nobody can say which spaces there are.
  Database other = must(Database::open(anna.platform(), Database::Mode::kReadWrite, {}));
  must(other.execute("ALTER TABLE spaces RENAME TO elsewhere"));
  disk = DiskSpace{1'000'000'000, 1'000'000'000};
  CHECK(anna.vault().may_ask_for_more());
  CHECK(may_ask == std::vector<bool>{false});
  must(other.execute("ALTER TABLE elsewhere RENAME TO spaces"));
  CHECK(anna.vault().upkeep_within() < std::chrono::seconds(10));
  finish_upkeep(anna);
  CHECK(may_ask == std::vector<bool>{false, true});
}

TEST_CASE("what a storage thread was told to do is on disk when it has ended") {
  DiskScene scene("disk-shutdown");
  scene.start();
  std::vector<std::future<Result<Written>>> answers;
  for (int i = 0; i < 100; ++i)
    answers.push_back(scene.write(put("n" + std::to_string(i), {{"n", i}})));
  scene.thread.reset();
  for (auto& answer : answers) CHECK(answer.get());
  CHECK(!fs::exists(scene.file_of() += "-wal"));
  CHECK(scene.keys().size() == 101);
  CHECK(rows_of(scene.device.platform(), "SELECT is_dirty FROM spaces") == json::parse("[[0]]"));
}

}  // namespace lanyard::storage
