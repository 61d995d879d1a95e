#include "storage/space_reader.hpp"
#include "tests/unit/storage/test_vault.hpp"

/// A data folder whose device lost its identity, and has a new one.
namespace lanyard::storage {
namespace {

/// Another device's identity, in the data folder of this one.
void move_into(VaultDevice& heir, VaultDevice& owner) {
  owner.close();
  heir.options.data_dir = owner.options.data_dir;
  heir.options.marks = owner.options.marks;
  heir.open();
}

json shown_value(VaultDevice& device, const SpaceId& space, const std::string& key) {
  const crypto::SodiumHasher hasher;
  const auto reader = must(SpaceReader::open(device.vault().file_of(space), space, hasher));
  return json::parse(must(reader->get("notes", key)).json);
}

SpaceId id_of(VaultDevice& device, const std::string& name) {
  for (const SpaceEntry& each : must(device.vault().spaces()))
    if (each.name == name && !each.left) return each.id;
  FAIL("there is no space " + name);
  return {};
}

}  // namespace

TEST_CASE("a new identity does not go on with the log of the old one") {
  VaultDevice ada;
  VaultDevice bob;
  VaultDevice heir;
  ada.open();
  bob.open();
  must(ada.vault().settle_identity(ada.wall));
  const SpaceId space = ada.create("Notes");
  must(ada.vault().share_space(space, bob.id(), ada.wall));
  ada.write(space, put("first", {{"n", 1}}));
  bob.pull(ada, space);
  const VectorClock before = ada.clock(space);
  move_into(heir, ada);
  must(heir.vault().settle_identity(heir.wall));
  CHECK(shown_value(heir, space, "first") == json{{"n", 1}});
  CHECK(code_of(heir.try_write(space, put("early", {{"n", 2}}))) == Code::kNotAdmitted);
  CHECK(heir.clock(space) == before);
  must(bob.vault().share_space(space, heir.id(), bob.wall));
  heir.pull(bob, space);
  heir.write(space, put("second", {{"n", 3}}));
  CHECK(heir.clock(space).size() == 3);  // ada's, bob's, and a new one
  bob.pull(heir, space);                 // takes it: a signature by who it says
  CHECK(shown_value(bob, space, "second") == json{{"n", 3}});
}

TEST_CASE("spaces that only the old identity was a member of go on in new ones") {
  VaultDevice ada;
  VaultDevice heir;
  ada.open();
  must(ada.vault().settle_identity(ada.wall));
  const SpaceId home = must(ada.vault().home_id(ada.wall));
  ada.write(home, put("mine", {{"n", 1}}));
  const SpaceId notes = ada.create("Notes");
  ada.write(notes, put("first", {{"n", 2}}));
  move_into(heir, ada);
  must(heir.vault().settle_identity(heir.wall));
  const SpaceId new_home = must(heir.vault().home_id(heir.wall));
  const SpaceId new_notes = id_of(heir, "Notes");
  CHECK(new_home != home);
  CHECK(heir.name_of(new_home) == kHomeName);
  CHECK(new_notes != notes);
  CHECK(shown_value(heir, new_home, "mine") == json{{"n", 1}});
  CHECK(shown_value(heir, new_notes, "first") == json{{"n", 2}});
  CHECK(heir.vault().stands_for(notes) == new_notes);
  CHECK(heir.entry(notes).left);
  CHECK(heir.name_of(notes) == "Notes before the new identity");
  heir.write(new_notes, put("second", {{"n", 3}}));
  const auto spaces = must(heir.vault().spaces()).size();
  heir.open();
  must(heir.vault().settle_identity(heir.wall));  // nothing more to do
  CHECK(must(heir.vault().spaces()).size() == spaces);
  CHECK(shown_value(heir, id_of(heir, "Notes"), "second") == json{{"n", 3}});
}

TEST_CASE("a space that cannot be renewed at one start is renewed at the next") {
  VaultDevice ada;
  VaultDevice heir;
  ada.open();
  must(ada.vault().settle_identity(ada.wall));
  const SpaceId notes = ada.create("Notes");
  ada.write(notes, put("first", {{"n", 2}}));
  const fs::path file = ada.vault().file_of(notes);
  ada.close();
  fs::rename(file, file.string() + ".away");
  move_into(heir, ada);
  must(heir.vault().settle_identity(heir.wall));
  CHECK(heir.reported.size() == 2);  // its file is gone, and so it cannot be renewed
  CHECK(id_of(heir, "Notes") == notes);
  fs::rename(file.string() + ".away", file);
  heir.open();
  must(heir.vault().settle_identity(heir.wall));
  CHECK(id_of(heir, "Notes") != notes);
  CHECK(shown_value(heir, id_of(heir, "Notes"), "first") == json{{"n", 2}});
}

}  // namespace lanyard::storage
