#include "storage/space_reader.hpp"
#include "replication/merge/version.hpp"
#include "tests/unit/storage/storage_test.hpp"

namespace lanyard::storage {
namespace {

const crypto::SodiumHasher kReadersHasher;

std::unique_ptr<SpaceReader> reader_of(Device& device) {
  return must(SpaceReader::open(device.file(), device.space(), kReadersHasher));
}

std::vector<std::string> keys(const RecordPage& page) {
  std::vector<std::string> out;
  for (const ReadRecord& record : page.records) out.push_back(record.key);
  return out;
}

RecordQuery query_of(std::vector<Condition> where, std::string order = {}, bool down = false) {
  return {"notes", std::move(where), std::move(order), down, 100, {}};
}

}  // namespace

TEST_CASE("a reader sees what was committed, with the version of it") {
  Group group(1);
  Device& a = group[0];
  auto reader = reader_of(a);
  CHECK(must(reader->get("notes", "n1")).version == "0");
  const Written written = a.write(put("n1", {{"id", "n1"}, {"b", 1}, {"zz", 2}}));
  ReadRecord record = must(reader->get("notes", "n1"));
  CHECK(record.json == R"({"b":1,"id":"n1","zz":2})");
  CHECK(record.version == written.versions[0]);
  LocalOp edit = patch("n1", {{"b", 2}});
  edit.based_on = record.version;
  a.write(edit);
  record = must(reader->get("notes", "n1"));
  LocalOp gone = remove("n1");
  gone.based_on = record.version;
  a.write(gone);
  record = must(reader->get("notes", "n1"));
  CHECK(record.json.empty());
  CHECK(record.version == "0");
  const auto trash = must(reader->trash(RecordOf{"notes", "n1"}, 10));
  REQUIRE(trash.size() == 3);
  CHECK(trash[0].json == "2");
  CHECK(trash[0].deleted_by.size() == 1);
}

TEST_CASE("who writes is told what a reader sees then, if it wants to know") {
  Group group(2);
  Device& a = group[0];
  auto reader = reader_of(a);
  const auto check = [&](LocalOp op) {
    const std::string key = op.key;
    LocalChange change{{std::move(op)}};
    change.wants_shown = true;
    const WriteOutcome outcome = a.store().write({change}, a.wall);
    REQUIRE(outcome.answers[0]);
    CHECK(outcome.answers[0]->shown == must(reader->get("notes", key)).json);
    return outcome.answers[0]->shown;
  };
  CHECK(check(put("n", {{"id", "n"}, {"x", 1}})) == R"({"id":"n","x":1})");
  CHECK(check(patch("n", {{"y", 2}})) == R"({"id":"n","x":1,"y":2})");
  CHECK(check(set_op(oplog::OpKind::kSetAdd, "n", "s", 1)) == R"({"id":"n","s":[1],"x":1,"y":2})");
  group.sync();
  group[1].write(patch("n", {{"z", 3}}));
  group.sync();
  CHECK(check(patch("n", {{"x", 4}})) == R"({"id":"n","s":[1],"x":4,"y":2,"z":3})");
  CHECK(check(patch("n", {{"x", std::string(2 << 20, 'x')}})).size() > 2 << 20);
  CHECK(check(remove("n")).empty());
  CHECK(a.write(put("n", {{"x", 1}})).shown.empty());
}

TEST_CASE("the version of a read is what the merge says a reader has seen") {
  Group group(2);
  Device& a = group[0];
  a.write({put("n", {{"x", 1}, {"y", 1}}), set_op(oplog::OpKind::kSetAdd, "n", "s", 1)});
  group.sync();
  a.write(patch("n", {{"x", 2}}));
  group[1].write(patch("n", {{"x", 3}}));
  group[1].write(add("n", "c", 1));
  group.sync();
  auto reader = reader_of(a);
  const ReadRecord record = must(reader->get("notes", "n"));
  // Who has seen all of it may delete it: the strictest judge of a version.
  LocalOp gone = remove("n");
  gone.based_on = record.version;
  CHECK(a.try_write({gone}).has_value());
}

TEST_CASE("queries compare fields by type, in pages") {
  Group group(1);
  Device& a = group[0];
  std::vector<LocalOp> ops;
  for (int i = 0; i < 25; ++i) {
    json fields{{"n", i % 5}, {"t", "t" + std::to_string(i)}};
    if (i % 2 == 0) fields["even"] = true;
    if (i == 7) fields["n"] = "3";
    const std::string key = (i < 10 ? "k0" : "k") + std::to_string(i);
    if (i % 3 == 0) fields["id"] = key;
    ops.push_back(put(key, fields));
  }
  a.write(ops);
  auto reader = reader_of(a);
  const auto is = [](const char* field, Comparison comparison, const char* text) {
    return Condition{field, comparison, {value(text)}};
  };
  CHECK(must(reader->count(query_of({is("n", Comparison::kEqual, "3")}))) == 5);
  CHECK(must(reader->count(query_of({is("n", Comparison::kNotEqual, "3")}))) == 20);
  CHECK(must(reader->count(query_of({is("n", Comparison::kEqual, "\"3\"")}))) == 1);
  CHECK(must(reader->count(query_of({is("n", Comparison::kGreaterOrEqual, "3")}))) == 10);
  CHECK(must(reader->count(query_of({is("even", Comparison::kEqual, "true")}))) == 13);
  CHECK(must(reader->count(query_of({is("even", Comparison::kNotEqual, "true")}))) == 12);
  CHECK(must(reader->count(query_of({is("t", Comparison::kPrefix, "\"t2\"")}))) == 6);
  CHECK(keys(must(reader->query(query_of({is("id", Comparison::kEqual, "\"k03\"")})))) ==
        std::vector<std::string>{"k03"});
  const Condition in{"n", Comparison::kIn, {value("1"), value("2")}};
  CHECK(must(reader->count(query_of({in}))) == 9);
  for (const bool down : {false, true}) {
    for (const char* order : {"", "n", "even", "id"}) {
      RecordQuery query = query_of({}, order, down);
      std::vector<std::string> expected = keys(must(reader->query(query)));
      CHECK(expected.size() == 25);
      query.limit = 4;
      std::vector<std::string> found;
      do {
        const RecordPage page = must(reader->query(query));
        for (const std::string& key : keys(page)) found.push_back(key);
        query.cursor = page.cursor;
      } while (!query.cursor.empty());
      INFO(order << down);
      CHECK(found == expected);
    }
  }
  RecordQuery bad = query_of({});
  bad.cursor = "zz";
  CHECK(code_of(reader->query(bad)) == Code::kUsage);
  CHECK(must(reader->numbers()).records == 25);
}

TEST_CASE("conflicts name every sibling, the shown one first, until somebody settles them") {
  Group group(2);
  group[0].write(put("n", {{"x", 0}}));
  group.sync();
  group[0].write(patch("n", {{"x", 1}}));
  group[1].wall.ms += 60'000;
  group[1].write(patch("n", {{"x", 2}}));
  group.sync();
  auto first = reader_of(group[0]);
  auto second = reader_of(group[1]);
  const auto conflicts = must(first->conflicts({}, 10));
  REQUIRE(conflicts.size() == 1);
  REQUIRE(conflicts[0].siblings.size() == 2);
  CHECK(conflicts[0].siblings[0].json == "2");
  CHECK(conflicts[0].siblings[0].shown);
  CHECK(conflicts[0].siblings[0].device == group[1].id());
  CHECK(conflicts[0].siblings[0].time_ms == group[1].wall.ms);
  CHECK(conflicts[0].siblings[1].device == group[0].id());
  CHECK(must(second->conflicts(RecordOf{"notes", "n"}, 10))[0].id == conflicts[0].id);
  CHECK(must(second->conflict_count()) == 1);
  LocalOp settle = patch("n", {{"x", 1}});
  settle.based_on = conflicts[0].version;
  group[0].write(settle);
  CHECK(must(first->conflicts({}, 10)).empty());
}

TEST_CASE("a reading that is given up leaves its reader as good as before") {
  const bool has_read = GENERATE(false, true);
  Group group(1);
  Device& a = group[0];
  a.write(put("k", {{"n", 0}}));
  const auto reader = reader_of(a);
  if (has_read) CHECK(must(reader->query(query_of({}, "n"))).records.size() == 1);
  // Each collection has a view. A reader takes the new schema in with its next reading, and is
  // given up while it does.
  std::vector<LocalOp> ops;
  for (int n = 0; n < 500; ++n) ops.push_back(put("k", {{"n", n}}, "c" + std::to_string(n)));
  a.write(ops);
  std::atomic<bool> is_given_up{true};
  reader->take_at_most({limits::kReadTimeMax, is_given_up});
  for (int i = 0; i < 2; ++i)
    CHECK(code_of(reader->query(query_of({}, "n"))) == Code::kInterrupted);
  is_given_up = false;
  CHECK(must(reader->query(query_of({}, "n"))).records.size() == 1);
  CHECK(must(reader->get("c3", "k")).json == R"({"n":3})");
}

TEST_CASE("a file that is missing or of another space is not read") {
  Group group(1);
  CHECK(code_of(SpaceReader::open(group.folder() / "none.db", group[0].space(), kReadersHasher)) ==
        Code::kNotFound);
  CHECK(code_of(SpaceReader::open(group[0].file(), SpaceId{}, kReadersHasher)) ==
        Code::kWrongSpace);
}

}  // namespace lanyard::storage
