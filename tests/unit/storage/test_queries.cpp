#include "storage/member_sql.hpp"
#include "storage/query_parts.hpp"
#include "storage/record_key.hpp"
#include "storage/space_reader.hpp"
#include "tests/unit/storage/storage_test.hpp"

/// Queries: what conditions mean, in which order records come, and how they are found.
namespace lanyard::storage {
namespace {

using namespace std::string_literals;

const crypto::SodiumHasher kQueryHasher;

constexpr const char* kUuid = "0b6f5a2e-0000-4000-8000-00000000000a";
constexpr const char* kLaterUuid = "f0000000-0000-4000-8000-000000000000";

std::unique_ptr<SpaceReader> reader_for(Device& device) {
  return must(SpaceReader::open(device.file(), device.space(), kQueryHasher));
}

Condition is(const char* field, Comparison comparison, const std::string& text) {
  return {field, comparison, {value(text)}};
}

RecordQuery asking(std::vector<Condition> where, std::string order = {}, bool down = false) {
  RecordQuery out;
  out.collection = "notes";
  out.where = must(Where::of(std::move(where)));
  out.order_field = std::move(order);
  out.descending = down;
  return out;
}

/// Keys of all that a query finds, read in pages of `limit`; the count says the same.
std::vector<std::string> found(SpaceReader& reader, RecordQuery query, std::size_t limit = 100) {
  query.limit = limit;
  std::vector<std::string> out;
  do {
    const RecordPage page = must(reader.query(query));
    for (const ReadRecord& record : page.records) out.push_back(record.key);
    query.cursor = page.cursor;
  } while (!query.cursor.empty());
  CHECK(must(reader.count(query)) == out.size());
  return out;
}

using Keys = std::vector<std::string>;

void declare(Device& device, const char* field) {
  must(device.store().declare_index({"notes", field}, true));
}

/// Records whose id is their key, one that has none, and some with an id of their own.
void write_ids(Device& device) {
  device.write({put("b", {{"id", "b"}}), put("a", {{"n", 1}}), put(kUuid, {{"id", kUuid}}),
                put(kLaterUuid, json::object()), put("c", {{"id", nullptr}}),
                put("own-text", {{"id", "aa"}}), put("own-twin", {{"id", "b"}}),
                put("own-number", {{"id", 7.0}}), put("own-true", {{"id", true}}),
                put("own-list", {{"id", {1, "x"}}}), put("own-zero", {{"id", "z\0z"s}})});
}

}  // namespace

TEST_CASE("an id is the member, or else the key") {
  Group group(1);
  write_ids(group[0]);
  auto reader = reader_for(group[0]);
  const auto by_id = [&](Comparison comparison, const char* text) {
    return found(*reader, asking({is("id", comparison, text)}));
  };
  CHECK(by_id(Comparison::kEqual, R"("a")") == Keys{"a"});
  CHECK(by_id(Comparison::kEqual, R"("b")") == Keys{"b", "own-twin"});
  CHECK(by_id(Comparison::kEqual, R"("c")") == Keys{"c"});
  CHECK(by_id(Comparison::kEqual, R"("own-text")") == Keys{});
  CHECK(by_id(Comparison::kEqual, R"("aa")") == Keys{"own-text"});
  CHECK(by_id(Comparison::kEqual, R"("z\u0000z")") == Keys{"own-zero"});
  CHECK(by_id(Comparison::kEqual, R"("z")") == Keys{});
  CHECK(by_id(Comparison::kEqual, "7") == Keys{"own-number"});
  CHECK(by_id(Comparison::kEqual, "1") == Keys{});
  CHECK(by_id(Comparison::kEqual, "true") == Keys{"own-true"});
  CHECK(by_id(Comparison::kEqual, R"([1.0,"x"])") == Keys{"own-list"});
  CHECK(by_id(Comparison::kPrefix, R"("0b6f5a2e-")") == Keys{kUuid});
  CHECK(by_id(Comparison::kGreater, R"("f")") == Keys{"own-zero", kLaterUuid});
  CHECK(by_id(Comparison::kLess, R"("aa")") == Keys{"a", kUuid});
  CHECK(by_id(Comparison::kNotEqual, R"("b")").size() == 9);
  const Condition in{
      "id", Comparison::kIn, {value(R"("a")"), value("7"), value('"' + std::string(kUuid) + '"')}};
  CHECK(found(*reader, asking({in})) == Keys{"a", "own-number", kUuid});
  // One that lost its own id is not found by it any more.
  group[0].write(patch("own-text", {{"id", "now"}}));
  CHECK(by_id(Comparison::kEqual, R"("aa")") == Keys{});
  CHECK(by_id(Comparison::kEqual, R"("now")") == Keys{"own-text"});
}

TEST_CASE("records come in the order of ids, whatever the size of a page") {
  Group group(1);
  write_ids(group[0]);
  auto reader = reader_for(group[0]);
  const Keys up{"own-true", "own-number", kUuid, "own-list", "a",       "own-text",
                "b",        "own-twin",   "c",   kLaterUuid, "own-zero"};
  const Keys down(up.rbegin(), up.rend());
  for (std::size_t limit = 1; limit < 13; ++limit) {
    INFO(limit);
    CHECK(found(*reader, asking({}, "id"), limit) == up);
    CHECK(found(*reader, asking({}, "id", true), limit) == down);
    // With and without conditions, by another field and by the key.
    const Condition some = is("id", Comparison::kGreaterOrEqual, R"("a")");
    CHECK(found(*reader, asking({some}, "id"), limit) ==
          Keys{"a", "own-text", "b", "own-twin", "c", kLaterUuid, "own-zero"});
    CHECK(found(*reader, asking({some}, "", true), limit) ==
          Keys{kLaterUuid, "own-zero", "own-twin", "own-text", "c", "b", "a"});
    for (const bool has_index : {false, true}) {
      INFO(has_index);
      must(group[0].store().declare_index({"notes", "n"}, has_index));
      CHECK(found(*reader, asking({some}, "n", true), limit) ==
            Keys{"a", kLaterUuid, "own-zero", "own-twin", "own-text", "c", "b"});
    }
  }
}

TEST_CASE("the least UUID from a text on is the first whose text is not before it") {
  support::Chance chance(1);
  const auto text_of_key = [](const Bytes& key) { return to_text(*SpaceId::from(key)); };
  for (int i = 0; i < 20'000; ++i) {
    std::string text = to_text(chance.fixed<SpaceId>());
    if (chance.one_in(2)) text.resize(chance.below(text.size() + 1));
    if (chance.one_in(2) && !text.empty())
      text[chance.below(text.size())] = static_cast<char>(chance.one_in(2) ? 'f' : chance.next());
    if (chance.one_in(4)) text += static_cast<char>(chance.next());
    INFO(to_hex(as_bytes(text)));
    const auto least = least_uuid_from(text);
    if (!least) {
      CHECK((compare(as_bytes("ffffffff-ffff-ffff-ffff-ffffffffffff"), as_bytes(text)) < 0));
      continue;
    }
    CHECK((compare(as_bytes(text_of_key(*least)), as_bytes(text)) >= 0));
    Bytes before = *least;
    std::size_t at = before.size();
    while (at > 0 && before[at - 1]-- == 0) --at;
    if (at > 0) CHECK((compare(as_bytes(text_of_key(before)), as_bytes(text)) < 0));
  }
}

TEST_CASE("mixed values come in one order, with an index and without, in pages of any size") {
  Group group(1);
  Device& a = group[0];
  const json values[] = {nullptr,
                         false,
                         true,
                         0,
                         1,
                         1.0,
                         1.5,
                         -3,
                         9007199254740993LL,
                         9007199254740992.0,
                         "",
                         "a",
                         "a\0"s,
                         "a\0b"s,
                         "ab",
                         "\xC3\xA4",
                         {1, 2},
                         {{"x", 1}}};
  std::vector<LocalOp> ops{put("absent", json::object())};
  for (std::size_t i = 0; i < std::size(values); ++i)
    ops.push_back(
        put("k" + std::string(i < 10 ? "0" : "") + std::to_string(i), {{"v", values[i]}}));
  a.write(ops);
  auto reader = reader_for(a);
  const Keys up{"absent", "k00", "k07", "k01", "k03", "k02", "k04", "k05", "k06", "k09",
                "k08",    "k10", "k16", "k11", "k12", "k13", "k14", "k17", "k15"};
  const Keys down(up.rbegin(), up.rend());
  for (const bool has_index : {false, true}) {
    if (has_index) declare(a, "v");
    for (std::size_t limit = 1; limit < 21; ++limit) {
      INFO(has_index << " " << limit);
      CHECK(found(*reader, asking({}, "v"), limit) == up);
      CHECK(found(*reader, asking({}, "v", true), limit) == down);
    }
    const auto with = [&](Comparison comparison, const char* text) {
      return found(*reader, asking({is("v", comparison, text)}, "v"), 2);
    };
    CHECK(with(Comparison::kEqual, "1") == Keys{"k04", "k05"});
    CHECK(with(Comparison::kEqual, "true") == Keys{"k02"});
    CHECK(with(Comparison::kEqual, "null") == Keys{"k00"});
    CHECK(with(Comparison::kEqual, R"("a\u0000")") == Keys{"k12"});
    CHECK(with(Comparison::kEqual, "[1.0,2]") == Keys{"k16"});
    CHECK(with(Comparison::kGreater, "9007199254740992") == Keys{"k08"});
    CHECK(with(Comparison::kLess, "9007199254740993.0") == Keys{"k07", "k03", "k04", "k05", "k06"});
    CHECK(with(Comparison::kPrefix, R"("a\u0000")") == Keys{"k12", "k13"});
    CHECK(with(Comparison::kGreater, R"("a")") == Keys{"k12", "k13", "k14", "k15"});
    CHECK(with(Comparison::kNotEqual, "1.0").size() == 17);
  }
}

TEST_CASE("text behind U+0000 is whole in views, for every SQLite") {
  Group group(1);
  Device& a = group[0];
  a.write(put("before", {{"t", "plain"}}));
  CHECK(rows_of(a.file(), "SELECT t FROM notes") == json::parse(R"([["plain"]])"));
  const std::string odd =
      "\0a\\u0000\x01"
      "b\x01"
      "a\\\0\"\0"s;
  a.write({put("n", {{"t", odd}, {"list", {"\0"s}}, {"id", "i\0d"s}}),
           put("m", {{"t", 5}, {"u", "\\u0000"}})});
  CHECK(rows_of(a.file(), "SELECT t FROM notes WHERE list IS NOT NULL") ==
        json::array({json::array({odd})}));
  CHECK(rows_of(a.file(), "SELECT id, t, u FROM notes WHERE u IS NOT NULL OR t IS NULL") ==
        json::array({json::array({"m", 5, "\\u0000"})}));
  CHECK(rows_of(a.file(), "SELECT list FROM notes WHERE id = 'i' || char(0) || 'd'") ==
        json::parse(R"([["[\"\\u0000\"]"]])"));
  declare(a, "t");
  CHECK(rows_of(a.file(), "SELECT count(*) FROM notes WHERE t > char(0)") == json::parse("[[2]]"));
  CHECK(a.check().differences.empty());
}

TEST_CASE("a cursor is short, whatever it stands behind, and still good once its record is gone") {
  Group group(1);
  Device& a = group[0];
  std::vector<LocalOp> ops;
  const std::string begin(100'000, 'x');
  for (int i = 0; i < 9; ++i)
    ops.push_back(put("k" + std::to_string(i), {{"long", begin + std::to_string(i / 2)}}));
  a.write(ops);
  auto reader = reader_for(a);
  for (const bool down : {false, true}) {
    RecordQuery query = asking({}, "long", down);
    const Keys all = found(*reader, query);
    CHECK(found(*reader, query, 2) == all);
    query.limit = 2;
    query.cursor = must(reader->query(query)).cursor;
    CHECK(query.cursor.size() < 1000);
    const std::string last = all[1];
    a.write(patch(last, {{"long", "elsewhere"}}));
    // Some may come twice; none is left out.
    query.limit = 100;
    const RecordPage rest = must(reader->query(query));
    for (std::size_t i = 2; i < all.size(); ++i)
      CHECK(std::any_of(rest.records.begin(), rest.records.end(),
                        [&](const ReadRecord& each) { return each.key == all[i]; }));
    a.write(patch(last, {{"long", begin + "9"}}));
  }
}

TEST_CASE("a cursor of another query is refused, and so is an order by nothing known") {
  Group group(1);
  Device& a = group[0];
  a.write({put("a", {{"speed", 1}}), put("b", {{"speed", 2}})});
  auto reader = reader_for(a);
  RecordQuery query = asking({is("speed", Comparison::kGreater, "0")}, "speed");
  query.limit = 1;
  query.cursor = must(reader->query(query)).cursor;
  REQUIRE(!query.cursor.empty());
  CHECK(must(reader->query(query)).records.size() == 1);
  const auto refused = [&](RecordQuery other) {
    other.cursor = query.cursor;
    return code_of(reader->query(other)) == Code::kUsage;
  };
  CHECK(refused(asking({is("speed", Comparison::kGreater, "0")}, "speed", true)));
  CHECK(refused(asking({is("speed", Comparison::kGreater, "1")}, "speed")));
  CHECK(refused(asking({}, "speed")));
  CHECK(refused(asking({is("speed", Comparison::kGreater, "0")}, "")));
  query.collection = "others";
  CHECK(code_of(reader->query(query)) == Code::kUsage);

  RecordQuery unknown = asking({}, "sped");
  CHECK(must(reader->query(unknown)).records.size() == 2);  // a program of ours asks so
  unknown.must_know_order = true;
  const auto answer = reader->query(unknown);
  REQUIRE(code_of(answer) == Code::kUsage);
  CHECK(answer.error().detail == R"(no record of "notes" has a field "sped" to order by)");
  CHECK(answer.error().fix == R"(Did you mean "speed"?)");
  unknown.collection = "nothing yet";
  CHECK(must(reader->query(unknown)).records.empty());
}

TEST_CASE("ids and declared fields are found by an index, in their order, from any cursor on") {
  Group group(1);
  Device& a = group[0];
  write_ids(a);
  a.write({put("k1", {{"f", 1}, {"g", "x"}}), put("k2", {{"f", "two"}})});
  declare(a, "f");
  Database database = must(Database::open(a.file(), Database::Mode::kReadOnly, {}));
  must(database.offer_record_functions());
  QueryGround ground;
  ground.has_own_ids = true;
  ground.indexed["f"] = member_sql("f", false);
  const auto check_plans = [&](const RecordQuery& query) {
    for (const SqlValue& order :
         {SqlValue(std::string("x")), SqlValue(std::int64_t{3}), SqlValue()}) {
      std::optional<PageCursor> cursor{PageCursor{order, "k", {}}};
      if (std::holds_alternative<std::monostate>(order) && query.order_field == "id")
        cursor.reset();
      for (const QueryPart& part : parts_of(query, ground, cursor)) {
        const std::string sql = "SELECT r.key," + part.order + part.rows.text + " ORDER BY " +
                                part.order_by + " LIMIT 50";
        Query plan(database, "EXPLAIN QUERY PLAN " + sql);
        INFO(sql);
        while (must(plan.next())) {
          INFO(plan.text(3));
          // Own ids are in the order of ids alone.
          if (part.rows.text.find("lanyard_own_ids") == std::string::npos ||
              query.order_field == "id")
            CHECK(plan.text(3).starts_with("SEARCH"));
          CHECK(plan.text(3).find("SCAN") == std::string_view::npos);
        }
      }
    }
  };
  for (const bool down : {false, true}) {
    for (const char* order : {"", "id", "f"}) {
      check_plans(asking({}, order, down));
      check_plans(asking({is("g", Comparison::kEqual, "1")}, order, down));
    }
    for (const char* order : {"", "id"}) {
      check_plans(asking({is("id", Comparison::kEqual, R"("b")")}, order, down));
      check_plans(asking({is("id", Comparison::kPrefix, R"("b")")}, order, down));
      check_plans(asking({is("id", Comparison::kGreater, R"("b")")}, order, down));
    }
    check_plans(asking({is("f", Comparison::kEqual, R"("b")")}, "f", down));
    check_plans(asking({is("f", Comparison::kPrefix, R"("b")")}, "f", down));
    check_plans(
        asking({is("f", Comparison::kLess, "3"), is("g", Comparison::kNotEqual, "1")}, "f", down));
  }
}

TEST_CASE("a file of an older version is read as it is, and brought up to date by its writer") {
  Group group(1);
  Device& a = group[0];
  write_ids(a);
  a.write(put("zero", {{"t", "x\0y"s}}));
  const RecordQuery by_id = asking({}, "id");
  const Keys all = found(*reader_for(a), by_id);
  a.close();
  make_version_5(a.file());
  {
    Database database = must(Database::open(a.file(), Database::Mode::kReadWrite, {}));
    must(
        database.execute("DROP TABLE lanyard_own_ids; DROP TABLE lanyard_zero_fields;"
                         "PRAGMA user_version = 4"));
  }
  const Condition twin = is("id", Comparison::kEqual, R"("b")");
  CHECK(found(*reader_for(a), by_id, 3) == all);
  CHECK(found(*reader_for(a), asking({twin}, "id")) == Keys{"b", "own-twin"});
  a.open();
  CHECK(rows_of(a.file(), "SELECT count(*) FROM lanyard_own_ids") == json::parse("[[6]]"));
  CHECK(found(*reader_for(a), by_id, 3) == all);
  CHECK(found(*reader_for(a), asking({twin}, "id")) == Keys{"b", "own-twin"});
  CHECK(rows_of(a.file(), "SELECT name FROM lanyard_zero_fields ORDER BY name") ==
        json::parse(R"([["id"],["t"]])"));
}

}  // namespace lanyard::storage
