#include <catch2/catch.hpp>

#include "replication/oplog/author.hpp"
#include "replication/types/check.hpp"
#include "replication/types/limits.hpp"
#include "tests/unit/oplog/oplog_test.hpp"

namespace {

using namespace lanyard;
using namespace lanyard::oplog;

using Contexts = std::vector<std::vector<ContextEntry>>;

constexpr WallTime kNoon{1'800'000'000'000};

/// A founder with an author, and an intake that stands for every other replica.
struct AuthorScene {
  explicit AuthorScene(std::uint64_t seed = 90) : founder(seed), space(founder) {
    state.incarnation.bytes[0] = 1;
    state.epoch = space.epoch;
  }

  Author make() { return Author(space.id, founder.identity, hasher(), founder.keys, state); }

  /// Opens the log as the first run.
  void found(Author& author) {
    author.begin({}, kNoon);
    LANYARD_CHECK(author.next_dot(space.founding).has_value(), "the log opens");
    LANYARD_CHECK(intake.accept(author.finish()).has_value(), "an opening is accepted");
    author.commit();
  }
  static Contexts contexts(const Author& author) {
    Contexts out;
    for (const Change& change : author.changes()) out.push_back(change.header.context);
    return out;
  }

  Device founder;
  Space space;
  AuthorState state;
  Intake intake{founder.id(), nothing_of(space.id), founder.keys, hasher(), verifier()};
};

VectorClock clock_of(std::initializer_list<std::pair<std::uint8_t, std::uint64_t>> logs) {
  VectorClock clock;
  for (const auto& [log, seq] : logs) {
    LogId id;
    id.bytes[0] = log;
    clock[id] = {{seq}, {}};
  }
  return clock;
}

std::vector<ContextEntry> entries(const VectorClock& clock) {
  std::vector<ContextEntry> out;
  for (const auto& [log, head] : clock) out.push_back({log, head});
  return out;
}

TEST_CASE("the first change of a log is its opening, and a founder's carries the founding") {
  AuthorScene scene;
  Author author = scene.make();
  author.begin({}, kNoon);
  const auto dot = author.next_dot(scene.space.founding);
  REQUIRE(dot.has_value());
  CHECK(dot->seq == Seq{2});
  REQUIRE(author.changes().size() == 1);
  const Change& opening = author.changes()[0];
  CHECK(opening.header.kind == ChangeKind::kOpen);
  CHECK(opening.header.seq == Seq{1});
  CHECK(opening.header.prev.is_zero());
  const auto ops = read_open(opening.payload);
  REQUIRE(ops.has_value());
  const auto& open_log = std::get<OpenLog>(ops->at(0));
  CHECK(open_log.space == scene.space.id);
  CHECK(open_log.device == scene.founder.id());
  CHECK(open_log.founding == scene.space.founding);
  CHECK(dot->log == log_id_of(scene.founder.id(), open_log.incarnation, scene.space.id, hasher()));
  CHECK(scene.intake.accept(author.finish()).has_value());
  CHECK(scene.intake.state().founder == scene.founder.id());
}

TEST_CASE("an edit opens its log by itself, and names the incarnation before") {
  AuthorScene scene;
  ContextEntry previous{{}, {{17}, {}}};
  previous.log.bytes[0] = 3;
  scene.state.previous = previous;
  Author author = scene.make();
  author.begin({}, kNoon);
  REQUIRE(author.add(put_plain("a", 1)).has_value());
  REQUIRE(author.changes().size() == 2);
  const auto ops = read_open(author.changes()[0].payload);
  REQUIRE(ops.has_value());
  CHECK(std::get<OpenLog>(ops->at(0)).previous == previous);
}

TEST_CASE("what waits becomes one run, chained, with one signature over its last change") {
  AuthorScene scene;
  Author author = scene.make();
  scene.found(author);
  author.begin({}, kNoon);
  for (int i = 0; i < 16; ++i) REQUIRE(author.add(put_plain("a", i)).has_value());
  const std::vector<Change> run(author.changes().begin(), author.changes().end());
  Hash prev = scene.intake.state().head_of(run[0].header.log).hash;
  Hlc last;
  for (const Change& change : run) {
    CHECK(change.header.prev == prev);
    CHECK(change.header.timestamp > last);
    CHECK(change.signature == Signature{});
    prev = change.hash;
    last = change.header.timestamp;
  }
  const auto accepted = scene.intake.accept(author.finish());
  REQUIRE(accepted.has_value());
  CHECK(whole(accepted->pack.changes) == whole(run));
  CHECK(accepted->pack.logs.size() == 1);
  CHECK(verifier().verify(scene.founder.id(), signed_message(run.back().hash),
                          accepted->pack.logs[0].signature));
}

TEST_CASE("an open change is signed by itself, in the middle of a run and at its end") {
  AuthorScene scene;
  Author author = scene.make();
  scene.found(author);
  Admit admit;
  admit.device = scene.founder.id();
  author.begin({}, kNoon);
  REQUIRE(author.add(put_plain("a", 1)).has_value());
  REQUIRE(author.add_open({admit}).has_value());
  REQUIRE(author.add(put_plain("a", 2)).has_value());
  REQUIRE(author.add_open({admit}).has_value());
  for (const std::size_t open : {1, 3}) {
    const Change& change = author.changes()[open];
    CHECK(is_signed(change.hash, change.signature, scene.founder.id(), verifier()));
  }
  CHECK(scene.intake.accept(author.finish()).has_value());
}

TEST_CASE("a context has what is new since the change before, and nothing twice") {
  AuthorScene scene;
  Author author = scene.make();
  scene.found(author);
  author.begin(clock_of({{1, 5}, {2, 7}}), kNoon);
  REQUIRE(author.add(put_plain("a", 1)).has_value());
  REQUIRE(author.add(put_plain("a", 2)).has_value());
  CHECK(AuthorScene::contexts(author) ==
        Contexts{entries(clock_of({{1, 5}, {2, 7}})), std::vector<ContextEntry>{}});
  static_cast<void>(author.finish());
  author.commit();
  author.begin(clock_of({{1, 5}, {2, 8}, {3, 1}}), kNoon);
  REQUIRE(author.add(put_plain("a", 3)).has_value());
  CHECK(AuthorScene::contexts(author) == Contexts{entries(clock_of({{2, 8}, {3, 1}}))});
}

TEST_CASE("the whole clock stands at the first change and at each 256th after it") {
  AuthorScene scene;
  Author author = scene.make();
  const VectorClock clock = clock_of({{1, 5}, {2, 7}});
  author.begin(clock, kNoon);
  for (int i = 0; i < 600; ++i) REQUIRE(author.add(put_plain("a", i)).has_value());
  std::vector<std::uint64_t> whole_at;
  for (const Change& change : author.changes()) {
    if (change.header.context == entries(clock))
      whole_at.push_back(change.header.seq.value);
    else
      CHECK(change.header.context.empty());
  }
  CHECK(whole_at == std::vector<std::uint64_t>{1, 257, 513});
}

TEST_CASE("our own log is never in a context") {
  AuthorScene scene;
  Author author = scene.make();
  scene.found(author);
  VectorClock clock = clock_of({{1, 5}});
  clock[*author.state().log] = author.state().head;
  author.begin(clock, kNoon);
  REQUIRE(author.add(put_plain("a", 1)).has_value());
  CHECK(AuthorScene::contexts(author) == Contexts{entries(clock_of({{1, 5}}))});
}

TEST_CASE("a run that was aborted never happened: the next has its numbers and says the same") {
  AuthorScene scene;
  Author author = scene.make();
  scene.found(author);
  const auto write = [&] {
    author.begin(clock_of({{1, 5}}), kNoon);
    REQUIRE(author.add(put_plain("a", 1)).has_value());
    REQUIRE(author.add(put_plain("b", 2)).has_value());
    return author.finish();
  };
  const Bytes first = write();
  author.abort();
  CHECK(author.changes().empty());
  CHECK(write() == first);
  author.commit();
  CHECK(write() != first);
}

TEST_CASE("an aborted opening is opened again") {
  AuthorScene scene;
  Author author = scene.make();
  author.begin({}, kNoon);
  REQUIRE(author.next_dot(scene.space.founding).has_value());
  const Bytes first = author.finish();
  author.abort();
  CHECK_FALSE(author.state().log.has_value());
  author.begin({}, kNoon);
  REQUIRE(author.next_dot(scene.space.founding).has_value());
  CHECK(author.finish() == first);
}

TEST_CASE("a payload above its limit is refused before it is numbered") {
  AuthorScene scene;
  Author author = scene.make();
  scene.found(author);
  author.begin(clock_of({{1, 5}}), kNoon);
  const std::size_t plain_max = limits::kPayloadBytesMax - 40;  // nonce and tag
  CHECK(outcome(author.add(Bytes(plain_max + 1))) == "too large");
  CHECK(outcome(author.add(Bytes(plain_max * 10))) == "too large");
  CHECK(author.changes().empty());
  const auto change = author.add(Bytes(plain_max));
  REQUIRE(change.has_value());
  CHECK((*change)->header.seq == Seq{2});
  CHECK((*change)->header.context == entries(clock_of({{1, 5}})));
}

/// A clock of so many logs, each at its first change.
VectorClock clock_of_logs(support::Chance& chance, std::size_t count) {
  VectorClock clock;
  while (clock.size() < count) clock[chance.fixed<LogId>()] = {{1}, {}};
  return clock;
}

/// What the contexts of a log say together.
VectorClock joined(const Author& author) {
  VectorClock out;
  for (const Change& change : author.changes())
    for (const ContextEntry& entry : change.header.context) out[entry.log] = entry.head;
  return out;
}

TEST_CASE("a change with more context than anyone accepts is refused before it is numbered") {
  AuthorScene scene;
  Author author = scene.make();
  scene.found(author);
  VectorClock clock = clock_of_logs(scene.founder.chance, limits::kContextEntriesMax + 1);
  author.begin(clock, kNoon);
  CHECK(author.owes_news());
  CHECK(outcome(author.add(put_plain("a", 1))) == "too large");
  CHECK(author.changes().empty());
  author.abort();
  clock.erase(clock.begin());
  author.begin(clock, kNoon);
  CHECK_FALSE(author.owes_news());
  CHECK(author.add(put_plain("a", 1)).has_value());
}

TEST_CASE("news of any size is said in changes without ops, and runs of it fit into packs") {
  AuthorScene scene;
  Author author = scene.make();
  scene.found(author);
  const VectorClock clock = clock_of_logs(scene.founder.chance, 30'000);
  VectorClock said;
  std::size_t runs = 0;
  author.begin(clock, kNoon);
  while (author.owes_news()) {
    REQUIRE(author.add_news());
    for (const Change& change : author.changes())
      CHECK(effect_of(change.payload) == Effect::kEffective);
    if (!author.is_full() && author.owes_news()) continue;
    raise(said, joined(author));
    CHECK(read_pack(author.finish(), scene.founder.keys, hasher()).has_value());
    author.commit();
    author.begin(clock, kNoon);
    ++runs;
  }
  const auto added = author.add(put_plain("a", 1));
  REQUIRE(added.has_value());
  raise(said, joined(author));
  CHECK(said == clock);
  CHECK(runs > 2);
  static_cast<void>(author.finish());
  author.commit();
  author.begin(clock, kNoon);
  for (int i = 0; i < 600; ++i) REQUIRE(author.add(put_plain("a", i)).has_value());
  CHECK(joined(author).empty());  // it is too large to be said again
}

TEST_CASE("the opening of a log names what admitted its device, however many logs there are") {
  AuthorScene scene;
  Author author = scene.make();
  VectorClock clock = clock_of_logs(scene.founder.chance, 3 * limits::kContextEntriesMax);
  const LogId admitting = clock.rbegin()->first;
  author.begin(clock, kNoon, {admitting});
  REQUIRE(author.add_news());
  const std::vector<ContextEntry>& context = author.changes().front().header.context;
  CHECK(context.size() == limits::kContextEntriesMax);
  CHECK(context.back().log == admitting);
  while (author.owes_news()) REQUIRE(author.add_news());
  REQUIRE(author.add(put_plain("a", 1)).has_value());
  CHECK(joined(author) == clock);
}

TEST_CASE("without an epoch nothing is sealed, but the log can be opened") {
  AuthorScene scene;
  scene.state.epoch = {};
  Author author = scene.make();
  author.begin({}, kNoon);
  CHECK(outcome(author.add(put_plain("a", 1))) == "missing key");
  CHECK(author.changes().size() == 1);
  author.use(scene.space.epoch);
  CHECK(author.add(put_plain("a", 1)).has_value());
}

TEST_CASE("an author that goes on from a stored state writes what it would have written") {
  AuthorScene scene;
  Author author = scene.make();
  scene.found(author);
  Author again(scene.space.id, scene.founder.identity, hasher(), scene.founder.keys,
               author.state());
  for (Author* each : {&author, &again}) {
    each->begin(clock_of({{1, 5}}), kNoon);
    REQUIRE(each->add(put_plain("a", 1)).has_value());
  }
  CHECK(again.finish() == author.finish());
}

TEST_CASE("stamps follow a sane peer, and not one that is years ahead") {
  AuthorScene scene;
  Author author = scene.make();
  scene.found(author);
  const Hlc sane{static_cast<std::uint64_t>(kNoon.ms + 60'000) << 16};
  author.saw(sane, kNoon);
  author.saw({UINT64_MAX}, kNoon);
  author.begin({}, kNoon);
  const auto change = author.add(put_plain("a", 1));
  REQUIRE(change.has_value());
  CHECK((*change)->header.timestamp == Hlc{sane.value + 1});
}

TEST_CASE("a run is full before it is beyond one pack") {
  AuthorScene scene;
  Author author = scene.make();
  author.begin({}, kNoon);
  while (!author.is_full()) REQUIRE(author.add(put_plain("a", 1)).has_value());
  CHECK(author.changes().size() == limits::kPackChangesMax - 2);
  REQUIRE(author.add_open({}).has_value());
  CHECK(read_pack(author.finish(), scene.founder.keys, hasher()).has_value());
  author.commit();
  author.begin({}, kNoon);
  const Bytes large(300'000);
  while (!author.is_full()) REQUIRE(author.add(large).has_value());
  CHECK(author.changes().size() == 2);
  REQUIRE(author.add(Bytes(limits::kPayloadBytesMax - 40)).has_value());
  CHECK(read_pack(author.finish(), scene.founder.keys, hasher()).has_value());
}

}  // namespace
