// What `lanyard check --rebuild` says of records without members.
#include "storage/dots_blob.hpp"
#include "storage/sqlite.hpp"
#include "tests/unit/storage/storage_test.hpp"

namespace lanyard::storage {
namespace {

constexpr const char* kDotsOfEmpty = "SELECT dots FROM lanyard_records WHERE key = 'empty'";

/// As an earlier version kept it.
void add_idle_stamp(const fs::path& file) {
  Database database = must(Database::open(file, Database::Mode::kReadWrite, {}));
  Bytes dots;
  {
    Query query(database, kDotsOfEmpty);
    REQUIRE(must(query.next()));
    Dots found = must(decode_dots(query.blob(0)));
    REQUIRE(found.base.timestamp == Hlc{});
    found.base.timestamp = Hlc{4711};
    encode(found, dots);
  }
  must(Query(database, "UPDATE lanyard_records SET dots = ? WHERE key = 'empty'")
           .bind(ByteView(dots))
           .run());
}

}  // namespace

TEST_CASE("a record without members is the same however its batch was merged") {
  Group group(1);
  Device& a = group[0];
  SECTION("as the first of its key, where new ones are the usual") { a.write(put("empty", {})); }
  SECTION("as the first of its key, where edits are the usual") {
    for (int i = 0; i < 20; ++i) a.write(put("busy", {{"n", i}}));
    a.write(put("empty", {}));
  }
  SECTION("in a batch with others") {
    a.write({put("n", {{"n", 1}}), put("empty", {}), put("empty", {})});
  }
  CHECK(a.check().differences.empty());
  a.close();
  add_idle_stamp(a.file());
  a.open();
  CHECK(a.check().differences.empty());
}

}  // namespace lanyard::storage
