#include "storage/long_reading.hpp"
#include "storage/space_reader.hpp"
#include "tests/unit/storage/storage_test.hpp"

/// What a field was before its values parted.
namespace lanyard::storage {
namespace {

struct Scene {
  explicit Scene(std::size_t count) : group(count) {}

  Device& operator[](std::size_t at) { return group[at]; }
  void write(std::size_t at, const std::string& text) {
    group[at].write(patch("n", {{"text", text}}));
  }
  /// The base of the only conflict as that device reads it, and who wrote it; "" where there is
  /// none.
  std::pair<std::string, std::string> base_at(std::size_t at) {
    Device& device = group[at];
    const auto reader = must(SpaceReader::open(device.file(), device.space(), hasher));
    const auto conflicts = must(reader->conflicts({}, 10));
    REQUIRE(conflicts.size() == 1);
    BaseQuestion question{conflicts[0].collection, conflicts[0].key, conflicts[0].field, {}};
    for (const ReadSibling& each : conflicts[0].siblings)
      question.edits.insert(question.edits.end(), each.edits.begin(), each.edits.end());
    const auto base = must(read_base(device.file(), question, {std::chrono::minutes(1), is_over}));
    if (!base) return {};
    for (std::size_t i = 0; i < group.size(); ++i)
      if (group[i].id() == base->device) return {base->json, std::to_string(i)};
    return {base->json, "nobody"};
  }
  void expect_base(const std::string& json, const std::string& by) {
    for (std::size_t at = 0; at < group.size(); ++at) {
      INFO("device " << at);
      CHECK(base_at(at) == std::pair(json, by));
    }
  }

  Group group;
  crypto::SodiumHasher hasher;
  std::atomic<bool> is_over = false;
};

}  // namespace

TEST_CASE("the base of a conflict is the last value that all its authors had") {
  Scene scene(3);
  scene.write(0, "older");
  scene.group.sync();
  scene.write(1, "before");
  scene.group.sync();
  SECTION("written by one of them, or by somebody else") {
    scene.write(0, "left");
    scene.write(2, "right");
    scene.group.sync();
    scene.expect_base("\"before\"", "1");
  }
  SECTION("not what one of them had alone") {
    scene.write(2, "on the way");
    scene.write(2, "right");
    scene.write(0, "left");
    scene.group.sync();
    scene.expect_base("\"before\"", "1");
  }
  SECTION("however many other changes lie between") {
    for (int i = 0; i < 600; ++i) scene[0].write(put("o" + std::to_string(i), {{"n", i}}));
    for (int i = 0; i < 300; ++i) scene[2].write(put("p" + std::to_string(i), {{"n", i}}));
    scene.write(0, "left");
    scene.write(2, "right");
    scene.group.sync();
    scene.expect_base("\"before\"", "1");
  }
}

TEST_CASE("a field that was new to all, or had been taken away, has no base") {
  Scene scene(2);
  scene[0].write(put("n", {{"other", 1}}));
  scene.group.sync();
  SECTION("new") {}
  SECTION("unset") {
    scene.write(0, "before");
    scene[0].write(unset("n", {"text"}));
  }
  SECTION("deleted with its record") {
    scene.write(0, "before");
    scene[0].write(remove("n"));
  }
  scene.group.sync();
  scene.write(0, "left");
  scene.write(1, "right");
  scene.group.sync();
  scene.expect_base("", "");
}

TEST_CASE("what a client had not seen is not what it had before") {
  Scene scene(1);
  const Written first = scene[0].write(put("n", {{"text", "before"}}));
  scene[0].write(put("n", {{"text", "left"}}));
  LocalOp late = put("n", {{"text", "right"}});
  late.based_on = first.versions.at(0);
  scene[0].write(late);
  scene.expect_base("\"before\"", "0");
}

TEST_CASE("a base that was cut into chunks is put together") {
  Scene scene(2);
  const std::string large(600'000, 'x');
  scene.write(0, large);
  scene.group.sync();
  scene.write(0, "left");
  scene.write(1, "right");
  scene.group.sync();
  scene.expect_base('"' + large + '"', "0");
}

}  // namespace lanyard::storage
