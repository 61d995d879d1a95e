#include "storage/platform.hpp"
#include "storage/sqlite.hpp"
#include "tests/unit/storage/test_vault.hpp"

/// Spaces that another device made known, and what becomes of those that came to nothing.
namespace lanyard::storage {
namespace {

SpaceId unknown_space(std::uint64_t number) { return support::Chance(number).fixed<SpaceId>(); }

std::size_t count_files(const VaultDevice& device) {
  std::size_t count = 0;
  for (const auto& each : fs::recursive_directory_iterator(device.folder()))
    count += each.path().string().find(".db") != std::string::npos;
  return count;
}

/// As programs did that made a store for each space they heard of.
void announce(VaultDevice& device, const VaultDevice& by, const SpaceId& space) {
  must(device.vault().join_space(space, by.id(), device.wall));
  must(device.vault().space(space));
}

bool is_listed(VaultDevice& device, const SpaceId& space) {
  const auto all = must(device.vault().spaces());
  return std::any_of(all.begin(), all.end(), [&](const auto& each) { return each.id == space; });
}

/// `by` founds a space with nobody but the device, which takes it in.
SpaceId take_founded(VaultDevice& device, VaultDevice& by, const std::string& name) {
  const SpaceId space = by.create(name);
  must(by.vault().share_space(space, device.id(), by.wall));
  device.pull(by, space);
  return space;
}

struct AdaAndEve {
  VaultDevice ada;
  VaultDevice eve;
  AdaAndEve() {
    ada.open();
    eve.open();
    must(ada.vault().add_device(eve.id(), "", ada.wall));
  }
};

}  // namespace

TEST_CASE("spaces without a founder are gone after the next start, row and file") {
  AdaAndEve two;
  for (std::uint64_t i = 0; i < 3; ++i) announce(two.ada, two.eve, unknown_space(i));
  REQUIRE(count_files(two.ada) > 0);
  two.ada.open();
  CHECK(must(two.ada.vault().spaces()).empty());
  CHECK(count_files(two.ada) == 0);
  CHECK_FALSE(must(two.ada.vault().has_space(unknown_space(0))));
  CHECK(two.ada.reported.empty());
  // And it is no space that was left: it may come once it is founded.
  must(two.ada.vault().join_space(unknown_space(0), two.eve.id(), two.ada.wall));
}

TEST_CASE("a space that holds a change, or that a person has given anything, is kept") {
  AdaAndEve two;
  const SpaceId founded = take_founded(two.ada, two.eve, "Notes");
  const SpaceId own = two.ada.create("mine");
  announce(two.ada, two.eve, unknown_space(1));
  must(two.ada.vault().change_space(unknown_space(1), {"called so here", {}, {}}));
  announce(two.ada, two.eve, unknown_space(2));
  must(two.ada.vault().change_space(unknown_space(2), {{}, SyncMode::kLocalOnly, {}}));
  announce(two.ada, two.eve, unknown_space(3));
  two.ada.open();
  for (const SpaceId& each : {founded, own, unknown_space(1), unknown_space(2)}) {
    INFO(to_text(each));
    CHECK(is_listed(two.ada, each));
    CHECK(fs::exists(two.ada.vault().file_of(each)));
  }
  CHECK_FALSE(is_listed(two.ada, unknown_space(3)));
  CHECK(two.ada.reported.empty());
}

TEST_CASE("a file that has changes is kept, whatever platform.sqlite says of it") {
  AdaAndEve two;
  const SpaceId space = two.eve.create("Notes");
  must(two.eve.vault().share_space(space, two.ada.id(), two.eve.wall));
  announce(two.ada, two.eve, space);
  two.ada.close();
  two.ada.copy_data("before");
  two.ada.open();
  two.ada.pull(two.eve, space);
  two.ada.close();
  // platform.sqlite as it was before there was anything in the file.
  fs::copy(two.ada.place("before") / "platform.sqlite", two.ada.platform(),
           fs::copy_options::overwrite_existing);
  two.ada.open();
  CHECK(is_listed(two.ada, space));
  CHECK(two.ada.clock(space) == two.eve.clock(space));
}

TEST_CASE("one device makes no more spaces known than it may, whatever it takes between them") {
  AdaAndEve two;
  two.ada.options.spaces_per_device_max = 2;
  two.ada.open();
  const SpaceId first = take_founded(two.ada, two.eve, "one");
  take_founded(two.ada, two.eve, "two");
  const auto more = [&] {
    return code_of(two.ada.vault().join_space(unknown_space(1), two.eve.id(), two.ada.wall));
  };
  CHECK(more() == Code::kTooLarge);
  two.ada.open();
  CHECK(more() == Code::kTooLarge);
  // Others may, and so may this one again once one of its spaces is gone from here for good.
  VaultDevice bob;
  bob.open();
  take_founded(two.ada, bob, "of bob");
  CHECK(is_listed(two.ada, first));
}

TEST_CASE("what only a forgotten device made known, and holds nothing, goes with it") {
  AdaAndEve two;
  VaultDevice bob;
  bob.open();
  two.ada.create("empty");
  const SpaceId named_alike = take_founded(two.ada, two.eve, "empty");  // "empty (2)" here
  const SpaceId empty = take_founded(two.ada, two.eve, "as empty");
  const SpaceId written = take_founded(two.ada, two.eve, "written");
  two.ada.write(written, put("n1", {{"title", "mine"}}));
  const SpaceId shared = two.eve.create("shared");
  must(two.eve.vault().share_space(shared, two.ada.id(), two.eve.wall));
  must(two.eve.vault().share_space(shared, bob.id(), two.eve.wall));
  two.ada.pull(two.eve, shared);
  const SpaceId of_bob = take_founded(two.ada, bob, "of bob");
  must(two.ada.vault().forget_device(two.eve.id(), two.ada.wall));
  const bool is_interrupted = GENERATE(false, true);
  if (is_interrupted) two.ada.open();
  finish_upkeep(two.ada);
  for (const SpaceId& each : {empty, named_alike}) {
    CHECK_FALSE(is_listed(two.ada, each));
    CHECK_FALSE(fs::exists(two.ada.vault().file_of(each)));
  }
  for (const SpaceId& each : {written, shared, of_bob}) CHECK(is_listed(two.ada, each));
  // Known again, it may bring them again.
  must(two.ada.vault().add_device(two.eve.id(), "", two.ada.wall));
  two.ada.pull(two.eve, empty);
  CHECK(is_listed(two.ada, empty));
  CHECK(two.ada.reported.empty());
}

TEST_CASE("a space whose dropping was cut short at any step is gone after the next start") {
  // Where a folder with something in it lies, the file of that name cannot be removed.
  const std::string step = GENERATE(as<std::string>(), ".rescue-part", ".broken", ".broken-wal");
  AdaAndEve two;
  const SpaceId space = take_founded(two.ada, two.eve, "empty");
  const SpaceId kept = take_founded(two.ada, two.eve, "kept");
  two.ada.write(kept, put("n1", {{"n", 1}}));
  two.ada.open();
  const fs::path file = two.ada.vault().file_of(space);
  const fs::path in_the_way = file.string() + step;
  must(two.ada.vault().forget_device(two.eve.id(), two.ada.wall));
  fs::create_directories(in_the_way / "full");
  finish_upkeep(two.ada);
  REQUIRE_FALSE(fs::exists(file));
  CAPTURE(step);
  two.ada.crash();
  fs::remove_all(in_the_way);
  two.ada.reported.clear();
  two.ada.open();
  finish_upkeep(two.ada);
  CHECK_FALSE(is_listed(two.ada, space));
  CHECK_FALSE(fs::exists(file));
  CHECK(two.ada.vault().troubles().empty());
  CHECK(two.ada.vault().warnings().empty());
  CHECK(two.ada.reported.empty());
  CHECK(is_listed(two.ada, kept));
  // It is no space that was left: known again, the device may bring it again.
  must(two.ada.vault().add_device(two.eve.id(), "", two.ada.wall));
  two.ada.pull(two.eve, space);
  CHECK(is_listed(two.ada, space));
}

TEST_CASE("a mark of dropping on a space that is in use deletes nothing, now or later") {
  const std::string state =
      GENERATE(as<std::string>(), "has_left = 0", "has_left = 1, has_data = 1", "no row");
  CAPTURE(state);
  AdaAndEve two;
  const SpaceId space = take_founded(two.ada, two.eve, "kept");
  two.ada.write(space, put("n1", {{"n", 1}}));
  const fs::path file = two.ada.vault().file_of(space);
  two.ada.close();
  const auto in_platform = [&](const std::string& sql) {
    Database database = must(Database::open(two.ada.platform(), Database::Mode::kReadWrite, {}));
    must(database.execute(sql));
  };
  in_platform("INSERT INTO lanyard_settings VALUES ('" + (kDroppingSetting + to_text(space)) +
              "', '')");
  in_platform(state == "no row" ? "DELETE FROM spaces" : "UPDATE spaces SET " + state);
  two.ada.open();
  CHECK(fs::exists(file));
  // Left for good with its file removed it would be: the mark is gone, and counts for nothing.
  CHECK(rows_of(two.ada.platform(),
                "SELECT count(*) FROM lanyard_settings WHERE key LIKE "
                "'dropping%'")[0][0] == 0);
  two.ada.open();
  CHECK(fs::exists(file));
  CHECK(rows_of(file, "SELECT count(*) FROM lanyard_records WHERE key = 'n1'")[0][0] == 1);
}

TEST_CASE("a space whose dropping could not be written down is dropped after the next start") {
  support::ShimDisk disk("while-dropping");
  AdaAndEve two;
  two.ada.options.vfs = disk.name();
  const SpaceId space = take_founded(two.ada, two.eve, "empty");
  two.ada.open();
  must(two.ada.vault().forget_device(two.eve.id(), two.ada.wall));
  finish_upkeep(two.ada);
  REQUIRE_FALSE(is_listed(two.ada, space));
  bool was_whole = false;
  for (long writes = 0; !was_whole; ++writes) {
    CAPTURE(writes);
    REQUIRE(writes < 200);
    must(two.ada.vault().add_device(two.eve.id(), "", two.ada.wall));
    two.ada.pull(two.eve, space);
    must(two.ada.vault().forget_device(two.eve.id(), two.ada.wall));
    two.ada.open();
    const std::size_t told = two.ada.reported.size();
    disk.be_full_after(writes);
    finish_upkeep(two.ada);
    was_whole = two.ada.reported.size() == told;
    two.ada.crash();
    disk.be_full(false);
    two.ada.open();
    finish_upkeep(two.ada);
    CHECK_FALSE(must(two.ada.vault().has_space(space)));
    CHECK_FALSE(fs::exists(two.ada.vault().file_of(space)));
    CHECK(two.ada.vault().troubles().empty());
    CHECK(two.ada.vault().warnings().empty());
  }
}

}  // namespace lanyard::storage
