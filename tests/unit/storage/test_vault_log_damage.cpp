#include <fstream>

#include "storage/sqlite.hpp"
#include "tests/unit/storage/test_vault.hpp"

/// A row of the log that rotted: what does not hang on it is sent all the same, and a device that
/// has it whole brings it once more.
namespace lanyard::storage {
namespace {

/// Anna and ben have a space in which both wrote; carl is a member of it, and has nothing yet.
struct RotScene {
  RotScene() {
    for (VaultDevice* device : {&anna, &ben, &carl}) device->open();
    anna.options.report_condition = [this](const SpaceId&, const StoreCondition& condition) {
      conditions.push_back(condition);
    };
    anna.open();
    space = anna.create("Notes");
    for (VaultDevice* device : {&ben, &carl})
      must(anna.vault().share_space(space, device->id(), anna.wall));
    anna.write(space, put("a1", {{"n", 1}}));
    ben.pull(anna, space);
  }
  /// What anna holds of it is changed in the file, while she is away.
  void rot(const std::string& sql) {
    const fs::path file = anna.vault().file_of(space);
    anna.close();
    {
      Database database = must(Database::open(file, Database::Mode::kReadWrite, {}));
      must(database.execute(sql));
    }
    anna.open();
  }
  /// Where the row lies that was added last.
  [[nodiscard]] std::string newest_row() {
    const json rows = rows_of(anna.vault().file_of(space), "SELECT max(position) FROM lanyard_log");
    return std::to_string(rows[0][0].get<int>());
  }
  /// A page in the middle of the row's body is all zero, so that SQLite cannot read it either.
  void cut_body(const std::string& row) {
    const fs::path file = anna.vault().file_of(space);
    // Bytes that are nowhere else in the file.
    rot("UPDATE lanyard_log SET body = randomblob(60000) WHERE position = " + row);
    anna.close();
    const json body =
        rows_of(file, "SELECT substr(body, 12001, 64) FROM lanyard_log WHERE position = " + row);
    const auto part = body[0][0].get<std::string>();
    REQUIRE(part.size() == 64);
    std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
    const std::string all{std::istreambuf_iterator<char>(bytes), {}};
    const auto page_size = static_cast<std::size_t>(static_cast<std::uint8_t>(all[16])) << 8U;
    const std::size_t at = all.find(part);
    REQUIRE(at != std::string::npos);
    bytes.clear();
    bytes.seekp(static_cast<std::streamoff>(at / page_size * page_size));
    bytes << std::string(page_size, '\0') << std::flush;
    bytes.close();
    anna.open();
  }
  void rot_body(const std::string& row) {
    rot("UPDATE lanyard_log SET body = x'0100C1' WHERE position = " + row);
  }
  /// What the engine does when a peer refuses what it was sent.
  void check() {
    must(anna.vault().space(space))->check_log();
    finish_upkeep(anna);
  }
  /// Comes upon what is damaged, without the check: to seal a row it has to be opened.
  void read() { must(must(anna.vault().space(space))->read_log(0, {}, 1 << 20, true)); }
  /// What a peer that holds it whole sends, when it is asked for what is damaged.
  void mend_from(VaultDevice& other) {
    VectorClock held = anna.clock(space);
    for (const auto& [log, head] : damage().before) {
      held.erase(log);
      if (head.seq > Seq{}) held[log] = head;
    }
    LogSlice slice;
    while (!slice.at_end) {
      slice = must(must(other.vault().space(space))->read_log(slice.next, held, 1 << 20, false));
      for (const Bytes& pack : slice.packs) must(must(anna.vault().space(space))->mend_log(pack));
    }
  }
  [[nodiscard]] LogDamage damage() { return must(anna.vault().space(space))->log_damage(); }
  [[nodiscard]] std::string trouble() {
    const auto all = anna.vault().troubles();
    const auto found = all.find(space);
    return found == all.end() ? "" : found->second.error.detail;
  }
  [[nodiscard]] Hash state(VaultDevice& device) {
    return must(must(device.vault().space(space))->state_hash());
  }
  [[nodiscard]] json keys(VaultDevice& device) {
    return rows_of(device.vault().file_of(space),
                   "SELECT key FROM lanyard_records WHERE key <> 'info' ORDER BY key");
  }

  VaultDevice anna;
  VaultDevice ben;
  VaultDevice carl;
  SpaceId space;
  std::vector<StoreCondition> conditions;
};

}  // namespace

TEST_CASE("what does not hang on a damaged row is sent, and no more") {
  RotScene scene;
  scene.ben.write(scene.space, put("b1", {{"n", 1}}));
  scene.anna.pull(scene.ben, scene.space);
  scene.rot_body(scene.newest_row());
  // She has seen what ben wrote: what she writes now cannot be understood without it.
  scene.anna.write(scene.space, put("a2", {{"n", 2}}));
  CHECK(scene.trouble().empty());
  scene.check();
  CHECK(scene.damage().rows.size() == 1);
  CHECK(scene.trouble().find("is damaged, the row of change") != std::string::npos);
  REQUIRE(scene.conditions.size() == 1);
  CHECK(scene.conditions.front().damaged == scene.damage().before);
  scene.carl.pull(scene.anna, scene.space);
  CHECK(scene.keys(scene.carl) == json::parse(R"([["a1"]])"));
  CHECK(scene.keys(scene.anna) == json::parse(R"([["a1"], ["a2"], ["b1"]])"));

  SECTION("it is known after a restart too, and found before somebody asks") {
    scene.anna.open();
    finish_upkeep(scene.anna);
    CHECK(scene.trouble().find("is damaged, the row of change") != std::string::npos);
    CHECK(scene.conditions.size() == 2);
  }
  SECTION("somebody who has it whole brings it, and everything is sent again") {
    scene.mend_from(scene.ben);
    CHECK(scene.damage() == LogDamage{});
    CHECK(scene.trouble().empty());
    CHECK(scene.conditions.back().damaged.empty());
    scene.carl.pull(scene.anna, scene.space);
    CHECK(scene.state(scene.carl) == scene.state(scene.anna));
    scene.anna.open();
    finish_upkeep(scene.anna);
    CHECK(scene.trouble().empty());
  }
  SECTION("somebody who does not have it brings nothing, and harms nothing") {
    scene.mend_from(scene.carl);
    CHECK(scene.damage().rows.size() == 1);
  }
}

TEST_CASE("what was written by one who had not seen the damaged change is sent") {
  RotScene scene;
  scene.anna.write(scene.space, put("a2", {{"n", 2}}));
  const std::string row = scene.newest_row();
  scene.ben.write(scene.space, put("b1", {{"n", 1}}));
  scene.anna.pull(scene.ben, scene.space);
  scene.rot_body(row);
  scene.check();
  CHECK(scene.damage().rows.size() == 1);
  scene.carl.pull(scene.anna, scene.space);
  CHECK(scene.keys(scene.carl) == json::parse(R"([["a1"], ["b1"]])"));
}

TEST_CASE("a damaged row is put right by a peer whose packs end elsewhere") {
  RotScene scene;
  for (int i = 0; i < 40; ++i)
    scene.anna.write(scene.space, put("n" + std::to_string(i), {{"n", i}}));
  scene.ben.pull(scene.anna, scene.space);
  for (int i = 40; i < 390; ++i)
    scene.anna.write(scene.space, put("n" + std::to_string(i), {{"n", i}}));
  const std::string row = scene.newest_row();
  scene.anna.write(scene.space, put("n390", {{"n", 390}}));
  const std::string next_row = scene.newest_row();
  for (int i = 391; i < 400; ++i)
    scene.anna.write(scene.space, put("n" + std::to_string(i), {{"n", i}}));
  scene.ben.pull(scene.anna, scene.space);
  finish_upkeep(scene.ben);  // which joins the runs into packs
  for (int i = 400; i < 420; ++i)
    scene.anna.write(scene.space, put("n" + std::to_string(i), {{"n", i}}));
  scene.ben.pull(scene.anna, scene.space);
  scene.rot_body(row);
  scene.check();
  CHECK(scene.damage().rows.size() == 1);
  SECTION("the rows behind it are packed anew with it") {
    scene.mend_from(scene.ben);
    CHECK(scene.damage().rows.empty());
    scene.carl.pull(scene.anna, scene.space);
    CHECK(scene.state(scene.carl) == scene.state(scene.ben));
    finish_upkeep(scene.anna);
    CHECK(scene.state(scene.carl) == scene.state(scene.anna));
  }
  SECTION("one of these turns out to be one that SQLite cannot read") {
    scene.cut_body(next_row);
    scene.mend_from(scene.ben);
    CHECK(scene.damage().rows.size() == 2);
    scene.carl.pull(scene.anna, scene.space);
  }
}

TEST_CASE("a row that says something wrong of what it holds is put right by itself") {
  RotScene scene;
  const std::string row = scene.newest_row();
  scene.anna.write(scene.space, put("a2", {{"n", 2}}));
  // No number; a log that is not there; no change; changes from 0 on; fewer than there are; none.
  const std::string what =
      GENERATE("hashes = x'ff'", "logs = x'ff'", "logs = x'400101'", "logs = x'000100'",
               "logs = x'000001'", "logs = x'0001ffffffffffffffffff01'", "logs = x''");
  CAPTURE(what);
  scene.rot("UPDATE lanyard_log SET " + what + " WHERE position = " + row);
  SECTION("after somebody came upon it") { scene.carl.pull(scene.anna, scene.space); }
  SECTION("before") {}
  scene.check();
  CHECK(scene.damage().rows.empty());
  scene.carl.pull(scene.anna, scene.space);
  CHECK(scene.state(scene.carl) == scene.state(scene.anna));
}

TEST_CASE("a row of which nothing says what it holds ends no agent") {
  RotScene scene;
  scene.anna.write(scene.space, put("a2", {{"n", 2}}));
  const std::string row = scene.newest_row();
  scene.rot("UPDATE lanyard_log SET logs = x'400101' WHERE position = " + row +
            "; UPDATE lanyard_log_index SET first = 700 WHERE position = " + row);
  SECTION("its body says it") {
    scene.check();
    CHECK(scene.damage().rows.empty());
    scene.carl.pull(scene.anna, scene.space);
    CHECK(scene.state(scene.carl) == scene.state(scene.anna));
  }
  SECTION("when it is sent") {
    scene.carl.pull(scene.anna, scene.space);
    CHECK(scene.state(scene.carl) == scene.state(scene.anna));
  }
  SECTION("its body is damaged too") {
    scene.rot_body(row);
    const auto slice = must(scene.anna.vault().space(scene.space))->read_log(0, {}, 1 << 20, false);
    REQUIRE(!slice);
    CHECK(slice.error().is(Code::kCorrupt));
    scene.check();
    CHECK(scene.damage().rows.size() == 1);
    scene.anna.write(scene.space, put("a3", {{"n", 3}}));
    scene.mend_from(scene.ben);
    CHECK(scene.damage().rows.size() == 1);
  }
}

TEST_CASE("a row that SQLite cannot read is a damaged one") {
  RotScene scene;
  scene.ben.write(scene.space, put("b1", {{"n", 1}}));
  scene.anna.write(scene.space, put("a2", {{"n", 2}}));
  const std::string row = scene.newest_row();
  scene.anna.pull(scene.ben, scene.space);
  scene.cut_body(row);
  SECTION("for one who is sent the rest") {
    scene.carl.pull(scene.anna, scene.space);
    CHECK(scene.keys(scene.carl) == json::parse(R"([["a1"], ["b1"]])"));
  }
  SECTION("for the check") { scene.check(); }
  SECTION("for one who asks what was changed") {
    const auto touched =
        must(must(scene.anna.vault().space(scene.space))->touched_since({}, 1'000'000));
    CHECK(!touched.all);
    scene.check();
  }
  CHECK(scene.damage().rows.size() == 1);
  CHECK(scene.trouble().find("is damaged, the row of change") != std::string::npos);
  // It is known after a restart too, and keeps nobody from the space.
  scene.anna.open();
  finish_upkeep(scene.anna);
  CHECK(scene.damage().rows.size() == 1);
  scene.anna.write(scene.space, put("a3", {{"n", 3}}));
  CHECK(scene.keys(scene.anna) == json::parse(R"([["a1"], ["a2"], ["a3"], ["b1"]])"));
  scene.mend_from(scene.ben);
  CHECK(scene.damage().rows.size() == 1);
}

TEST_CASE("a setting that names a row that SQLite cannot read keeps nobody from the space") {
  RotScene scene;
  scene.anna.write(scene.space, put("a2", {{"n", 2}}));
  const std::string row = scene.newest_row();
  scene.rot_body(row);
  scene.check();
  scene.cut_body(row);
  finish_upkeep(scene.anna);
  CHECK(scene.damage().rows.size() == 1);
  scene.anna.write(scene.space, put("a3", {{"n", 3}}));
}

TEST_CASE("what is damaged is asked for from the beginning where no hash says what is held") {
  RotScene scene;
  scene.anna.write(scene.space, put("a2", {{"n", 2}}));
  const std::string before = scene.newest_row();
  scene.anna.write(scene.space, put("a3", {{"n", 3}}));
  const std::string row = scene.newest_row();
  scene.ben.pull(scene.anna, scene.space);
  scene.rot("UPDATE lanyard_log SET hashes = x'ff' WHERE position = " + before);
  scene.rot_body(row);
  scene.read();
  REQUIRE(scene.damage().rows.size() == 1);
  REQUIRE(scene.damage().before.size() == 1);
  CHECK(scene.damage().before.begin()->second == Head{});
  scene.mend_from(scene.ben);
  CHECK(scene.damage() == LogDamage{});
}

TEST_CASE("rows that are found damaged one after the other, the last of them first") {
  RotScene scene;
  std::vector<std::string> rows;
  for (VaultDevice* device : {&scene.ben, &scene.anna}) {
    device->write(scene.space, put("x" + std::to_string(rows.size()), {{"n", 1}}));
    if (device == &scene.ben) scene.anna.pull(scene.ben, scene.space);
    rows.push_back(scene.newest_row());
  }
  scene.anna.write(scene.space, put("x2", {{"n", 2}}));
  scene.ben.pull(scene.anna, scene.space);
  for (const std::string& row : {rows[1], rows[0]}) {
    scene.rot_body(row);
    scene.read();
  }
  CHECK(scene.damage().rows.size() == 2);
  VaultDevice dora;
  dora.open();
  must(scene.ben.vault().share_space(scene.space, dora.id(), scene.ben.wall));
  scene.anna.pull(scene.ben, scene.space);
  dora.pull(scene.anna, scene.space);
  CHECK(scene.keys(dora) == json::parse(R"([["a1"]])"));
  scene.mend_from(scene.ben);
  CHECK(scene.damage() == LogDamage{});
  dora.pull(scene.anna, scene.space);
  CHECK(scene.state(dora) == scene.state(scene.anna));
}

}  // namespace lanyard::storage
