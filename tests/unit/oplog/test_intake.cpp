#include <catch2/catch.hpp>

#include "replication/oplog/fork.hpp"
#include "replication/types/check.hpp"
#include "tests/unit/oplog/oplog_test.hpp"

namespace {

using namespace lanyard;
using namespace lanyard::oplog;

/// A space with a founder and one more member, and an intake that holds what they wrote.
struct IntakeScene {
  IntakeScene() : space(founder) {
    share_key(space, member);
    share_key(space, stranger);
    held.push_back(first.open({}, true));
    held.push_back(first.admit(founder));
    held.push_back(first.admit(member));
    held.push_back(second.open({first.entry()}));
    held.push_back(first.put("a", {second.entry()}));
    LANYARD_CHECK(intake.accept(packed(held, {&first, &second})).has_value(), "honest changes");
  }

  /// What the intake says, which must not have moved unless it accepts.
  std::string offer(const Bytes& pack) {
    const SpaceLog before = intake.state();
    const auto result = intake.accept(pack);
    if (!result && !same(intake.state(), before)) return "refused, but the state has changed";
    return outcome(result);
  }
  std::string offer(const std::vector<Change>& changes) {
    return offer(packed(changes, {&first, &second, &third}));
  }

  Device founder{60};
  Device member{61};
  Device stranger{62};
  Space space;
  LogWriter first{founder, space};
  LogWriter second{member, space};
  LogWriter third{stranger, space};
  std::vector<Change> held;
  Intake intake{member.id(), nothing_of(space.id), member.keys, hasher(), verifier()};
};

Bytes sign_wrongly(const Change& change, Signature signature) {
  signature.bytes[5] ^= 1;
  return write_pack(std::vector<Change>{change}, {{change.header.log, signature}}, false);
}

// ---- what is accepted

TEST_CASE("a pack of which nothing is held is kept byte for byte") {
  IntakeScene scene;
  const Change change = scene.first.put("b");
  const Bytes bytes = packed({change}, {&scene.first});
  const auto accepted = scene.intake.accept(bytes);
  REQUIRE(accepted.has_value());
  CHECK(accepted->bytes == bytes);
}

TEST_CASE(
    "times 0 and 2^63 - 1 and the last of all are accepted, and so are times that step back") {
  IntakeScene scene;
  for (const std::uint64_t time : {std::uint64_t{INT64_MAX}, std::uint64_t{0}, UINT64_MAX}) {
    const Change change = scene.first.add(ChangeKind::kSealed, put_plain("a", 1), {},
                                          [&](Header& header) { header.timestamp = {time}; });
    CHECK(scene.offer({change}) == "accepted");
  }
}

TEST_CASE("a change whose ops are bad under a good signature is accepted, and has no effect") {
  IntakeScene scene;
  for (const std::string plain : {"00", "ff", "0091940181a161c0", "00dc"}) {
    const Bytes bytes = from_hex(plain).value();
    CHECK(scene.offer({scene.first.add(ChangeKind::kSealed, bytes)}) == "accepted");
    CHECK(effect_of(bytes) != Effect::kEffective);
  }
  CHECK(scene.offer({scene.first.add(ChangeKind::kOpen, Bytes{0xFF})}) == "accepted");
}

// ---- what is refused: order and chain

TEST_CASE("a gap in a log is a missing context, and what follows the gap is not taken") {
  IntakeScene scene;
  const Change next = scene.first.put("b");
  const Change after = scene.first.put("c");
  CHECK(scene.offer({after}) == "missing context");
  CHECK(scene.offer({next, after}) == "accepted");
}

TEST_CASE("a change that does not name its predecessor is refused") {
  IntakeScene scene;
  const Head honest = scene.first.entry().head;
  const auto with_prev = [&](const Hash& prev) {
    scene.first.step_back(honest);
    return scene.offer({scene.first.add(ChangeKind::kSealed, put_plain("b", 1), {},
                                        [&](Header& header) { header.prev = prev; })});
  };
  Hash wrong = honest.hash;
  wrong.bytes[31] ^= 1;
  CHECK(with_prev(wrong) == "forked log");
  CHECK(with_prev(scene.second.entry().head.hash) == "forked log");
  CHECK(with_prev(scene.held[0].hash) == "forked log");
  CHECK(with_prev({}) == "malformed");
  CHECK(with_prev(honest.hash) == "accepted");
}

TEST_CASE("another change in place of one that is held is a fork") {
  IntakeScene scene;
  const Head before{scene.held[2].header.seq, scene.held[2].hash};
  scene.first.step_back(before);
  const Change other = scene.first.put("another");
  CHECK(scene.offer({other}) == "forked log");
  const Change next = scene.first.put("and the next");
  CHECK(scene.offer({other, next}) == "forked log");
}

TEST_CASE("seq 0 is refused") {
  IntakeScene scene;
  const Change change = scene.first.add(ChangeKind::kSealed, put_plain("b", 1), {},
                                        [](Header& header) { header.seq = {0}; });
  CHECK(scene.offer({change}) == "malformed");
}

// ---- contexts

TEST_CASE("a change that depends on one not held is refused until that one is here") {
  IntakeScene scene;
  const Change cause = scene.second.put("cause");
  const Change effect = scene.first.put("effect", {scene.second.entry()});
  CHECK(scene.offer({effect}) == "missing context");
  CHECK(scene.offer({effect, cause}) == "missing context");
  CHECK(scene.offer({cause, effect}) == "accepted");
}

TEST_CASE("a context that names a log nobody has is missing") {
  IntakeScene scene;
  ContextEntry nobody{{}, {{1}, {}}};
  nobody.log.bytes[0] = 7;
  CHECK(scene.offer({scene.first.put("b", {nobody})}) == "missing context");
}

TEST_CASE("a context that names another hash than the one held is a fork") {
  IntakeScene scene;
  ContextEntry entry = scene.second.entry();
  entry.head.hash.bytes[0] ^= 1;
  CHECK(scene.offer({scene.first.put("b", {entry})}) == "forked log");
}

TEST_CASE("a change that cites itself or its own log is refused") {
  IntakeScene scene;
  const ContextEntry own = scene.first.entry();
  CHECK(scene.offer({scene.first.put("b", {own})}) == "not canonical");
  scene.first.step_back(own.head);
  const ContextEntry itself{own.log, {own.head.seq.next(), own.head.hash}};
  CHECK(scene.offer({scene.first.put("b", {itself})}) == "not canonical");
}

TEST_CASE("two changes that cite each other cannot both come first") {
  IntakeScene scene;
  const ContextEntry before = scene.second.entry();
  const Change second = scene.second.put("b");
  const Change first = scene.first.put("a", {scene.second.entry()});
  scene.second.step_back(before.head);
  const Change cycle = scene.second.put("b", {scene.first.entry()});
  CHECK(scene.offer({cycle, first}) == "missing context");
  CHECK(scene.offer({first, cycle}) == "missing context");
  CHECK(scene.offer({second, first}) == "accepted");
}

// ---- signatures

TEST_CASE("a signature that does not verify is refused, wherever in a run it should stand") {
  IntakeScene scene;
  const std::vector<Change> run{scene.first.put("a"), scene.first.put("b"), scene.first.put("c")};
  for (std::size_t last = 0; last < run.size(); ++last) {
    const std::vector<Change> part(run.begin(),
                                   run.begin() + static_cast<std::ptrdiff_t>(last + 1));
    for (std::size_t signed_one = 0; signed_one < run.size(); ++signed_one) {
      const Bytes pack =
          write_pack(part, {{scene.first.log(), scene.first.sign(run[signed_one])}}, false);
      if (signed_one != last) CHECK(scene.offer(pack) == "bad signature");
    }
  }
  CHECK(scene.offer(sign_wrongly(run[0], scene.first.sign(run[0]))) == "bad signature");
  CHECK(scene.offer(run) == "accepted");
}

TEST_CASE("one changed byte in the first, middle or last payload of a run is refused") {
  IntakeScene scene;
  const std::vector<Change> run{scene.first.put("a"), scene.first.put("b"), scene.first.put("c")};
  const Signature signature = scene.first.sign(run.back());
  for (std::size_t changed = 0; changed < run.size(); ++changed) {
    std::vector<Change> spoiled = run;
    Bytes payload = to_bytes(run[changed].payload);
    payload.back() ^= 1;
    spoiled[changed].payload = payload;
    CHECK(scene.offer(write_pack(spoiled, {{scene.first.log(), signature}}, false)) ==
          "bad signature");
  }
}

TEST_CASE("the signature of another member, or over other bytes, is refused") {
  IntakeScene scene;
  const Change change = scene.first.put("b");
  const auto with = [&](const Signature& signature) {
    return scene.offer(
        write_pack(std::vector<Change>{change}, {{scene.first.log(), signature}}, false));
  };
  CHECK(with(scene.second.sign(change)) == "bad signature");
  CHECK(with(scene.founder.identity.sign(change.hash.view())) == "bad signature");  // no domain
  CHECK(with({}) == "bad signature");
  CHECK(with(scene.first.sign(change)) == "accepted");
}

TEST_CASE("an open change carries its own signature, which must verify") {
  IntakeScene scene;
  Change admit = scene.first.admit(scene.stranger);
  const Change after = scene.first.put("b");
  const Signature good = admit.signature;
  admit.signature.bytes[0] ^= 1;
  CHECK(scene.offer({admit, after}) == "bad signature");
  admit.signature = good;
  CHECK(scene.offer({admit, after}) == "accepted");
}

// ---- spaces and members

TEST_CASE("a log that was opened for another space is refused, although its signature is right") {
  IntakeScene scene;
  const Space elsewhere(scene.founder);
  LogWriter log(scene.founder, elsewhere);
  const Bytes pack = packed({log.open({}, true)}, {&log});
  CHECK(scene.offer(pack) == "wrong space");
}

TEST_CASE("who claims to be the founder must be named by the space's id") {
  IntakeScene scene;
  const OpenLog claim{
      scene.space.id, scene.stranger.id(), {{1}}, std::nullopt, scene.space.founding};
  CHECK(scene.offer({scene.third.add(ChangeKind::kOpen, encode_plain({claim}))}) == "wrong space");
}

TEST_CASE("a log must have the id that its opening gives it") {
  IntakeScene scene;
  Incarnation other{{9}};
  const OpenLog opening{scene.space.id, scene.founder.id(), other, std::nullopt,
                        scene.space.founding};
  LogWriter log(scene.founder, scene.space, 2);
  CHECK(scene.offer(packed({log.add(ChangeKind::kOpen, encode_plain({opening}))}, {&log})) ==
        "malformed");
}

TEST_CASE("a log must begin with its opening") {
  IntakeScene scene;
  const auto begins_with = [&](ChangeKind kind, Bytes plain) {
    LogWriter log(scene.member, scene.space, 3);
    return scene.offer(packed({log.add(kind, std::move(plain), {scene.first.entry()})}, {&log}));
  };
  CHECK(begins_with(ChangeKind::kSealed, put_plain("a", 1)) == "malformed");
  CHECK(begins_with(ChangeKind::kOpen, encode_plain(std::vector<OpenOp>{Admit{}})) == "malformed");
  CHECK(begins_with(ChangeKind::kOpen, encode_plain(std::vector<OpenOp>{})) == "malformed");
  CHECK(begins_with(ChangeKind::kOpen, Bytes{0xFF}) == "malformed");
}

TEST_CASE("a device that was not admitted may not write") {
  IntakeScene scene;
  CHECK(scene.offer({scene.third.open({scene.first.entry()})}) == "not admitted");
}

TEST_CASE("a device cannot admit itself") {
  IntakeScene scene;
  const Change open = scene.third.open({scene.first.entry()});
  const Change admit = scene.third.admit(scene.stranger);
  CHECK(scene.offer({open, admit}) == "not admitted");

  Admit self;
  self.device = scene.stranger.id();
  LogWriter log(scene.stranger, scene.space, 2);
  const OpenLog opening{scene.space.id, scene.stranger.id(), {{2}}, std::nullopt, std::nullopt};
  const Bytes both = encode_plain(std::vector<OpenOp>{opening, self});
  CHECK(scene.offer(packed({log.add(ChangeKind::kOpen, both, {scene.first.entry()})}, {&log})) ==
        "not admitted");
}

TEST_CASE("a device must have been admitted in its past, not only somewhere") {
  IntakeScene scene;
  const ContextEntry before = scene.first.entry();
  const Change admit = scene.first.admit(scene.stranger);
  const ContextEntry after = scene.first.entry();
  REQUIRE(scene.offer({admit}) == "accepted");
  CHECK(scene.offer({scene.third.open({before})}) == "not admitted");
  CHECK(scene.offer({scene.third.open({})}) == "missing context");  // seq 2 of what was refused
  LogWriter again(scene.stranger, scene.space, 4);
  CHECK(scene.offer(packed({again.open({after})}, {&again})) == "accepted");
}

TEST_CASE("what a newer version admits counts in the log and admits nobody here") {
  IntakeScene scene;
  Admit reader;
  reader.device = scene.stranger.id();
  reader.role = 2;
  CHECK(scene.offer({scene.first.add(ChangeKind::kOpen, encode_plain({reader}))}) == "accepted");
  CHECK_FALSE(scene.intake.state().is_member(scene.stranger.id()));
}

TEST_CASE("members are the founder and whom members admitted") {
  IntakeScene scene;
  std::vector<DeviceId> expected{scene.founder.id(), scene.member.id()};
  std::sort(expected.begin(), expected.end());
  CHECK(scene.intake.state().members() == expected);
  CHECK(scene.intake.state().founder == scene.founder.id());
}

// ---- reading payloads

TEST_CASE("a payload that does not open says why") {
  IntakeScene scene;
  Device keeper(80);
  Bytes sealed;
  const Change change = scene.first.put("b");
  REQUIRE(scene.founder.keys.seal(change.header.epoch, change.header.log, change.header.seq,
                                  change.payload, sealed));
  Change as_sealed = change;
  as_sealed.form = PayloadForm::kSealed;
  as_sealed.payload = sealed;
  Bytes memory;
  CHECK(equal(open_payload(as_sealed, scene.founder.keys, memory).plain, change.payload));
  CHECK(open_payload(as_sealed, keeper.keys, memory).effect == Effect::kNoKey);
  sealed.back() ^= 1;
  CHECK(open_payload(as_sealed, scene.founder.keys, memory).effect == Effect::kBadSeal);
  as_sealed.form = PayloadForm::kErased;
  CHECK(open_payload(as_sealed, scene.founder.keys, memory).effect == Effect::kBadPayload);
}

// ---- forks

TEST_CASE("a log that names a change of another log's other branch as its predecessor is refused") {
  IntakeScene scene;
  // The member's log forks: one branch is applied, the other one is kept beside it.
  const Head common = scene.second.entry().head;
  REQUIRE(scene.offer({scene.second.put("ours", {scene.first.entry()})}) == "accepted");
  scene.second.step_back(common);
  const Change other = scene.second.put("theirs", {scene.first.entry()});
  scene.intake.keep_branch(scene.second.log(), {other.header.seq, {other.hash}, {}});
  // A log of which nothing is held begins behind a change that is passed over.
  scene.third.step_back({{4}, other.hash});
  const Change behind = scene.third.put("c", {scene.first.entry()});
  CHECK(scene.offer({other, behind}) == outcome(Result<int>(fail(Code::kMissingContext))));
  CHECK(scene.offer({other}) == "accepted");
}

TEST_CASE("a branch that names too much to be told is no branch to keep") {
  Device device{70};
  const Space space(device);
  LogWriter log(device, space);
  std::vector<Change> changes;
  for (int i = 0; i < 4; ++i) {
    std::vector<ContextEntry> context;
    while (context.size() < limits::kContextEntriesMax)
      context.push_back({device.chance.fixed<LogId>(), {{1}, device.chance.fixed<Hash>()}});
    changes.push_back(log.put("a", std::move(context)));
  }
  const Signature signature = log.sign(changes.back());
  CHECK(outcome(pack_branch(changes, signature)) == outcome(Result<int>(fail(Code::kTooLarge))));
  changes.resize(1);
  CHECK(pack_branch(changes, log.sign(changes.back())).has_value());
}

}  // namespace
