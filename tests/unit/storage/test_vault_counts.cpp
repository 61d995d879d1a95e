#include "replication/types/limits.hpp"
#include "storage/sqlite.hpp"
#include "tests/unit/storage/test_vault.hpp"

namespace lanyard::storage {
namespace {

std::uint64_t missing(VaultDevice& device, const DeviceId& peer) {
  std::uint64_t sum = 0;
  for (const auto& [space, counts] : must(device.vault().counts())) {
    const auto found = counts.missing.find(peer);
    if (found != counts.missing.end()) sum += found->second;
  }
  return sum;
}

SpaceCounts counts_of(VaultDevice& device, const SpaceId& space) {
  return must(device.vault().counts()).at(space);
}

bool is_confirmed(VaultDevice& device, const DeviceId& peer) {
  const auto shared = must(device.vault().shared_with(peer));
  return std::all_of(shared.begin(), shared.end(),
                     [](const SharedSpace& each) { return each.is_confirmed; });
}

/// What the peer holds is said to the device, as a link would.
void acknowledge(VaultDevice& to, VaultDevice& by, const SpaceId& space) {
  must(to.vault().acknowledged(by.id(), space, by.clock(space), WallTime{7}));
}

}  // namespace

TEST_CASE("what is missing elsewhere is counted in every space, and opens none") {
  VaultDevice a;
  VaultDevice b;
  a.open();
  b.open();
  std::vector<SpaceId> spaces;
  for (std::size_t i = 0; i < limits::kOpenSpacesMax + 5; ++i) {
    spaces.push_back(a.create("space " + std::to_string(i)));
    must(a.vault().share_space(spaces.back(), b.id(), a.wall));
    b.pull(a, spaces.back());
    acknowledge(a, b, spaces.back());
  }
  CHECK(missing(a, b.id()) == 0);
  CHECK(is_confirmed(a, b.id()));
  a.write(spaces.front(), put("n1", {{"n", 1}}));
  a.write(spaces.back(), put("n1", {{"n", 1}}));
  CHECK(missing(a, b.id()) == 2);
  CHECK(!is_confirmed(a, b.id()));
  CHECK(counts_of(a, spaces.back()).unconfirmed == 1);
  CHECK(counts_of(a, spaces.back()).own_ms == a.wall.ms);
  a.open();
  CHECK(missing(a, b.id()) == 2);
  CHECK(!is_confirmed(a, b.id()));
  CHECK(a.open_files() == 0);
  b.pull(a, spaces.back());
  a.open();
  acknowledge(a, b, spaces.back());  // while its file is closed
  CHECK(a.open_files() == 0);
  CHECK(missing(a, b.id()) == 1);
  CHECK(counts_of(a, spaces.back()).unconfirmed == 0);
}

TEST_CASE("who wrote a change has it, whatever it has said") {
  VaultDevice a;
  VaultDevice b;
  a.open();
  b.open();
  const SpaceId space = a.create("Notes");
  must(a.vault().share_space(space, b.id(), a.wall));
  b.pull(a, space);
  CHECK(missing(b, a.id()) == 0);
  CHECK(counts_of(b, space).unconfirmed == 0);
  b.write(space, put("n1", {{"n", 1}}));
  CHECK(missing(b, a.id()) == 2);  // the opening of its log, and the record
  CHECK(missing(a, b.id()) > 0);
  a.pull(b, space);
  CHECK(missing(a, b.id()) == 0);  // it names all that was here
  for (VaultDevice* const each : {&a, &b}) each->open();
  CHECK(missing(a, b.id()) == 0);
  CHECK(missing(b, a.id()) == 2);
  must(a.vault().leave_space(space, LeftCopy::kRemoved));
}

TEST_CASE("a crash leaves nothing uncounted") {
  VaultDevice a;
  VaultDevice b;
  a.open();
  const SpaceId space = a.create("Notes");
  must(a.vault().share_space(space, b.id(), a.wall));
  a.write(space, put("n1", {{"n", 1}}));
  const std::uint64_t before = missing(a, b.id());
  CHECK(before > 0);
  a.crash();
  a.open();
  CHECK(missing(a, b.id()) == before);
  finish_upkeep(a);
  CHECK(missing(a, b.id()) == before);
}

TEST_CASE("what only a forgotten device holds is on no other device") {
  VaultDevice a;
  VaultDevice b;
  a.open();
  b.open();
  const SpaceId space = a.create("Notes");
  must(a.vault().add_device(b.id(), "", a.wall));
  must(a.vault().share_space(space, b.id(), a.wall));
  b.pull(a, space);
  acknowledge(a, b, space);
  a.open();
  CHECK(counts_of(a, space).unconfirmed == 0);
  must(a.vault().forget_device(b.id(), b.wall));
  CHECK(counts_of(a, space).unconfirmed > 0);
  CHECK(missing(a, b.id()) == 0);  // nothing is waited for there
  must(a.vault().add_device(b.id(), "", a.wall));
  CHECK(counts_of(a, space).unconfirmed == 0);
}

TEST_CASE("conflicts are counted in spaces that are open and in those that are not") {
  VaultDevice a;
  VaultDevice b;
  a.open();
  b.open();
  const SpaceId space = a.create("Notes");
  must(a.vault().share_space(space, b.id(), a.wall));
  b.pull(a, space);
  a.write(space, put("n1", {{"title", "one"}}));
  b.write(space, put("n1", {{"title", "other"}}));
  a.pull(b, space);
  CHECK(counts_of(a, space).conflicts == 1);
  a.open();
  CHECK(counts_of(a, space).conflicts == 1);
  CHECK(a.open_files() == 0);
}

TEST_CASE("an older platform.sqlite learns its counts when its spaces are looked at") {
  VaultDevice a;
  VaultDevice b;
  a.open();
  const SpaceId space = a.create("Notes");
  must(a.vault().share_space(space, b.id(), a.wall));
  const std::uint64_t before = missing(a, b.id());
  a.close();
  {
    // As version 4 had it.
    Database old = must(Database::open(a.platform(), Database::Mode::kReadWrite, {}));
    must(
        old.execute("DROP INDEX lanyard_missing; DROP TABLE lanyard_forgettings;"
                    "DROP TABLE lanyard_invitations; DROP TABLE lanyard_told_names;"
                    "ALTER TABLE spaces DROP COLUMN applied;"
                    "ALTER TABLE spaces DROP COLUMN conflicts;"
                    "ALTER TABLE spaces DROP COLUMN forks; ALTER TABLE spaces DROP COLUMN own_ms;"
                    "ALTER TABLE spaces DROP COLUMN unconfirmed;"
                    "ALTER TABLE lanyard_progress DROP COLUMN shown;"
                    "ALTER TABLE lanyard_progress DROP COLUMN missing;"
                    "DELETE FROM lanyard_progress; PRAGMA user_version = 4;"));
    must(old.checkpoint());
  }
  a.open();
  CHECK(missing(a, b.id()) == before);
}

}  // namespace lanyard::storage
