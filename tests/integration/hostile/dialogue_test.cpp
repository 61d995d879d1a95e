// What a member may say and an honest one does not: accepted, parked, or shown as a fork.
#include "tests/integration/hostile/scene.hpp"

namespace lanyard::hostile {
namespace {

using oplog::Change;
using oplog::ChangeKind;
using oplog::Header;
using oplog::LogWriter;

struct ForkRow {
  std::string what;
  std::function<Change(Scene&)> change;  ///< beside what the agent holds of Mallory's log
};

std::vector<ForkRow> forks() {
  const auto with_prev = [](std::function<Hash(Scene&)> prev) {
    return [prev = std::move(prev)](Scene& scene) {
      const Hash hash = prev(scene);
      return scene.log->add(ChangeKind::kSealed, oplog::put_plain("forked", 1), {},
                            [&](Header& header) { header.prev = hash; });
    };
  };
  return {
      {"a change before it that is not the one held",
       with_prev([](Scene& scene) { return scene.mallory.chance.fixed<Hash>(); })},
      {"a change before it of another log",
       with_prev([](Scene& scene) { return scene.agents_head().head.hash; })},
      {"a context that is not the one held",
       [](Scene& scene) {
         oplog::ContextEntry entry = scene.agents_head();
         entry.head.hash = scene.mallory.chance.fixed<Hash>();
         return scene.log->add(ChangeKind::kSealed, oplog::put_plain("forked", 1), {entry});
       }},
      {"a second change of the same number",
       [](Scene& scene) {
         const Head head = scene.log->entry().head;
         return scene.log->add(ChangeKind::kSealed, oplog::put_plain("forked", 1), {},
                               [&](Header& header) {
                                 header.seq = head.seq;
                                 header.prev = scene.mallory.chance.fixed<Hash>();
                               });
       }},
  };
}

/// The agent keeps what it has, says so once, and the link goes on.
void check_fork(Scene& scene, const ForkRow& row) {
  INFO(row.what);
  const Scene::Link peer = scene.link();
  const Seen before = scene.seen();
  const auto refused = scene.agent.counters().at("refusedChanges").get<int>();
  const Head head = scene.log->entry().head;
  const Change change = row.change(scene);
  const Watch watch(scene.agent);
  REQUIRE(peer->say(in_a_pack(scene, {change})));
  CHECK(scene.is_answered(*peer));
  scene.log->step_back(head);
  CHECK(scene.agent.counters().at("refusedChanges") == refused + 1);
  CHECK_THAT(scene.agent.log(), Catch::Contains("forked log"));
  CHECK(scene.seen() == before);
  check_costs(scene, watch);
}

struct AcceptedRow {
  std::string what;
  std::uint64_t timestamp;
};

}  // namespace

TEST_CASE("two changes with one number: the first is kept, and the second is refused and said") {
  Scene scene;
  scene.check_all_is_well();  // a log of more than its opening
  for (const ForkRow& row : forks()) check_fork(scene, row);
  CHECK_FALSE(scene.has_record("forked"));
  scene.check_all_is_well();
}

TEST_CASE("a peer whose log ends in another change of the same number is reported") {
  Scene scene;
  const Scene::Link peer = scene.link();
  const auto refused = scene.agent.counters().at("refusedChanges").get<int>();
  // News, so that the agent asks; and then an end of the log that it knows otherwise.
  REQUIRE(peer->say(wire::Have{scene.space.id, scene.log->log(), {{100}, {}}}));
  REQUIRE(peer->hear_next<wire::Pull>());
  Head other = scene.log->entry().head;
  other.hash.bytes[0] ^= 1;
  REQUIRE(peer->say(wire::InStep{scene.space.id, {{scene.log->log(), other}}}));
  REQUIRE(scene.is_answered(*peer));
  CHECK(scene.agent.counters().at("refusedChanges") == refused + 1);
  CHECK_THAT(scene.agent.log(), Catch::Contains("forked log"));
  scene.check_all_is_well();
}

TEST_CASE("what a peer has acknowledged adds up, however little each message names") {
  Scene scene;
  const Scene::Link peer = scene.link();
  const oplog::ContextEntry theirs = scene.agents_head();
  const oplog::ContextEntry own = scene.log->entry();
  for (const oplog::ContextEntry& each : {theirs, own})
    REQUIRE(peer->say(wire::Acknowledge{scene.space.id, {{each.log, each.head}}}));
  CHECK(comes_about([&] { return scene.agent.call("status.get").at("notYetThere") == 0; }));
}

TEST_CASE("a clock may say anything: the change is accepted and has its effect") {
  Scene scene;
  const std::vector<AcceptedRow> rows{{"the beginning of time", 0},
                                      {"one step after it", 1},
                                      {"2^63 - 1", (1ULL << 63) - 1},
                                      {"2^63", 1ULL << 63},
                                      {"the end of time", UINT64_MAX}};
  for (const AcceptedRow& row : rows) {
    INFO(row.what);
    const Scene::Link peer = scene.link();
    const Seen before = scene.seen();
    const std::string key = "at" + std::to_string(row.timestamp);
    const Change change =
        scene.log->add(ChangeKind::kSealed, oplog::put_plain(key, 1), {},
                       [&](Header& header) { header.timestamp = {row.timestamp}; });
    REQUIRE(peer->say(live(scene, change)));
    REQUIRE(scene.is_answered(*peer));
    CHECK(scene.seen().changes == before.changes + 1);
    CHECK(scene.seen().without_effect == before.without_effect);
    CHECK(scene.has_record(key));
  }
  // Whoever edits next has seen the value, and wins, whatever its clock says.
  const Json edit{{"space", "notes"},
                  {"collection", "notes"},
                  {"key", "at" + std::to_string(UINT64_MAX)},
                  {"value", {{"value", 2}}}};
  scene.agent.call("data.put", edit);
  Json get = edit;
  get.erase("value");
  CHECK(scene.agent.call("data.get", get).at("value") == Json{{"value", 2}});
  CHECK(scene.agent.call("conflict.list").at("conflicts").empty());
  scene.check_all_is_well();
}

TEST_CASE("payloads that nobody here can open are kept and have no effect") {
  Scene scene;
  const std::vector<std::pair<std::string, bool>> rows{{"a seal that does not open", true},
                                                       {"an epoch that nobody granted", false}};
  for (const auto& [what, known_epoch] : rows) {
    INFO(what);
    const Scene::Link peer = scene.link();
    const Seen before = scene.seen();
    const Head head = scene.log->entry().head;
    Change change = scene.log->put("sealed");
    const Bytes sealed = scene.mallory.chance.bytes(100);
    if (!known_epoch) change.header.epoch = scene.mallory.chance.fixed<EpochId>();
    change.form = oplog::PayloadForm::kSealed;
    change.payload = sealed;
    change.header.payload_hash = oplog::hasher().hash({sealed});
    change.header.payload_size = sealed.size();
    Bytes scratch;
    change.hash = oplog::change_hash(change.header, oplog::hasher(), scratch);
    scene.log->step_back({head.seq.next(), change.hash});
    REQUIRE(peer->say(live(scene, change)));
    REQUIRE(scene.is_answered(*peer));
    check_kept_without_effect(before, scene.seen());
    CHECK(scene.seen().reasons.contains("does not open with its key"));
  }
  CHECK_FALSE(scene.has_record("sealed"));
  scene.check_all_is_well();
}

TEST_CASE("a live change before the one it follows waits, and both count once that is here") {
  Scene scene;
  const Scene::Link peer = scene.link();
  const Seen before = scene.seen();
  const Change first = scene.log->put("first");
  const Change second = scene.log->put("second");
  REQUIRE(peer->say(live(scene, second)));
  REQUIRE(peer->hear_next<wire::Pull>());  // it asks for what is missing
  CHECK(scene.seen() == before);
  REQUIRE(peer->say(live(scene, first)));
  REQUIRE(scene.is_answered(*peer));
  CHECK(comes_about([&] { return scene.seen().changes == before.changes + 2; }));
  CHECK(scene.has_record("second"));
  scene.check_all_is_well();
}

TEST_CASE("two changes that each depend on the other wait for ever, and nothing else does") {
  Scene scene;
  const Scene::Link peer = scene.link();
  const Seen before = scene.seen();
  const Head head = scene.log->entry().head;
  LogWriter second(scene.mallory, scene.space, 2);
  auto context = scene.context();
  context.push_back(scene.log->entry());
  const Change opening = second.open(context);
  REQUIRE(peer->say(engine::make_live_run(scene.space.id, {&opening, 1}, second.sign(opening))));
  REQUIRE(scene.is_answered(*peer));
  CHECK(scene.seen().changes == before.changes + 1);

  oplog::ContextEntry not_yet = second.entry();
  not_yet.head = {not_yet.head.seq.next(), scene.mallory.chance.fixed<Hash>()};
  const Change one = scene.log->put("one", {not_yet});
  const Change other = second.put("other", {scene.log->entry()});
  REQUIRE(peer->say(live(scene, one)));
  REQUIRE(peer->say(engine::make_live_run(scene.space.id, {&other, 1}, second.sign(other))));
  REQUIRE(scene.is_answered(*peer));
  CHECK(scene.seen().changes == before.changes + 1);
  CHECK_FALSE(scene.has_record("one"));
  CHECK_FALSE(scene.has_record("other"));
  scene.log->step_back(head);
  scene.check_all_is_well();
}

TEST_CASE("live changes that wait for what never comes are bounded, and not refused") {
  Scene scene;
  const Scene::Link peer = scene.link();
  const Seen before = scene.seen();
  const Head head = scene.log->entry().head;
  static_cast<void>(scene.log->put("never sent"));
  const Watch watch(scene.agent);
  const Bytes large = oplog::put_plain(std::string(500, 'k'), 1);
  for (int i = 0; i < 5000; ++i)
    REQUIRE(peer->say(live(scene, scene.log->add(ChangeKind::kSealed, large))));
  REQUIRE(scene.is_answered(*peer));
  CHECK(scene.seen() == before);
  check_costs(scene, watch);
  scene.log->step_back(head);
  scene.check_all_is_well();
}

TEST_CASE("a goodbye that says nothing is wrong is counted as no link that was dropped") {
  Scene scene;
  const std::vector<std::pair<wire::ByeCode, int>> rows{
      {wire::ByeCode::kShutdown, 0}, {wire::ByeCode::kForgotten, 0}, {wire::ByeCode::kProtocol, 1},
      {wire::ByeCode::kRefused, 1},  {wire::ByeCode::kBusy, 1},      {wire::ByeCode::kSilence, 1}};
  for (const auto& [code, counted] : rows) {
    CAPTURE(static_cast<int>(code));
    const Scene::Link peer = scene.link();
    const auto before = scene.agent.counters().at("droppedLinks").get<int>();
    REQUIRE(peer->say(wire::Bye{code}));
    CHECK(peer->is_closed());
    CHECK(scene.agent.counters().at("droppedLinks").get<int>() == before + counted);
  }
}

}  // namespace lanyard::hostile
