// Changes that clients name, so that what they send again is not written again.
#include "replication/types/limits.hpp"
#include "storage/migrations.hpp"
#include "storage/mutation_rows.hpp"
#include "storage/record_source.hpp"
#include "storage/space_reader.hpp"
#include "tests/unit/storage/test_vault.hpp"

namespace lanyard::storage {
namespace {

Mutation named(std::uint8_t id, std::uint8_t content = 1) {
  Mutation out;
  out.id.bytes.fill(id);
  out.content.bytes.fill(content);
  return out;
}

LocalChange change(const Mutation& mutation, std::vector<LocalOp> ops) {
  return {std::move(ops), true, mutation};
}

WriteOutcome write(Device& device, const std::vector<LocalChange>& changes) {
  device.wall.ms += 1000;
  return device.store().write(changes, device.wall);
}

Result<Written> write(Device& device, const LocalChange& one) {
  return std::move(write(device, std::vector{one}).answers.front());
}

json read_shown(Device& device, const std::string& key) {
  const auto reader = must(SpaceReader::open(device.file(), device.space(), device.ports().hasher));
  const ReadRecord record = must(reader->get("notes", key));
  return record.json.empty() ? json() : json::parse(record.json);
}

std::int64_t known(Device& device) {
  return rows_of(device.file(), "SELECT count(*) FROM lanyard_mutations")[0][0];
}

/// The file as the first version of Lanyard would have left it.
void make_version_1(const fs::path& file) {
  make_version_5(file);
  Database database = must(Database::open(file, Database::Mode::kReadWrite, {}));
  must(
      database.execute("DROP TABLE lanyard_mutations; DROP TABLE lanyard_indexes;"
                       "DROP TABLE lanyard_resolutions; DROP TABLE lanyard_own_ids;"
                       "DROP TABLE lanyard_zero_fields; PRAGMA user_version = 1"));
  must(database.checkpoint());
}

}  // namespace

TEST_CASE("a change that is sent again is written once, and answered with the first one's dot") {
  Group group(1);
  Device& a = group[0];
  const LocalChange visit = change(named(1), {add("k", "visits", 1)});
  const Written first = must(write(a, visit));
  CHECK_FALSE(first.repeated);
  CHECK(first.versions.size() == 1);
  a.write(put("other", {{"n", 1}}));
  const WriteOutcome again = write(a, std::vector{visit});
  const Written second = must(again.answers.front());
  CHECK(second.repeated);
  CHECK(second.dot == first.dot);
  CHECK(second.versions.empty());
  CHECK(again.runs.empty());
  CHECK(again.touched.records.empty());
  CHECK(read_shown(a, "k") == json({{"visits", 1}}));
  a.open();
  CHECK(must(write(a, visit)).dot == first.dot);
  CHECK(read_shown(a, "k") == json({{"visits", 1}}));
}

TEST_CASE("a mutation's id with another content is a conflict, and changes nothing") {
  Group group(1);
  Device& a = group[0];
  must(write(a, change(named(1, 1), {add("k", "visits", 1)})));
  const auto refused = write(a, change(named(1, 2), {add("k", "visits", 5)}));
  REQUIRE(code_of(refused) == Code::kConflict);
  CHECK(refused.error().detail == "this mutation id was used for another change");
  CHECK(!refused.error().fix.empty());
  CHECK(read_shown(a, "k") == json({{"visits", 1}}));
}

TEST_CASE("two changes of one name in one group are one") {
  Group group(1);
  Device& a = group[0];
  const auto visit = [](std::uint8_t id, std::uint8_t content) {
    return change(named(id, content), {add("k", "visits", 1)});
  };
  const WriteOutcome outcome =
      write(a, {visit(1, 1), visit(2, 1), visit(1, 1), visit(2, 2), visit(1, 1)});
  CHECK(must(outcome.answers[2]).repeated);
  CHECK(must(outcome.answers[2]).dot == must(outcome.answers[0]).dot);
  CHECK(must(outcome.answers[4]).dot == must(outcome.answers[0]).dot);
  CHECK(code_of(outcome.answers[3]) == Code::kConflict);
  CHECK(must(outcome.answers[1]).dot != must(outcome.answers[0]).dot);
  CHECK(read_shown(a, "k") == json({{"visits", 2}}));
}

TEST_CASE("a change that could not be written can be tried again under its name") {
  Group group(1);
  Device& a = group[0];
  LocalOp op = patch("k", {{"n", 1}});
  op.conditions = {{.versions = {"0"}}};
  a.write(put("k", {{"n", 0}}));
  CHECK(code_of(write(a, change(named(1), {op}))) == Code::kConflict);
  CHECK(known(a) == 0);
  a.write(remove("k"));
  const Written first = must(write(a, change(named(1), {op})));
  // It has moved the record itself: its own condition does not hold any more, and is not asked.
  CHECK(must(write(a, change(named(1), {op}))).dot == first.dot);
}

TEST_CASE("a mutation is known with its change or not at all") {
  Group group(1);
  Device& a = group[0];
  support::ShimDisk disk("mutations");
  SpaceStore::Options options;
  options.vfs = disk.name();
  a.open(options);
  disk.be_full(true);
  const LocalChange visit = change(named(1), {add("k", "visits", 1)});
  CHECK_FALSE(write(a, visit));
  disk.be_full(false);
  CHECK(known(a) == 0);
  CHECK_FALSE(must(write(a, visit)).repeated);
  CHECK(read_shown(a, "k") == json({{"visits", 1}}));
  a.close();
}

TEST_CASE("a change is written once whatever the clock did in between") {
  Group group(1);
  Device& a = group[0];
  constexpr std::int64_t kDay = 24 * 60 * 60 * 1000;
  const std::int64_t right = a.wall.ms + 4000 * kDay;
  // A clock that was behind, ahead, without a battery, and right again; restarts between.
  std::vector<LocalChange> sent;
  for (const std::int64_t now : {right - 91 * kDay, right, right + 3650 * kDay, std::int64_t{0},
                                 right, right + 200 * kDay, right - kDay}) {
    a.wall.ms = now;
    sent.push_back(change(named(static_cast<std::uint8_t>(sent.size())), {add("k", "visits", 1)}));
    CHECK_FALSE(must(write(a, sent.back())).repeated);
    a.open();
    a.write(put("other", {{"n", 1}}));
    for (const LocalChange& each : sent) CHECK(must(write(a, each)).repeated);
  }
  CHECK(read_shown(a, "k") == json({{"visits", sent.size()}}));
}

TEST_CASE("beyond the number of names that are kept the oldest go, in the order of writing") {
  Group group(1);
  Device& a = group[0];
  SpaceStore::Options options;
  options.mutations_kept = 10;
  a.open(options);
  const auto nth = [](std::uint8_t id) { return change(named(id), {put("k", {{"n", id}})}); };
  for (std::uint8_t id = 0; id < 30; ++id) {
    a.wall.ms -= 100'000;  // runs backwards
    must(write(a, nth(id)));
    if (id == 15) a.open(options);
  }
  CHECK(known(a) == 10);
  for (std::uint8_t id = 20; id < 30; ++id) CHECK(must(write(a, nth(id))).repeated);
  CHECK_FALSE(must(write(a, nth(19))).repeated);
}

TEST_CASE("names of changes are this device's own: no hash and no rebuild knows of them") {
  Group group(2);
  Device& a = group[0];
  must(write(a, change(named(1), {put("k", {{"n", 1}})})));
  group[1].pull(a);
  CHECK(a.state_hash() == group[1].state_hash());
  CHECK(known(group[1]) == 0);
  CHECK(a.check().differences.empty());
}

TEST_CASE("a space of the first version is read as it is, and takes names once it is opened") {
  Group group(1);
  Device& a = group[0];
  a.write(put("k", {{"n", 1}}));
  a.close();
  make_version_1(a.file());
  const auto version = [&] { return rows_of(a.file(), "PRAGMA user_version")[0][0]; };
  CHECK(read_shown(a, "k") == json({{"n", 1}}));
  CHECK(must(must(SpaceReader::open(a.file(), a.space(), a.ports().hasher))->resolutions("c-"))
            .empty());
  CHECK(a.check().differences.empty());
  CHECK(must(must(RecordSource::open(a.file(), a.space(), a.ports().rng))->mutations()).empty());
  {
    SpaceStore::Options options;
    options.read_only = true;
    a.open(options);
    const auto refused = write(a, change(named(1), {put("k", {{"n", 2}})}));
    CHECK(code_of(refused) == Code::kReadOnly);
    a.close();
  }
  CHECK(version() == 1);
  a.open();
  CHECK(version() == schema_version());
  CHECK(read_shown(a, "k") == json({{"n", 1}}));
  must(write(a, change(named(1), {put("k", {{"n", 2}})})));
  CHECK(must(write(a, change(named(1), {put("k", {{"n", 2}})}))).repeated);
  CHECK(a.check().differences.empty());
}

TEST_CASE("what clients wrote to a default that moved is known in the one that it is a part of") {
  VaultDevice laptop;
  VaultDevice pi;
  laptop.open();
  pi.open();
  const SpaceId old = home_of(laptop);
  const SpaceId common = home_of(pi);
  const LocalChange visit = change(named(1), {add("k", "visits", 1)});
  const auto write_to = [&](const SpaceId& space, const LocalChange& one) {
    laptop.wall.ms += 1000;
    SpaceStore* const store = must(laptop.vault().space(space));
    return must(std::move(store->write({one}, laptop.wall).answers.front()));
  };
  const Written first = write_to(old, visit);
  pair(laptop, pi);
  laptop.pull(pi, common);
  static_cast<void>(must(laptop.vault().move_home(laptop.wall)));
  CHECK(write_to(common, visit).dot == first.dot);
  while (must(laptop.vault().move_home(laptop.wall)).state == HomeMove::State::kMoving) {
  }
  CHECK(write_to(common, visit).repeated);
  CHECK_FALSE(write_to(common, change(named(2), {add("k", "visits", 1)})).repeated);
  const auto rows = rows_of(laptop.vault().file_of(common), "SELECT value FROM lanyard_records");
  CHECK(rows.dump().find("\\\"visits\\\":2") != std::string::npos);
}

}  // namespace lanyard::storage
