// What a bulk insert pays per record. Counted, not timed.
#include "tests/support/counted_allocations.hpp"

#ifdef LANYARD_COUNTS_ALLOCATIONS

#include <catch2/catch.hpp>

#include "replication/merge/show.hpp"
#include "replication/merge/version.hpp"
#include "tests/support/merge_world.hpp"

using namespace lanyard;
using namespace lanyard::merge;
using namespace lanyard::testing;

namespace {

/// A chat message as the benchmark's corpus has them: four fields.
MergeOp a_message() {
  MergeOp op;
  op.kind = oplog::OpKind::kPut;
  op.name = {"messages", "m1"};
  op.fields = {{"author", value(R"("ada")")},
               {"chat", value(R"("c1")")},
               {"text", value(R"("A text that is longer than a short string would be.")")},
               {"time", value("1700000000000")}};
  return op;
}

}  // namespace

TEST_CASE("a put on a fresh record allocates two blocks, and two more for each field") {
  const MergeOp message = a_message();
  const oplog::Op op = message.view();
  const Context context;
  const Event event{{0, 1}, {1}, &context, {}, {}};
  Record record;
  DotSet voids;
  CHECK(allocations_of([&] { apply(record, event, op, voids); }) == 2 + 2 * op.fields.size());
}

TEST_CASE("to read, to show and to base a write on a simple record costs one block each") {
  const MergeOp message = a_message();
  const Context context;
  Record record;
  DotSet voids;
  apply(record, {{0, 1}, {1}, &context, {}, {}}, message.view(), voids);

  Version version;
  CHECK(allocations_of([&] { version = read_version(record); }) == 1);
  const HashOf hash_of;
  CHECK(allocations_of([&] { (void)shown_value(record, hash_of); }) == 1);
  const oplog::Op op = message.view();
  CHECK(allocations_of([&] { (void)based_on(op, {}, record, version, {0, 2}); }) <= 1);
}

#endif
