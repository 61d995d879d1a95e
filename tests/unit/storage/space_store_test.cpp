#include "tests/unit/storage/storage_test.hpp"

namespace lanyard::storage {
namespace {

json notes(Device& device) {
  return rows_of(device.file(), "SELECT value FROM lanyard_records ORDER BY key");
}

}  // namespace

TEST_CASE("what a device wrote is there after it was opened again") {
  Group group(1);
  Device& a = group[0];
  a.write(put("n1", {{"title", "one"}, {"n", 1}}));
  a.write(patch("n1", {{"n", 2}}));
  const std::string before = a.state_hash();
  a.open();
  CHECK(a.state_hash() == before);
  CHECK(notes(a) == json::parse(R"([["{\"n\":2,\"title\":\"one\"}"]])"));
  a.write(patch("n1", {{"n", 3}}));
  CHECK(notes(a) == json::parse(R"([["{\"n\":3,\"title\":\"one\"}"]])"));
  CHECK(a.check().differences.empty());
}

TEST_CASE("devices that exchanged everything have equal states, in whatever slices it came") {
  Group group(3);
  for (int i = 0; i < 40; ++i) {
    const std::string key = "n" + std::to_string(i % 7);
    for (std::size_t d = 0; d < group.size(); ++d) {
      Device& device = group[d];
      const auto who = static_cast<int>(d);
      device.write(patch(key, {{"by", who}, {"n", i}}));
      device.write(add(key, "count", i + who));
      device.write(set_op(oplog::OpKind::kSetAdd, key, "tags", "t" + std::to_string(i % 3)));
      if (i % 11 == 5) static_cast<void>(device.try_write({remove(key)}));
      if (i % 17 == 16) device.write(clear());
    }
    if (i % 9 == 8) group[1].pull(group[0], 1);
    if (i % 13 == 12) group[2].pull(group[1], 600);
  }
  group.sync();
  CHECK(group[0].clock() == group[1].clock());
  CHECK(group[0].state_hash() == group[1].state_hash());
  CHECK(group[0].state_hash() == group[2].state_hash());
  for (std::size_t d = 0; d < group.size(); ++d) {
    CHECK(group[d].check().differences.empty());
  }
}

TEST_CASE("folding changes nothing but the rows of the log") {
  Group group(2);
  for (int i = 0; i < 700; ++i) group[0].write(put("n" + std::to_string(i), {{"n", i}}));
  const std::string before = group[0].state_hash();
  const auto rows = [&] {
    return rows_of(group[0].file(), "SELECT count(*) FROM lanyard_log")[0][0].get<int>();
  };
  CHECK(rows() > 700);
  while (must(group[0].store().tidy())) {
  }
  CHECK(rows() < 10);
  CHECK(group[0].state_hash() == before);
  CHECK(group[0].check().differences.empty());
  group[1].pull(group[0]);
  CHECK(group[1].state_hash() == before);
  // Half a pack, made anew for one who holds the other half.
  group[0].write(put("last", {{"n", 1}}));
  while (must(group[0].store().tidy())) {
  }
  group[1].pull(group[0]);
  CHECK(group[1].state_hash() == group[0].state_hash());
  group[1].open();
  group[1].write(put("more", {{"n", 2}}));
  group[0].pull(group[1]);
  CHECK(group[1].state_hash() == group[0].state_hash());
}

TEST_CASE("small writes go round in a few megabytes of WAL, if there is time between them") {
  Group group(1);
  Device& a = group[0];
  const auto wal_bytes = [&] { return std::filesystem::file_size(a.file().string() + "-wal"); };
  const auto write_many = [&](int count, bool tidies) {
    for (int i = 0; i < count; ++i) {
      a.write(put("n" + std::to_string(i), {{"n", i}}));
      while (tidies && must(a.store().tidy())) {
      }
    }
  };
  constexpr std::uintmax_t kMebibyte = 1 << 20;
  write_many(1500, true);
  CHECK(wal_bytes() < 6 * kMebibyte);
  const std::string before = a.state_hash();
  a.open();
  CHECK(a.state_hash() == before);
  SECTION("else they make it longer") {
    write_many(1500, false);
    CHECK(wal_bytes() > 12 * kMebibyte);
  }
  SECTION("what a reader still looks at stays in it, and is copied once the reader is gone") {
    {
      Database reader = must(Database::open(a.file(), Database::Mode::kReadOnly, {}));
      must(reader.begin_snapshot());
      write_many(1000, true);
      CHECK(wal_bytes() > 8 * kMebibyte);
    }
    const auto longest = wal_bytes();
    write_many(1500, true);
    CHECK(wal_bytes() < longest + 6 * kMebibyte);
  }
}

TEST_CASE("a large value is cut into chunks and put together again") {
  Group group(2);
  const std::string large(3 << 20, 'x');
  group[0].write(put("big", {{"text", large}, {"title", "small"}}));
  CHECK(notes(group[0])[0][0].get<std::string>().size() > large.size());
  group[1].pull(group[0]);
  CHECK(group[1].state_hash() == group[0].state_hash());
  CHECK(must(group[1].store().without_effect()).empty());
  CHECK(group[1].check().differences.empty());
}

TEST_CASE("a delete of something unread is refused and leaves the rest of the run alone") {
  Group group(2);
  const Written first = group[0].write(put("n1", {{"a", 1}}));
  group[0].write(patch("n1", {{"a", 2}}));
  LocalOp stale = remove("n1");
  stale.based_on = first.versions[0];
  const WriteOutcome outcome = group[0].store().write(
      {{{put("n2", {{"b", 1}})}}, {{stale}}, {{put("n3", {{"c", 1}})}}}, group[0].wall);
  REQUIRE(outcome.answers.size() == 3);
  CHECK(outcome.answers[0].has_value());
  CHECK(code_of(outcome.answers[1]) == Code::kConflict);
  CHECK(outcome.answers[2].has_value());
  CHECK(outcome.runs.size() == 1);
  CHECK(outcome.runs[0].changes.size() == 2);
  CHECK(code_of(group[0].try_write({remove("n9")})) == Code::kNotFound);
  LocalOp garbage = patch("n1", {{"a", 3}});
  garbage.based_on = "%%%";
  CHECK(code_of(group[0].try_write({garbage})) == Code::kUsage);
}

TEST_CASE("ops of one change on one record see each other") {
  Group group(1);
  Device& a = group[0];
  a.write({put("n1", {{"a", 1}}), patch("n1", {{"b", 2}}), add("n1", "c", 3), add("n1", "c", 4)});
  CHECK(notes(a) == json::parse(R"([["{\"a\":1,\"b\":2,\"c\":7}"]])"));
  a.write({remove("n1"), put("n1", {{"z", 1}})});
  CHECK(notes(a) == json::parse(R"([["{\"z\":1}"]])"));
  CHECK(a.check().differences.empty());
}

TEST_CASE("a record comes back from the trash whole") {
  Group group(1);
  Device& a = group[0];
  a.write(put("n1", {{"a", 1}}));
  a.write(remove("n1"));
  CHECK(notes(a) == json::parse("[[null]]"));
  CHECK(rows_of(a.file(), "SELECT field, value FROM lanyard_trash") ==
        json::parse(R"([["a","1"]])"));
  a.write(restore("n1"));
  CHECK(notes(a) == json::parse(R"([["{\"a\":1}"]])"));
  CHECK(rows_of(a.file(), "SELECT count(*) FROM lanyard_trash") == json::parse("[[0]]"));
  CHECK(code_of(a.try_write({restore("n1")})) == Code::kNotFound);
}

TEST_CASE("what a change deletes it cannot bring back, in a new log neither") {
  Group group(1);
  Device& a = group[0];
  a.write(put("n1", {{"a", 1}}));
  for (const bool is_new_log : {false, true}) {
    if (is_new_log) must(a.store().start_incarnation());
    for (const LocalOp& taken_away : {remove("n1"), clear()})
      CHECK(code_of(a.try_write({taken_away, restore("n1")})) == Code::kUsage);
    CHECK(notes(a) == json::parse(R"([["{\"a\":1}"]])"));
  }
  CHECK(a.check().differences.empty());
}

TEST_CASE("a new incarnation names the one before and goes on beside it") {
  Group group(2);
  Device& a = group[0];
  a.write(put("n1", {{"a", 1}}));
  const SpaceState before = a.store().state();
  must(a.store().start_incarnation());
  CHECK_FALSE(a.store().state().own_log.has_value());
  a.open();
  a.write(patch("n1", {{"a", 2}}));
  const SpaceState after = a.store().state();
  CHECK(after.own_log != before.own_log);
  CHECK(after.log.logs.at(*before.own_log).head == before.own_head);
  group[1].pull(a);
  CHECK(group[1].state_hash() == a.state_hash());
  CHECK(notes(a) == json::parse(R"([["{\"a\":2}"]])"));
}

TEST_CASE("views show the fields of each collection to anyone with sqlite3") {
  Group group(1);
  Device& a = group[0];
  a.write(
      {put("c1", {{"title", "First"}, {"id", "c1"}, {"odd name", 1}}, "chats"),
       put("6fd0b33e-2a4b-4b6e-9d3f-0a1b2c3d4e5f", {{"title", "Second"}, {"Title", 2}}, "chats"),
       put("x", {{"a", 1}}, "lanyard_records"), put("y", {{"a", 1}}, "no view")});
  CHECK(rows_of(a.file(), "SELECT id, title, \"odd name\" FROM chats ORDER BY id") ==
        json::parse(R"([["6fd0b33e-2a4b-4b6e-9d3f-0a1b2c3d4e5f",2,null],["c1",null,1]])"));
  CHECK(rows_of(a.file(), "SELECT count(*) FROM sqlite_schema WHERE type='view'") ==
        json::parse("[[1]]"));
  CHECK(a.store().take_notes().empty());
}

}  // namespace lanyard::storage
