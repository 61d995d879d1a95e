// What somebody missed, told part by part in the order in which it was applied.
#include "tests/unit/storage/storage_test.hpp"

namespace lanyard::storage {
namespace {

using Names = std::vector<std::string>;

MissedRequest since(const VectorClock& held) {
  MissedRequest out;
  out.held = held;
  out.changes_max = 1000;
  return out;
}

/// "key" of each record of each change, in their order, as parts of this size tell them.
Names told(Device& device, MissedRequest request) {
  Names out;
  while (true) {
    const Missed part = must(device.store().missed_since(request));
    CHECK(part.all);
    CHECK(covers(part.after, part.before));
    for (const MissedChange& change : part.changes) {
      CHECK(change.dot.seq > seq_in(part.before, change.dot.log));
      for (const merge::RecordName& name : change.records) out.push_back(name.key);
    }
    if (!part.more) {
      CHECK(covers(part.after, device.clock()));
      return out;
    }
    CHECK(missing_count(part.after, request.held) > 0);
    request.held = part.after;
  }
}

}  // namespace

TEST_CASE("what was missed is named change by change, in the order of each change") {
  Group group(2);
  Device& a = group[0];
  Device& b = group[1];
  group.sync();
  const VectorClock before = a.clock();
  a.write({put("z", {{"n", 1}}), put("a", {{"n", 1}}), patch("z", {{"n", 2}})});
  a.write(put("elsewhere", {{"n", 1}}, "other"));
  b.write({put("b", {{"n", 1}}), remove("b")});
  a.pull(b);
  a.write(add("a", "visits", 1));
  const Names all = {"z", "a", "elsewhere", "b", "a"};
  for (std::size_t size = 1; size < 6; ++size) {
    MissedRequest request = since(before);
    request.records = size;
    CHECK(told(a, request) == all);
    request = since(before);
    request.changes = size;
    CHECK(told(a, request) == all);
  }
  MissedRequest request = since(before);
  request.payload_bytes = 1;
  CHECK(told(a, request) == all);
  request.collection = "notes";
  CHECK(told(a, request) == Names{"z", "a", "b", "a"});
  CHECK(told(a, since(a.clock())).empty());
  a.open();
  CHECK(told(a, since(before)) == all);
}

TEST_CASE("what another device held beyond this one is not taken for told") {
  Group group(2);
  Device& a = group[0];
  Device& b = group[1];
  group.sync();
  b.write(put("b", {{"n", 1}}));
  const VectorClock ahead = b.clock();
  const Missed part = must(a.store().missed_since(since(ahead)));
  CHECK(part.changes.empty());
  CHECK(covers(a.clock(), part.before));
  CHECK(covers(a.clock(), part.after));
  a.pull(b);
  CHECK(told(a, since(part.after)) == Names{"b"});
}

TEST_CASE("what is more than was asked for, or names no records, is not named at all") {
  Group group(1);
  Device& a = group[0];
  const VectorClock before = a.clock();
  for (int n = 0; n < 5; ++n) a.write(put("k", {{"n", n}}));
  MissedRequest request = since(before);
  request.changes_max = 4;
  Missed part = must(a.store().missed_since(request));
  CHECK_FALSE(part.all);
  CHECK(part.changes.empty());
  a.write(clear());
  part = must(a.store().missed_since(since(before)));
  CHECK_FALSE(part.all);
  CHECK(part.changes.empty());
}

}  // namespace lanyard::storage
