#include <catch2/catch.hpp>

#include "replication/types/canonical.hpp"
#include "replication/types/limits.hpp"
#include "storage/work_queue.hpp"

namespace lanyard::storage {
namespace {

SpaceId numbered_space(std::uint8_t number) {
  SpaceId id;
  id.bytes.fill(number);
  return id;
}

WorkQueue::Write a_write(const std::string& key, std::size_t bytes = 1) {
  LocalChange change;
  LocalOp& op = change.ops.emplace_back();
  op.key = key;
  op.fields.emplace_back("text", Bytes(bytes));
  return {std::move(change), {}};
}

/// A pack of one change that says it has so many ops.
WorkQueue::Merge a_merge(std::size_t ops = 1, std::size_t bytes = 8) {
  auto accepted = std::make_shared<oplog::Accepted>();
  Bytes& body = accepted->pack.body;
  body.push_back(0);
  CanonicalWriter(body).array(ops);
  body.resize(std::max(body.size() + ops, bytes));
  oplog::Change& change = accepted->pack.changes.emplace_back();
  change.payload = body;
  return {std::move(accepted), {}};
}

/// What comes next, in a few words.
std::string next(WorkQueue& queue) {
  const WorkQueue::Work work = queue.next();
  if (const auto* group = std::get_if<WorkQueue::WriteGroup>(&work)) {
    std::string out = "write";
    for (const auto& each : group->writes) out += " " + each.change.ops.front().key;
    return out;
  }
  if (const auto* batch = std::get_if<WorkQueue::MergeBatch>(&work))
    return "merge " + std::to_string(batch->merges.size()) + " of " +
           std::to_string(batch->space.bytes[0]);
  return "job";
}

std::vector<std::string> all_of(WorkQueue& queue) {
  std::vector<std::string> out;
  while (!queue.is_empty()) out.push_back(next(queue));
  return out;
}

using Words = std::vector<std::string>;

}  // namespace

TEST_CASE("all writes that wait for one space become one group, in their order") {
  WorkQueue queue;
  CHECK(queue.add(numbered_space(1), a_write("a")));
  CHECK(queue.add(numbered_space(2), a_write("x")));
  CHECK(queue.add(numbered_space(1), a_write("b")));
  CHECK(queue.add(numbered_space(1), a_write("c")));
  CHECK(all_of(queue) == Words{"write a b c", "write x"});
}

TEST_CASE("a group of writes ends before it is so large that a single edit would wait for it") {
  WorkQueue queue;
  CHECK(queue.add(numbered_space(1), a_write("large", 3 << 20)));
  CHECK(queue.add(numbered_space(1), a_write("larger", 9 << 20)));
  CHECK(queue.add(numbered_space(1), a_write("small")));
  CHECK(all_of(queue) == Words{"write large", "write larger", "write small"});
}

TEST_CASE("writes overtake merges and jobs, which keep their order among each other") {
  WorkQueue queue;
  queue.add(numbered_space(1), a_merge());
  queue.add(WorkQueue::Job([](Vault&) {}));
  queue.add(numbered_space(1), a_merge());
  CHECK(queue.add(numbered_space(1), a_write("a")));
  CHECK(all_of(queue) == Words{"write a", "merge 1 of 1", "job", "merge 1 of 1"});
}

TEST_CASE("writers that never pause let something else through after eight groups") {
  WorkQueue queue;
  queue.add(numbered_space(1), a_merge());
  queue.add(WorkQueue::Job([](Vault&) {}));
  Words done;
  for (int i = 0; i < 20; ++i) {
    CHECK(queue.add(numbered_space(1), a_write("a")));
    done.push_back(next(queue));
    if (done.back() != "write a") continue;
  }
  const auto place = [&](const std::string& what) {
    return std::find(done.begin(), done.end(), what) - done.begin();
  };
  CHECK(place("merge 1 of 1") == 8);
  CHECK(place("job") == 17);
}

TEST_CASE("merges of one space that follow each other become one batch") {
  WorkQueue queue;
  for (int i = 0; i < 3; ++i) queue.add(numbered_space(1), a_merge());
  for (int i = 0; i < 2; ++i) queue.add(numbered_space(2), a_merge());
  queue.add(numbered_space(1), a_merge());
  CHECK(all_of(queue) == Words{"merge 3 of 1", "merge 2 of 2", "merge 1 of 1"});
}

TEST_CASE("a merge batch is bounded in ops and in bytes, and one pack always fits") {
  WorkQueue queue;
  queue.add(numbered_space(1), a_merge(limits::kMergeBatchOps + 1));
  queue.add(numbered_space(1), a_merge(limits::kMergeBatchOps - 1));
  queue.add(numbered_space(1), a_merge(1));
  queue.add(numbered_space(1), a_merge(1, limits::kMergeBatchBytes));
  queue.add(numbered_space(1), a_merge(1));
  queue.add(numbered_space(1), a_merge(10 * limits::kMergeBatchOps));
  queue.add(numbered_space(1), a_merge(1, 10 * limits::kMergeBatchBytes));
  CHECK(all_of(queue) == Words{"merge 1 of 1", "merge 2 of 1", "merge 1 of 1", "merge 1 of 1",
                               "merge 1 of 1", "merge 1 of 1"});
}

TEST_CASE("a merge batch is one pack while local writes wait") {
  WorkQueue queue;
  for (int i = 0; i < 4; ++i) queue.add(numbered_space(1), a_merge());
  for (std::size_t i = 0; i < kGroupsBeforeOthers; ++i) {
    CHECK(queue.add(numbered_space(2), a_write("a")));
    CHECK(next(queue) == "write a");
  }
  CHECK(queue.add(numbered_space(2), a_write("a")));
  CHECK(all_of(queue) == Words{"merge 1 of 1", "write a", "merge 3 of 1"});
}

TEST_CASE(
    "more than 4096 waiting writes are refused, and room is there again after some are taken") {
  WorkQueue queue;
  for (std::size_t i = 0; i < limits::kLocalWritesWaitingMax; ++i)
    REQUIRE(queue.add(numbered_space(1), a_write("a")));
  for (std::size_t i = 0; i < 9 * limits::kLocalWritesWaitingMax; ++i)
    REQUIRE_FALSE(queue.add(numbered_space(1), a_write("b")));
  const Status refused = queue.add(numbered_space(1), a_write("b"));
  REQUIRE(!refused);
  CHECK(refused.error().is(Code::kBusy));
  CHECK(!refused.error().fix.empty());
  static_cast<void>(queue.next());
  CHECK(queue.add(numbered_space(1), a_write("b")));
}

TEST_CASE("waiting writes are bounded in bytes, except for one that is alone") {
  WorkQueue queue;
  CHECK(queue.add(numbered_space(1), a_write("alone", kLocalBytesWaitingMax + 1)));
  CHECK(!queue.add(numbered_space(1), a_write("a")));
  CHECK(all_of(queue) == Words{"write alone"});
  CHECK(queue.add(numbered_space(1), a_write("a", kLocalBytesWaitingMax / 2)));
  for (const std::size_t bytes : {kLocalBytesWaitingMax / 2, 10 * kLocalBytesWaitingMax})
    CHECK(!queue.add(numbered_space(1), a_write("b", bytes)));
  CHECK(queue.add(numbered_space(1), a_write("c", 1000)));
}

TEST_CASE("what a batch left undone is next of its space, and can be taken out as a whole") {
  WorkQueue queue;
  for (int i = 0; i < 3; ++i) queue.add(numbered_space(1), a_merge());
  queue.add(numbered_space(2), a_merge());
  queue.add(numbered_space(1), a_merge());
  auto batch = std::get<WorkQueue::MergeBatch>(queue.next());
  batch.merges.erase(batch.merges.begin());
  queue.put_back(std::move(batch));
  CHECK(next(queue) == "merge 2 of 1");
  queue.add(numbered_space(2), a_merge());
  CHECK(queue.take_merges(numbered_space(2)).size() == 2);
  CHECK(all_of(queue) == Words{"merge 1 of 1"});
}

TEST_CASE("writes of a space that is held wait, and nothing else does") {
  WorkQueue queue;
  queue.hold_writes(numbered_space(1));
  REQUIRE(queue.add(numbered_space(1), a_write("a")));
  CHECK(queue.is_empty());
  CHECK_FALSE(queue.has_writes());
  REQUIRE(queue.add(numbered_space(2), a_write("b")));
  queue.add(numbered_space(1), a_merge());
  queue.add(WorkQueue::Job{});
  CHECK(all_of(queue) == Words{"write b", "merge 1 of 1", "job"});
  REQUIRE(queue.add(numbered_space(1), a_write("c")));
  CHECK(queue.is_empty());
  queue.release_writes(numbered_space(1));
  CHECK(all_of(queue) == Words{"write a c"});
}

}  // namespace lanyard::storage
