#include "storage/sqlite.hpp"
#include "tests/unit/storage/test_vault.hpp"

/// What a clock that was wrong leaves behind in the logs of its device.
namespace lanyard::storage {
namespace {

/// A device with a space in which it wrote.
struct OneWriter {
  OneWriter() {
    device.open();
    space = device.create("Notes");
    device.write(space, put("n1", {{"n", 1}}));
    log = own_log();
  }
  [[nodiscard]] LogId own_log() { return must(device.vault().space(space))->own_log().log; }
  /// Opens the store again and writes: whether the change goes into the log of before.
  [[nodiscard]] bool goes_on() {
    device.open();
    device.write(space, put("later", {{"n", 9}}));
    return own_log() == log;
  }

  VaultDevice device;
  SpaceId space;
  LogId log;
};

}  // namespace

TEST_CASE("a clock that was years ahead leaves its stamps behind once it is right") {
  constexpr std::int64_t kYear = 365LL * 24 * 60 * 60 * 1000;
  VaultDevice a;
  VaultDevice b;
  a.open();
  b.open();
  const SpaceId space = a.create("Notes");
  must(a.vault().share_space(space, b.id(), a.wall));
  a.write(space, put("n", {{"n", 1}}));
  b.pull(a, space);
  const auto own = [&] { return must(a.vault().space(space))->own_log(); };
  const LogId first = own().log;
  const WallTime right = a.wall;
  a.wall.ms += 10 * kYear;
  a.write(space, patch("n", {{"n", 2}}));
  CHECK(own().log == first);
  b.pull(a, space);
  a.wall = right;
  a.wall.ms += 1000;
  // Both edit what was written ten years ahead, and the other one a second later.
  a.write(space, patch("n", {{"n", 3}}));
  b.wall.ms = a.wall.ms + 1000;
  b.write(space, patch("n", {{"n", 4}}));
  a.pull(b, space);
  CHECK(own().log != first);
  CHECK(must(must(a.vault().space(space))->state_hash()) != Hash{});
  Database file = must(Database::open(a.vault().file_of(space), Database::Mode::kReadOnly, {}));
  Query shown(file, "SELECT value FROM lanyard_records WHERE key = 'n'");
  REQUIRE(must(shown.next()));
  CHECK(shown.text(0) == R"({"n":4})");
  // Once: the new log goes on.
  const LogId second = own().log;
  a.write(space, put("m", {{"n", 5}}));
  a.open();
  a.write(space, put("o", {{"n", 6}}));
  CHECK(own().log == second);
}

TEST_CASE("a clock that shows the time before there was any Lanyard begins no log") {
  OneWriter scene;
  scene.device.wall.ms = 1000;
  CHECK(scene.goes_on());
}

TEST_CASE("hours ahead are left alone: clocks that hold the local time are") {
  OneWriter scene;
  const WallTime right = scene.device.wall;
  scene.device.wall.ms += std::chrono::milliseconds(std::chrono::hours(23)).count();
  scene.device.write(scene.space, put("n4", {{"n", 4}}));
  scene.device.wall = right;
  CHECK(scene.goes_on());
}

}  // namespace lanyard::storage
