#include "tests/unit/storage/storage_test.hpp"

/// A log with two ends, and what a store keeps of it.
namespace lanyard::storage {
namespace {

/// Two machines that are copies of one, and a third that has met the first.
struct ForkScene {
  ForkScene() : group(2), first(group[0]), other(group[1]) {
    first.write(put("n", {{"text", "before"}}));
    other.pull(first);
    first.close();
    fs::copy_file(first.file(), group.folder() / "twin.db");
    first.open();
    // "a" names the device: the same identity.
    twin = std::make_unique<Device>("a", group.folder() / "twin.db", first.space());
    twin->open();
    REQUIRE(twin->id() == first.id());
    log = *first.store().state().own_log;
    first.write(put("n", {{"text", "at the first"}}));
    twin->write(put("n", {{"text", "at the twin"}}));
    twin->write(put("m", {{"text", "at the twin"}}));
    other.pull(first);
  }
  KeptFork meet() {
    const auto points = must(other.store().fork_points(log));
    return must(other.store().keep_fork(must(twin->store().find_branch(log, points))));
  }

  Group group;
  Device& first;
  Device& other;
  std::unique_ptr<Device> twin;
  LogId log;
};

}  // namespace

TEST_CASE("the other branch of a log is kept, is there after a restart, and rebuilds the same") {
  ForkScene scene;
  const KeptFork kept = scene.meet();
  CHECK(kept.is_new);
  CHECK(kept.log == scene.log);
  REQUIRE(kept.other);
  CHECK(kept.other->hashes.size() == 2);
  CHECK(kept.other->hashes.back() == scene.twin->store().state().own_head.hash);
  CHECK_FALSE(scene.meet().is_new);
  scene.other.open();
  const auto forks = must(scene.other.store().forks());
  REQUIRE(forks.size() == 1);
  CHECK(forks[0].fork == kept.fork);
  CHECK(forks[0].other == kept.other);
  CHECK(scene.other.store().state().log.branches.at(scene.log) == *kept.other);
  CHECK(scene.other.check().differences.empty());
  // The proof is the same wherever it is made.
  const auto points = must(scene.twin->store().fork_points(scene.log));
  const auto branch = must(scene.first.store().find_branch(scene.log, points));
  CHECK(must(scene.twin->store().keep_fork(branch)).fork == kept.fork);
}

TEST_CASE("a longer telling of a fork takes the place of a shorter one, and not the other way") {
  ForkScene scene;
  const KeptFork before = scene.meet();
  scene.twin->write(put("k", {{"text", "more"}}));
  const KeptFork after = scene.meet();
  CHECK(after.is_new);
  CHECK(after.other->hashes.size() == 3);
  CHECK_FALSE(must(scene.other.store().keep_fork(before.fork)).is_new);
  CHECK(must(scene.other.store().forks())[0].fork == after.fork);
}

TEST_CASE("a device that is shown the other branch of its log writes on in a new one") {
  ForkScene scene;
  const auto points = must(scene.first.store().fork_points(scene.log));
  const auto branch = must(scene.twin->store().find_branch(scene.log, points));
  REQUIRE(must(scene.first.store().keep_fork(branch)).other);
  const Head before = scene.first.clock().at(scene.log);
  SECTION("at once") {}
  SECTION("after a power cut, too") { scene.first.open(); }
  scene.first.write(put("n", {{"text", "after the fork"}}));
  CHECK(scene.first.clock().at(scene.log) == before);
  CHECK(scene.first.store().state().own_log != scene.log);
  CHECK(scene.first.check().differences.empty());
}

TEST_CASE("whom the other branch admits is a member, and gets the key from whoever keeps it") {
  ForkScene scene;
  Device fresh("c", scene.group.folder() / "c.db", scene.first.space());
  fresh.open();
  must(scene.twin->store().admit(fresh.id(), scene.twin->wall));
  CHECK_FALSE(scene.other.store().state().log.is_member(fresh.id()));
  scene.meet();
  SECTION("at once") {}
  SECTION("after a restart") { scene.other.open(); }
  CHECK(scene.other.store().state().log.is_member(fresh.id()));
  fresh.take_grant(scene.other);
  const auto forks = must(scene.other.store().forks());
  must(fresh.store().keep_fork(forks[0].fork));
  fresh.pull(scene.other);
  fresh.write(put("c", {{"text", "by the one admitted there"}}));
  scene.other.pull(fresh);
  CHECK(scene.other.clock() == fresh.clock());
  CHECK(scene.other.check().differences.empty());
}

TEST_CASE("what comes after the other branch can be taken once that is kept") {
  ForkScene scene;
  must(scene.twin->store().start_incarnation());
  scene.twin->write(put("later", {{"text", "in a new log"}}));
  scene.meet();
  scene.other.pull(*scene.twin);
  CHECK(scene.other.clock().contains(*scene.twin->store().state().own_log));
  CHECK(rows_of(scene.other.file(), "SELECT value FROM lanyard_records WHERE key = 'later'") ==
        json::parse(R"([["{\"text\":\"in a new log\"}"]])"));
  CHECK(scene.other.check().differences.empty());
}

TEST_CASE("who is new hears of a fork before the log, and takes what hangs on either branch") {
  ForkScene scene;
  must(scene.twin->store().start_incarnation());
  scene.twin->write(put("later", {{"text", "in a new log"}}));
  const KeptFork kept = scene.meet();
  scene.other.pull(*scene.twin);
  Device fresh("c", scene.group.folder() / "c.db", scene.first.space());
  fresh.open();
  must(scene.other.store().admit(fresh.id(), scene.other.wall));
  fresh.take_grant(scene.other);
  const KeptFork ahead = must(fresh.store().keep_fork(kept.fork));
  CHECK(ahead.is_new);
  CHECK_FALSE(ahead.other);
  fresh.open();  // what was told is told for good
  CHECK(fresh.store().state().log.told.contains(scene.log));
  fresh.pull(scene.other);
  CHECK(fresh.clock() == scene.other.clock());
  CHECK(fresh.state_hash() == scene.other.state_hash());
  CHECK(fresh.store().state().log.branches.at(scene.log) == *kept.other);
  CHECK(fresh.store().state().log.told.empty());
  CHECK(must(fresh.store().forks())[0].other == kept.other);
  CHECK(fresh.check().differences.empty());
}

TEST_CASE("a branch that shows no fork is refused, and one too large is proven without its texts") {
  ForkScene scene;
  const auto points = must(scene.other.store().fork_points(scene.log));
  scene.first.write(put("more", {{"n", 1}}));
  const auto longer = must(scene.first.store().find_branch(scene.log, points));
  CHECK(code_of(scene.other.store().keep_fork(longer)) == Code::kNotFound);
  CHECK(code_of(scene.first.store().find_branch(LogId{}, points)) == Code::kNotFound);

  // One change of nearly 1 MiB that no compressor makes smaller than a branch may be.
  support::Chance chance(3);
  std::vector<LocalOp> large_ops;
  for (int op = 0; op < 4; ++op) {
    std::string noise;
    for (int i = 0; i < 255'000; ++i) noise += static_cast<char>('#' + chance.below(90));
    large_ops.push_back(put("n" + std::to_string(op), {{"text", noise}}));
  }
  Group large(1);
  Device& a = large[0];
  a.write(put("n", {{"text", "before"}}));
  a.close();
  fs::copy_file(a.file(), large.folder() / "twin.db");
  a.open();
  Device twin("a", large.folder() / "twin.db", a.space());
  twin.open();
  const LogId log = *a.store().state().own_log;
  a.write(put("n", {{"text", "small"}}));
  twin.write(large_ops);
  const auto branch = must(twin.store().find_branch(log, must(a.store().fork_points(log))));
  CHECK(branch.first.size() < 100'000);
  const KeptFork kept = must(a.store().keep_fork(branch));
  CHECK(kept.is_new);
  CHECK(kept.other->hashes.back() == twin.store().state().own_head.hash);
}

}  // namespace lanyard::storage
