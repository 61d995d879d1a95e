#include <fstream>

#include "storage/sqlite.hpp"
#include "storage/wal_damage.hpp"
#include "tests/unit/storage/test_vault.hpp"

/// Files that hold less than what was acknowledged: it is said, and comes back from where it is.
namespace lanyard::storage {
namespace {

constexpr std::size_t kWalHeader = 32;
constexpr std::size_t kFrameHeader = 24;

fs::path wal_of(const fs::path& file) { return fs::path(file) += "-wal"; }

/// Up to the end of its last frame. What lies behind is room for the frames that follow.
std::uintmax_t written_of(const fs::path& wal) {
  std::ifstream in(wal, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(in), {}};
  constexpr std::size_t kFrame = kFrameHeader + 4096;
  std::size_t end = kWalHeader;
  while (end + kFrame <= bytes.size() && bytes.compare(end + 8, 8, bytes, 16, 8) == 0)
    end += kFrame;
  return end;
}

void rot(const fs::path& file, std::size_t at) {
  std::fstream both(file, std::ios::binary | std::ios::in | std::ios::out);
  REQUIRE(both.seekg(static_cast<std::streamoff>(at)));
  const int byte = both.get();
  REQUIRE(byte >= 0);
  both.seekp(static_cast<std::streamoff>(at));
  both.put(static_cast<char>(byte ^ 0x20));
}

/// Two devices with a space, of which both hold what the first one wrote.
struct LossScene {
  LossScene() {
    a.open();
    b.open();
    space = a.create("Notes");
    must(a.vault().share_space(space, b.id(), a.wall));
    a.write(space, put("n1", {{"n", 1}}));
    b.pull(a, space);
  }
  [[nodiscard]] fs::path file() { return a.vault().file_of(space); }
  /// What an agent does when it starts.
  void start() {
    a.open();
    finish_upkeep(a);
  }
  [[nodiscard]] std::string trouble() {
    const auto all = a.vault().troubles();
    const auto found = all.find(space);
    return found == all.end() ? "" : found->second.error.detail;
  }
  [[nodiscard]] bool is_equal() {
    const Hash ours = must(must(a.vault().space(space))->state_hash());
    return ours == must(must(b.vault().space(space))->state_hash());
  }
  [[nodiscard]] std::size_t told(const std::string& words) const {
    return static_cast<std::size_t>(std::count_if(
        a.reported.begin(), a.reported.end(),
        [&](const auto& each) { return each.second.detail.find(words) != std::string::npos; }));
  }

  VaultDevice a;
  VaultDevice b;
  SpaceId space;
};

constexpr const char* kTwoLost = "2 changes that this device wrote here and acknowledged are not";

}  // namespace

TEST_CASE("changes that rotted in a WAL are told of until they came back from another device") {
  LossScene scene;
  scene.start();
  scene.a.write(scene.space, put("n2", {{"n", 2}}));
  scene.a.write(scene.space, put("n1", {{"n", 3}}));
  scene.b.pull(scene.a, scene.space);
  const fs::path file = scene.file();
  scene.a.crash();
  rot(wal_of(file), kWalHeader + kFrameHeader + 1000);
  REQUIRE(find_wal_damage(file));
  scene.start();
  CHECK(scene.trouble().rfind(kTwoLost, 0) == 0);
  CHECK(scene.told(kTwoLost) == 1);
  CHECK_FALSE(find_wal_damage(file));
  // A write begins a new log, whose mark takes the other one's place: it is known all the same.
  scene.a.write(scene.space, put("n4", {{"n", 4}}));
  scene.start();
  CHECK(scene.trouble().rfind(kTwoLost, 0) == 0);
  CHECK(scene.told(kTwoLost) == 1);
  scene.a.pull(scene.b, scene.space);
  CHECK(scene.trouble().empty());
  CHECK(scene.told("came back") == 1);
  scene.b.pull(scene.a, scene.space);
  CHECK(scene.is_equal());
  scene.start();
  CHECK(scene.trouble().empty());
}

TEST_CASE("a store that rotted to nothing is told of, and filled again by another device") {
  LossScene scene;
  const fs::path file = scene.file();
  scene.a.crash();
  rot(wal_of(file), kWalHeader + kFrameHeader + 40);
  scene.start();
  CHECK(scene.trouble().find("changes that this device wrote") != std::string::npos);
  scene.a.pull(scene.b, scene.space);
  CHECK(scene.trouble().empty());
  CHECK(scene.is_equal());
}

TEST_CASE("an older copy of a data folder is told of when it is opened, not at the next write") {
  LossScene scene;
  scene.a.close();
  scene.a.copy_data("before");
  scene.start();
  scene.a.write(scene.space, put("n2", {{"n", 2}}));
  scene.a.close();
  fs::remove_all(scene.a.folder());
  fs::rename(scene.a.place("before"), scene.a.folder());
  scene.start();
  CHECK(scene.trouble().rfind("1 change that this device wrote", 0) == 0);
}

TEST_CASE("a loss that a person accepted is told of again where more is missing") {
  LossScene scene;
  const fs::path file = scene.file();
  const auto keep = [&](const char* name) {
    scene.a.close();
    fs::copy(file, scene.a.place(name));
    scene.start();
  };
  const auto put_back = [&](const char* name) {
    scene.a.close();
    fs::remove(file);
    fs::copy(scene.a.place(name), file);
    scene.start();
    must(scene.a.vault().space(scene.space));  // the copy may have the inode of what was removed
  };
  keep("oldest");
  scene.a.write(scene.space, put("n2", {{"n", 2}}));
  keep("older");
  scene.a.write(scene.space, put("n3", {{"n", 3}}));
  put_back("older");
  CHECK(scene.trouble().rfind("1 change that this device wrote", 0) == 0);
  CHECK(must(scene.a.vault().accept_loss(scene.space)) == 1);
  CHECK(scene.trouble().empty());
  put_back("older");
  CHECK(scene.trouble().empty());
  put_back("oldest");
  CHECK(scene.trouble().rfind(kTwoLost, 0) == 0);
}

TEST_CASE("spaces that rotted out of the platform file are taken in again, by their names") {
  VaultDevice device;
  device.open();
  const SpaceId home = must(device.vault().home_id(device.wall));
  const SpaceId notes = device.create("Notes");
  device.write(notes, put("n1", {{"n", 1}}));
  device.crash();
  rot(wal_of(device.platform()), kWalHeader + kFrameHeader + 1000);
  device.open();
  std::string told;
  for (const Error& warning : device.vault().warnings()) told += warning.detail + "\n";
  CHECK(told.find("the write-ahead log of platform.sqlite is damaged") != std::string::npos);
  CHECK(told.find("did not know 2 spaces") != std::string::npos);
  CHECK(must(device.vault().home_id(device.wall)) == home);
  CHECK(device.name_of(notes) == "Notes");
  device.write(notes, put("n2", {{"n", 2}}));
  CHECK(device.clock(notes).size() == 1);
  device.open();
  CHECK(device.vault().warnings().empty());
}

TEST_CASE("spaces outlive the platform file, and those that share them are known again") {
  LossScene scene;
  scene.a.close();
  fs::remove(scene.a.platform());
  scene.start();
  CHECK(scene.a.name_of(scene.space) == "Notes");
  CHECK(must(scene.a.vault().shared_with(scene.b.id())).size() == 1);
  CHECK(scene.a.vault().warnings().size() == 1);
}

TEST_CASE("a file that is no space of ours is not taken in") {
  VaultDevice device;
  device.open();
  const SpaceId space = device.create("Notes");
  const fs::path file = device.vault().file_of(space);
  device.close();
  fs::remove(device.platform());
  std::ofstream(file, std::ios::binary | std::ios::trunc) << "no database at all";
  device.open();
  CHECK(must(device.vault().spaces()).empty());
  CHECK(device.vault().warnings().empty());
  CHECK(device.reported.size() == 1);
}

TEST_CASE("a file that is gone is told of at the start, and an empty one in its place is filled") {
  LossScene scene;
  const fs::path file = scene.file();
  scene.a.close();
  fs::remove(file);
  scene.start();
  CHECK(scene.trouble() == "the file " + file.string() + " is gone");
  CHECK(scene.told("is gone") == 1);
  // As the advice has it: with the agent stopped, and started again.
  scene.a.close();
  std::ofstream(file, std::ios::binary).flush();
  scene.start();
  const auto shared = must(scene.a.vault().shared_with(scene.b.id()));
  const auto theirs = must(scene.b.vault().shared_with(scene.a.id()));
  REQUIRE(theirs.size() == 1);
  for (const SharedSpace& each : shared) CHECK(each.digest != theirs.front().digest);
  scene.a.pull(scene.b, scene.space);
  CHECK(scene.trouble().empty());
  CHECK(scene.is_equal());
}

TEST_CASE("a closed space's file holds everything, whoever has it open") {
  VaultDevice device;
  device.open();
  const SpaceId space = device.create("Notes");
  device.write(space, put("n1", {{"n", 1}}));
  const fs::path file = device.vault().file_of(space);
  Database reader = must(Database::open(file, Database::Mode::kReadOnly, {}));
  CHECK(must(reader.number("SELECT count(*) FROM lanyard_records")) == 2);
  device.close();
  fs::create_directory(device.place("copied"));
  fs::copy(file, device.place("copied") / "alone.db");
  Database copied =
      must(Database::open(device.place("copied") / "alone.db", Database::Mode::kReadOnly, {}));
  CHECK(must(copied.number("SELECT count(*) FROM lanyard_records")) == 2);
}

TEST_CASE("every rotten byte of a WAL that hides a commit is found, and a torn end is none") {
  VaultDevice device;
  device.open();
  const SpaceId space = device.create("Notes");
  device.write(space, put("n1", {{"n", 1}}));
  const fs::path file = device.vault().file_of(space);
  device.crash();
  const fs::path wal = wal_of(file);
  const auto size = written_of(wal);
  REQUIRE_FALSE(find_wal_damage(file));
  for (std::size_t at = 0; at < size - 4096; at += 127) {
    // Not checked by SQLite either: the number of checkpoints, and the file format.
    const bool counts = at >= kWalHeader || (at >= 16 && at < kWalHeader);
    if (!counts) continue;
    rot(wal, at);
    INFO(at);
    CHECK(find_wal_damage(file));
    rot(wal, at);
  }
  fs::resize_file(wal, size - 10);
  CHECK_FALSE(find_wal_damage(file));
}

}  // namespace lanyard::storage
