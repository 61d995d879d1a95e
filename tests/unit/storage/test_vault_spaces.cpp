#include "replication/types/limits.hpp"
#include "tests/unit/storage/test_vault.hpp"

namespace lanyard::storage {
namespace {

json name_inside(VaultDevice& device, const SpaceId& space) {
  return rows_of(device.vault().file_of(space),
                 "SELECT value FROM lanyard_records WHERE key = 'info'");
}

std::vector<SpaceId> shared(VaultDevice& device, const DeviceId& peer) {
  std::vector<SpaceId> out;
  for (const SharedSpace& each : must(device.vault().shared_with(peer))) out.push_back(each.space);
  return out;
}

Hash shared_digest(VaultDevice& device, const DeviceId& peer) {
  const auto all = must(device.vault().shared_with(peer));
  REQUIRE(all.size() == 1);
  return all.front().digest;
}

SpaceId some_space(std::uint8_t number) {
  SpaceId id;
  id.bytes.fill(number);
  return id;
}

bool is_dirty(VaultDevice& device) {
  return rows_of(device.platform(), "SELECT max(is_dirty) FROM spaces")[0][0] == 1;
}

}  // namespace

TEST_CASE("a space that was founded has its name inside, its founder as member, and its folder") {
  VaultDevice device;
  device.options.vfs.clear();  // once on the system's own disk
  device.open();
  const SpaceId space = device.create("Notes");
  CHECK(name_inside(device, space) == json::parse(R"([["{\"name\":\"Notes\"}"]])"));
  const std::string id = to_text(space);
  CHECK(device.vault().file_of(space) == device.folder() / id.substr(0, 2) / (id + ".db"));
  device.open();
  const SpaceEntry entry = device.entry(space);
  CHECK(entry.name == "Notes");
  CHECK(entry.members == std::vector{device.id()});
  CHECK(!entry.left);
  CHECK(entry.created_ms == device.wall.ms);
  CHECK(device.clock(space).size() == 1);
}

TEST_CASE("what founding a space gives can be sent") {
  VaultDevice device;
  const Vault::Created created = must(device.open().create_space("Notes", device.wall));
  CHECK(created.outcome.answers.size() == 1);
  CHECK(created.outcome.runs.size() == 1);
}

TEST_CASE("a name is taken once on a device") {
  VaultDevice device;
  device.open();
  const SpaceId space = device.create("Notes");
  CHECK(code_of(device.vault().create_space("Notes", device.wall)) == Code::kExists);
  CHECK(must(device.vault().spaces()).size() == 1);
  device.write(space, put("n1", {{"title", "one"}}));
}

TEST_CASE("a space that is not here is not found") {
  VaultDevice device;
  Vault& vault = device.open();
  CHECK(code_of(vault.space(some_space(1))) == Code::kNotFound);
  CHECK(code_of(vault.refresh_space(some_space(1))) == Code::kNotFound);
  CHECK(code_of(vault.leave_space(some_space(1), LeftCopy::kKept)) == Code::kNotFound);
  CHECK(code_of(vault.share_space(some_space(1), device.id(), device.wall)) == Code::kNotFound);
}

TEST_CASE("of three hundred spaces at most thirty-two are open, and each is as it was") {
  VaultDevice device;
  device.open();
  std::vector<SpaceId> all;
  for (int i = 0; i < 300; ++i) {
    all.push_back(device.create("space " + std::to_string(i)));
    REQUIRE(device.open_files() <= limits::kOpenSpacesMax);
  }
  CHECK(device.open_files() == limits::kOpenSpacesMax);
  for (const SpaceId& space : all) device.write(space, put("n1", {{"title", "one"}}));
  CHECK(device.open_files() == limits::kOpenSpacesMax);
  device.open();
  CHECK(device.open_files() == 0);
  for (const SpaceId& space : all) REQUIRE(device.clock(space).begin()->second.seq == Seq{4});
  for (const SharedSpace& each : must(device.vault().shared_with(device.id())))
    REQUIRE(each.digest == VaultDevice::digest_of(device.clock(each.space)));
  CHECK(device.reported.empty());
}

TEST_CASE("a space that is not used is closed after a minute, and opened again when it is") {
  VaultDevice device;
  device.open();
  const SpaceId space = device.create("Notes");
  const auto tidy_after = [&](std::int64_t seconds) {
    device.wall.ms += seconds * 1000;
    finish_upkeep(device);
    return device.open_files();
  };
  CHECK(device.vault().upkeep_within() == std::chrono::minutes(1));
  CHECK(tidy_after(0) == 1);
  CHECK(tidy_after(59) == 1);
  static_cast<void>(must(device.vault().space(space)));
  CHECK(tidy_after(59) == 1);
  CHECK(tidy_after(-100'000) == 1);  // the clock is set back
  CHECK(tidy_after(59) == 1);
  CHECK(tidy_after(1) == 0);
  CHECK(device.vault().upkeep_within() == std::nullopt);
  device.write(space, put("n1", {{"title", "one"}}));
  CHECK(device.open_files() == 1);
}

TEST_CASE("a space is marked dirty before it is written to, and clean when it is closed") {
  VaultDevice device;
  device.open();
  const SpaceId space = device.create("Notes");
  device.open();
  CHECK(!is_dirty(device));
  static_cast<void>(must(device.vault().space(space)));
  CHECK(!is_dirty(device));
  device.write(space, put("n1", {{"title", "one"}}));
  CHECK(is_dirty(device));
  device.close();
  CHECK(!is_dirty(device));
}

TEST_CASE("after a crash digests and members are found again before a peer is told") {
  VaultDevice a;
  VaultDevice b;
  a.open();
  b.open();
  const SpaceId space = a.create("Notes");
  must(a.vault().share_space(space, b.id(), a.wall));
  a.open();
  const Hash before = shared_digest(a, b.id());
  a.write(space, put("n1", {{"title", "one"}}));
  const Hash after = shared_digest(a, b.id());
  CHECK(after != before);
  VaultDevice c;
  must(must(a.vault().space(space))->admit(c.id(), a.wall));  // and no refresh_space()
  const VectorClock clock = a.clock(space);
  a.crash();
  a.open();
  CHECK(a.open_files() == 0);
  CHECK(is_dirty(a));
  CHECK(shared(a, c.id()) == std::vector{space});
  CHECK(shared_digest(a, c.id()) == VaultDevice::digest_of(clock));
  CHECK(!is_dirty(a));
}

TEST_CASE("after a crash upkeep settles what is dirty, one space at a time, and closes it") {
  VaultDevice device;
  device.open();
  for (int i = 0; i < 5; ++i) device.create("space " + std::to_string(i));
  device.crash();
  device.open();
  const auto dirty = [&] {
    return rows_of(device.platform(), "SELECT sum(is_dirty) FROM spaces")[0][0].get<int>();
  };
  for (int left = 5; left > 0; --left) {
    CHECK(dirty() == left);
    CHECK(device.vault().upkeep(device.wall));
    CHECK(device.open_files() == 0);
  }
  CHECK(dirty() == 0);
  CHECK(!device.vault().upkeep(device.wall));
}

TEST_CASE("opening a vault opens no space") {
  VaultDevice device;
  device.open();
  for (int i = 0; i < 3; ++i) device.create("space " + std::to_string(i));
  device.open();
  CHECK(device.open_files() == 0);
  CHECK(shared(device, device.id()).size() == 3);
  CHECK(device.open_files() == 0);
  CHECK(!device.vault().upkeep(device.wall));
}

TEST_CASE("a joined space has a name made of its id until its data is here") {
  VaultDevice a;
  VaultDevice b;
  a.open();
  b.open();
  const SpaceId space = a.create("Notes");
  must(a.vault().share_space(space, b.id(), a.wall));
  must(b.vault().join_space(space, a.id(), b.wall));
  CHECK(b.name_of(space) == "space " + to_text(space).substr(0, 8));
  CHECK(b.entry(space).members.empty());
  must(b.vault().join_space(space, a.id(), b.wall));
  CHECK(must(b.vault().spaces()).size() == 1);
  b.pull(a, space);
  CHECK(b.name_of(space) == "Notes");
  CHECK(b.entry(space).members == a.entry(space).members);
  CHECK(shared(b, a.id()) == std::vector{space});
  CHECK(shared_digest(b, a.id()) == shared_digest(a, b.id()));
}

TEST_CASE("a name that is taken here gets a suffix, and keeps it") {
  VaultDevice a;
  VaultDevice b;
  a.open();
  b.open();
  const SpaceId first = b.create("Notes");
  const SpaceId second = a.create("Notes");
  const SpaceId long_one = a.create(std::string(62, 'a') + "\xC3\xA9");
  b.create(std::string(62, 'a') + "\xC3\xA9");
  for (const SpaceId& space : {second, long_one}) {
    must(a.vault().share_space(space, b.id(), a.wall));
    b.pull(a, space);
  }
  CHECK(b.name_of(first) == "Notes");
  CHECK(b.name_of(second) == "Notes (2)");
  CHECK(b.name_of(long_one) == std::string(60, 'a') + " (2)");
  must(b.vault().refresh_space(second));
  CHECK(b.name_of(second) == "Notes (2)");
  a.write(second, put("info", {{"name", "Diary"}}, "lanyard_space"));
  b.pull(a, second);
  CHECK(b.name_of(second) == "Diary");
}

TEST_CASE("a name from outside that cannot be one here changes nothing") {
  const json name = GENERATE(as<json>{}, "", "a\nb", 7, json::array({"x"}), nullptr);
  VaultDevice device;
  device.open();
  const SpaceId space = device.create("Notes");
  device.write(space, put("info", {{"name", name}}, "lanyard_space"));
  must(device.vault().refresh_space(space));
  CHECK(device.name_of(space) == "Notes");
}

TEST_CASE("what both wrote is the same on both once they exchanged it") {
  VaultDevice a;
  VaultDevice b;
  a.open();
  b.open();
  const SpaceId space = a.create("Notes");
  must(a.vault().share_space(space, b.id(), a.wall));
  b.pull(a, space);
  a.write(space, put("n1", {{"title", "one"}}));
  b.write(space, put("n2", {{"title", "two"}}));
  CHECK(shared_digest(a, b.id()) != shared_digest(b, a.id()));
  a.pull(b, space);
  b.pull(a, space);
  CHECK(a.clock(space) == b.clock(space));
  CHECK(shared_digest(a, b.id()) == shared_digest(b, a.id()));
  CHECK(must(must(a.vault().space(space))->state_hash()) ==
        must(must(b.vault().space(space))->state_hash()));
}

TEST_CASE("a space that was left is kept, and neither opened, joined nor shared again") {
  VaultDevice a;
  VaultDevice b;
  a.open();
  b.open();
  const SpaceId space = a.create("Notes");
  must(a.vault().share_space(space, b.id(), a.wall));
  b.pull(a, space);
  must(b.vault().leave_space(space, LeftCopy::kKept));
  b.open();
  CHECK(b.entry(space).left);
  CHECK(fs::exists(b.vault().file_of(space)));
  CHECK(shared(b, a.id()).empty());
  CHECK(code_of(b.vault().space(space)) == Code::kNotAllowed);
  CHECK(code_of(b.vault().join_space(space, a.id(), b.wall)) == Code::kNotAllowed);
  CHECK(shared(a, b.id()) == std::vector{space});
  finish_upkeep(b);
  CHECK(b.reported.empty());
}

TEST_CASE("a space that is left takes its copy along, if others have all of it") {
  VaultDevice a;
  VaultDevice b;
  a.open();
  b.open();
  const SpaceId space = a.create("Notes");
  must(a.vault().share_space(space, b.id(), a.wall));
  b.pull(a, space);
  a.write(space, put("n1", {{"a", 1}}));
  const auto holds = must(a.vault().space(space))->state().log.clock();
  // b is known to have what it said, and that was before the write.
  CHECK(code_of(a.vault().leave_space(space, LeftCopy::kRemoved)) == Code::kNotAllowed);
  CHECK_FALSE(a.entry(space).left);
  must(a.vault().acknowledged(b.id(), space, holds, WallTime{7}));
  const fs::path file = a.vault().file_of(space);
  const std::string copy = file.string() + ".of-the-test";
  fs::copy_file(file, copy);
  must(a.vault().leave_space(space, LeftCopy::kRemoved));
  for (const char* ending : {"", "-wal", "-shm"}) CHECK_FALSE(fs::exists(file.string() + ending));
  CHECK(must(a.vault().spaces()).empty());
  CHECK(a.create("Notes") != space);  // the name is free
  CHECK(code_of(a.vault().join_space(space, a.id(), a.wall)) == Code::kNotAllowed);

  // A crash between the two steps: the file is still there at the next start.
  fs::copy_file(copy, file);
  a.open();
  CHECK_FALSE(fs::exists(file));
  CHECK(a.reported.empty());
}

TEST_CASE("a copy that is alone goes only if that was meant") {
  VaultDevice a;
  a.open();
  const SpaceId space = a.create("Notes");
  CHECK(code_of(a.vault().leave_space(space, LeftCopy::kRemoved)) == Code::kNotAllowed);
  CHECK(fs::exists(a.vault().file_of(space)));
  must(a.vault().leave_space(space, LeftCopy::kRemovedEvenIfAlone));
  CHECK_FALSE(fs::exists(a.vault().file_of(space)));
}

TEST_CASE("nothing is shared with a forgotten device, or with one that is no member") {
  VaultDevice a;
  VaultDevice b;
  a.open();
  const SpaceId space = a.create("Notes");
  CHECK(shared(a, b.id()).empty());
  must(a.vault().add_device(b.id(), "", a.wall));
  must(a.vault().share_space(space, b.id(), a.wall));
  CHECK(shared(a, b.id()) == std::vector{space});
  must(a.vault().forget_device(b.id(), b.wall));
  CHECK(shared(a, b.id()).empty());
  must(a.vault().add_device(b.id(), "", a.wall));
  CHECK(shared(a, b.id()) == std::vector{space});
}

TEST_CASE("a file that is gone is not replaced by an empty one without a word") {
  VaultDevice device;
  device.open();
  const SpaceId space = device.create("Notes");
  device.close();
  fs::remove(device.folder() / to_text(space).substr(0, 2) / (to_text(space) + ".db"));
  Vault& vault = device.open();
  const auto gone = vault.space(space);
  REQUIRE(!gone);
  CHECK(gone.error().is(Code::kCorrupt));
  CHECK(gone.error().detail.find(vault.file_of(space)) != std::string::npos);
  CHECK(gone.error().fix.find("backup") != std::string::npos);
  CHECK(!fs::exists(vault.file_of(space)));
}

TEST_CASE("one damaged file is reported once and does not keep the others from a peer") {
  VaultDevice a;
  VaultDevice b;
  a.open();
  const SpaceId bad = a.create("bad");
  const SpaceId good = a.create("good");
  for (const SpaceId& space : {bad, good}) must(a.vault().share_space(space, b.id(), a.wall));
  a.crash();
  const fs::path file = a.folder() / to_text(bad).substr(0, 2) / (to_text(bad) + ".db");
  fs::remove(fs::path(file) += "-wal");
  fs::resize_file(file, 0);
  fs::resize_file(file, 100'000);
  a.open();
  finish_upkeep(a);
  REQUIRE(a.reported.size() == 1);
  CHECK(a.reported.front().first == bad);
  CHECK(a.reported.front().second.is(Code::kCorrupt));
  CHECK(shared(a, b.id()) == std::vector{good});
  CHECK(code_of(a.try_write(bad, put("n1", {{"title", "one"}}))) == Code::kCorrupt);
  a.write(good, put("n1", {{"title", "one"}}));
  finish_upkeep(a);
  CHECK(a.reported.size() == 1);
}

TEST_CASE("founding on a full disk is refused and leaves nothing behind") {
  VaultDevice device;
  device.options.disk_space = [](const fs::path&) {
    return DiskSpace{limits::kDiskReserveBytes, 1 << 20};
  };
  Vault& vault = device.open();
  const auto refused = vault.create_space("Notes", device.wall);
  REQUIRE(!refused);
  CHECK(refused.error().is(Code::kDiskFull));
  CHECK(!refused.error().fix.empty());
  CHECK(must(vault.spaces()).empty());
}

}  // namespace lanyard::storage
