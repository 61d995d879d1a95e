#include "replication/types/limits.hpp"
#include "storage/condition.hpp"
#include "storage/indexes.hpp"
#include "storage/mutation_rows.hpp"
#include "storage/record_source.hpp"
#include "storage/resolution_rows.hpp"
#include "storage/space_reader.hpp"
#include "storage/views.hpp"
#include "tests/unit/storage/storage_test.hpp"

/// What apps and members can grow in a space: as much as there may be, one more, and ten times as
/// much.
namespace lanyard::storage {
namespace {

std::int64_t number_in(const Device& device, const std::string& sql) {
  return rows_of(device.file(), sql)[0][0];
}

std::string numbered(std::string_view name, std::size_t number) {
  const std::string digits = std::to_string(number);
  return std::string(name) + std::string(6 - digits.size(), '0') + digits;
}

/// A record of so many fields, the first with the least name.
json record_of_fields(std::size_t count) {
  json fields = json::object();
  for (std::size_t i = 0; i < count; ++i) fields[numbered("f", i)] = 1;
  return fields;
}

/// As the fields are read: in their order.
std::vector<std::string> names_of_fields(std::size_t count) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < count; ++i) out.push_back(numbered("f", i));
  return out;
}

/// Rows as clients' changes would have left them, the first the oldest.
void add_mutations(Database& database, std::uint64_t count) {
  must(database.execute(
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<" +
      std::to_string(count) +
      ") INSERT INTO lanyard_mutations (id, content, log, seq, ops, at_ms)"
      " SELECT CAST(printf('%016d', i) AS BLOB), zeroblob(32), zeroblob(32), i, 1, i FROM n"));
}

void add_resolutions(Database& database, std::uint64_t count, std::int64_t at_ms) {
  must(database.execute(
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<" +
      std::to_string(count) +
      ") INSERT INTO lanyard_resolutions (conflict, collection, key, field, siblings, version,"
      " at_ms) SELECT 'c', 'notes', 'k', 'f', '[]', 'v', " +
      std::to_string(at_ms) + " FROM n"));
}

/// Resolutions of that age that are still there once another conflict was settled.
std::int64_t resolutions_left(std::uint64_t count, std::chrono::milliseconds age) {
  Group group(1);
  Device& a = group[0];
  a.close();
  Database database = must(Database::open(a.file(), Database::Mode::kReadWrite, {}));
  add_resolutions(database, count, a.wall.ms - age.count());
  LocalChange change;
  change.settled.push_back({"another", "notes", "k", "f", "[]"});
  Written written;
  written.versions.emplace_back("v");
  must(ResolutionRows(database).note(change, written, a.wall));
  return number_in(a, "SELECT count(*) FROM lanyard_resolutions") - 1;
}

Result<Where> where_of(std::size_t conditions, std::size_t values) {
  std::vector<Condition> all(conditions, {"f", Comparison::kEqual, {value("1")}});
  if (values > 0) all.push_back({"f", Comparison::kIn, std::vector<Bytes>(values, value("1"))});
  return Where::of(std::move(all));
}

/// How many of six records that are so large come with the first page.
std::size_t first_page_of(std::size_t record_bytes) {
  Group group(1);
  Device& a = group[0];
  for (std::size_t i = 0; i < 6; ++i) a.write(put(numbered("k", i), {{"t", ""}}));
  a.close();
  {
    Database database = must(Database::open(a.file(), Database::Mode::kReadWrite, {}));
    const std::size_t text = record_bytes - std::string_view(R"({"t":""})").size();
    must(Query(database,
               "UPDATE lanyard_records SET value = '{\"t\":\"' ||"
               " substr(hex(zeroblob(?)), 1, ?) || '\"}' WHERE key <> 'info'")
             .bind(std::uint64_t{text})
             .bind(std::uint64_t{text})
             .run());
  }
  const auto reader = must(SpaceReader::open(a.file(), a.space(), a.ports().hasher));
  RecordQuery query;
  query.collection = "notes";
  query.limit = limits::kPageRows;
  const RecordPage page = must(reader->query(query));
  REQUIRE(page.records.front().json.size() == record_bytes);
  CHECK(page.cursor.empty() == (page.records.size() == 6));
  return page.records.size();
}

}  // namespace

TEST_CASE("a view has 200 columns with its id, and says how many fields have none") {
  constexpr std::size_t kFields = limits::kViewColumnsMax - 1;
  for (const auto& [fields, beyond] :
       {std::pair(kFields, std::size_t{0}), std::pair(kFields + 1, std::size_t{1}),
        std::pair(10 * kFields, 9 * kFields)}) {
    const ViewColumns columns = columns_of(names_of_fields(fields));
    CHECK(columns.shown.size() == kFields);
    CHECK(columns.beyond == beyond);
    Group group(1);
    group[0].write(put("k", record_of_fields(fields)));
    CHECK(number_in(group[0], "SELECT count(*) FROM pragma_table_info('notes')") ==
          limits::kViewColumnsMax);
  }
}

TEST_CASE("256 fields of a collection are known: those with the least names, whatever came first") {
  constexpr std::size_t kMax = RecordRows::kFieldsMax;
  for (const std::size_t fields : {kMax, kMax + 1, 10 * kMax}) {
    Group group(1);
    Device& a = group[0];
    a.write(put("later", {{"g", 1}}));
    a.write(put("k", record_of_fields(fields)));
    CHECK(number_in(a, "SELECT count(*) FROM lanyard_fields") == kMax);
    const json last = numbered("f", kMax - 1);
    CHECK(rows_of(a.file(), "SELECT max(name) FROM lanyard_fields")[0][0] == last);
    CHECK(a.check().differences.empty());
  }
}

TEST_CASE("1,000 collections have a view, and of the others people are told") {
  constexpr std::size_t kViews = 1000;
  Group group(1);
  Device& a = group[0];
  const auto write_collections = [&](std::size_t first, std::size_t count) {
    std::vector<LocalOp> ops;
    for (std::size_t i = first; i < first + count; ++i)
      ops.push_back(put("k", {{"n", 1}}, numbered("c", i)));
    a.write(std::move(ops));
    return number_in(a, "SELECT count(*) FROM sqlite_schema WHERE type='view'");
  };
  CHECK(write_collections(0, kViews) == kViews);
  CHECK(a.store().take_notes().empty());
  CHECK(write_collections(kViews, 1) == kViews);
  CHECK(a.store().take_notes().size() == 1);
  CHECK(write_collections(kViews + 1, 9 * kViews - 1) == kViews);
  CHECK(number_in(a, "SELECT n FROM c000999") == 1);
}

TEST_CASE("a view has a name of 64 letters, and no more") {
  CHECK(may_have_view(std::string(64, 'c')));
  CHECK_FALSE(may_have_view(std::string(65, 'c')));
  CHECK_FALSE(may_have_view(std::string(640, 'c')));
}

TEST_CASE("a collection has 16 indexes, one more is refused, and another collection has its own") {
  Group group(1);
  Device& a = group[0];
  const auto declare = [&](std::string_view collection, std::size_t number) {
    return a.store().declare_index({std::string(collection), numbered("f", number)}, true);
  };
  for (std::size_t i = 0; i < kIndexesOfCollectionMax; ++i) must(declare("notes", i));
  for (std::size_t i = kIndexesOfCollectionMax; i < 10 * kIndexesOfCollectionMax; ++i)
    CHECK(declare("notes", i).error().is(Code::kTooLarge));
  must(declare("notes", 0));  // it is there
  must(declare("others", 0));
  must(a.store().declare_index({"notes", numbered("f", 0)}, false));
  must(declare("notes", kIndexesOfCollectionMax));
  CHECK(number_in(a, "SELECT count(*) FROM lanyard_indexes WHERE collection='notes'") ==
        kIndexesOfCollectionMax);
}

TEST_CASE("a question has 64 comparisons and 10,000 values, and no more") {
  CHECK(where_of(Where::kConditionsMax, 0).has_value());
  CHECK(code_of(where_of(Where::kConditionsMax + 1, 0)) == Code::kTooLarge);
  CHECK(code_of(where_of(10 * Where::kConditionsMax, 0)) == Code::kTooLarge);
  CHECK(where_of(0, Where::kValuesMax).has_value());
  CHECK(code_of(where_of(0, Where::kValuesMax + 1)) == Code::kTooLarge);
  CHECK(code_of(where_of(0, 10 * Where::kValuesMax)) == Code::kTooLarge);
  CHECK(where_of(1, Where::kValuesMax - 1).has_value());
  CHECK(code_of(where_of(1, Where::kValuesMax)) == Code::kTooLarge);
}

TEST_CASE("a page ends with the record that passes 4 MiB") {
  CHECK(first_page_of(limits::kPageBytes / 4) == 5);
  CHECK(first_page_of(limits::kPageBytes / 4 + 1) == 4);
  CHECK(first_page_of(limits::kPageBytes + 1) == 1);
  CHECK(first_page_of(10 * limits::kPageBytes) == 1);
}

TEST_CASE("one write forgets 10,000 names of changes at most, and the next ones the others") {
  constexpr std::uint64_t kMax = limits::kMutationsForgottenMax;
  for (const std::uint64_t beyond : {kMax, kMax + 1, 10 * kMax}) {
    Group group(1);
    Device& a = group[0];
    a.close();
    {
      Database database = must(Database::open(a.file(), Database::Mode::kReadWrite, {}));
      add_mutations(database, beyond);
    }
    SpaceStore::Options options;
    options.mutations_kept = 1;
    a.open(options);
    const auto write_named = [&](std::uint8_t number) {
      Mutation name;
      name.id.bytes.fill(number);
      a.wall.ms += 1;
      must(a.store().write({{{put("k", {{"n", 1}})}, true, name}}, a.wall).answers.front());
      return static_cast<std::uint64_t>(number_in(a, "SELECT count(*) FROM lanyard_mutations"));
    };
    CHECK(write_named(1) == beyond + 1 - kMax);
    CHECK(write_named(2) == std::max(beyond + 2, 2 * kMax + 1) - 2 * kMax);
  }
}

TEST_CASE("the 20,000 newest names of changes go along with a space that moves") {
  constexpr std::uint64_t kMax = limits::kMutationsCarriedMax;
  for (const std::uint64_t count : {kMax, kMax + 1, 10 * kMax}) {
    Group group(1);
    Device& a = group[0];
    a.close();
    {
      Database database = must(Database::open(a.file(), Database::Mode::kReadWrite, {}));
      add_mutations(database, count);
    }
    const auto source = must(RecordSource::open(a.file(), a.space(), a.ports().rng));
    const auto carried = must(source->mutations());
    REQUIRE(carried.size() == kMax);
    CHECK(carried.back().dot.seq == Seq{count});
    CHECK(carried.front().dot.seq == Seq{count - kMax + 1});
  }
}

TEST_CASE("a resolved conflict is known for 90 days, and the newest 1,000 at any age") {
  constexpr std::uint64_t kMax = limits::kResolutionsAlwaysKept;
  constexpr std::chrono::milliseconds kKept = limits::kResolutionKept;
  constexpr std::chrono::milliseconds kOlder = kKept + std::chrono::milliseconds(1);
  CHECK(resolutions_left(kMax, kOlder) == kMax);
  CHECK(resolutions_left(kMax + 1, kOlder) == kMax);
  CHECK(resolutions_left(10 * kMax, kOlder) == kMax);
  CHECK(resolutions_left(kMax, 10 * kKept) == kMax);
  CHECK(resolutions_left(kMax + 1, 10 * kKept) == kMax);
  CHECK(resolutions_left(10 * kMax, kKept) == 10 * kMax);
}

}  // namespace lanyard::storage
