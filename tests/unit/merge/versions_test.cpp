// docs/MERGING.md D30 to D34: what a read's version names, and what an agent writes down for its
// client.
#include <catch2/catch.hpp>

#include "replication/merge/version.hpp"
#include "tests/unit/merge/scene.hpp"

using namespace lanyard;
using namespace lanyard::merge;
using namespace lanyard::testing;

namespace {

MergeOp an_op(oplog::OpKind kind) {
  MergeOp op;
  op.kind = kind;
  op.name = {"notes", "n1"};
  return op;
}

MergeOp a_patch(const std::string& field) {
  MergeOp op = an_op(oplog::OpKind::kPatch);
  op.fields[field] = value("9");
  return op;
}

MergeOp a_set_op(oplog::OpKind kind, const std::string& field, std::string_view element) {
  MergeOp op = an_op(kind);
  op.field = field;
  op.element = value(element);
  return op;
}

/// What the agent writes for a client at `version`, as change Z1.
Unseen written(const MergeOp& op, const Record& record, const Version& version) {
  return based_on(op.view(), op.revives, record, version, {'Z' - 'A', 1});
}

}  // namespace

TEST_CASE("a version names visible heads, values and set elements, and the deletes of the rest") {
  Scene scene;
  scene.by('A').put(R"({"a":1})");
  scene.by('B').put(R"({"a":2})");
  scene.by('B').set_add("t", "1");
  scene.by('B').add("n", 1);
  CHECK(read_version(scene.record()) == Version{dots("A1 B1 B2 B3"), {}});
  scene.by('C', "A1 B3").erase();
  CHECK(read_version(scene.record()) == Version{});
  scene.by('C').patch(R"({"a":3})").unseen("A1 B1");
  CHECK(read_version(scene.record()) == Version{dots("C2"), dots("C1")});
}

TEST_CASE("the version of a record that was never there is empty") {
  CHECK(read_version(Record{}).is_empty());
}

TEST_CASE(
    "an agent lists the values of the touched fields and the heads that a client had not read") {
  Scene scene;
  scene.by('A').put(R"({"a":1,"b":1})");
  const Version stale = read_version(scene.record());
  scene.by('B', "A1").patch(R"({"a":2})");
  scene.by('B').patch(R"({"b":2})");
  CHECK(written(a_patch("c"), scene.record(), stale).unseen == dots("B2"));
  CHECK(written(a_patch("a"), scene.record(), stale).unseen == dots("B1 B2"));
  CHECK(written(an_op(oplog::OpKind::kPut), scene.record(), stale).unseen == dots("B1 B2"));
  CHECK(written(an_op(oplog::OpKind::kAdd), scene.record(), stale).unseen == dots("B2"));
  const Version fresh = read_version(scene.record());
  CHECK(written(an_op(oplog::OpKind::kPut), scene.record(), fresh).unseen.empty());
}

TEST_CASE("a set op lists the unseen adds of its own element alone") {
  Scene scene;
  scene.by('A').set_add("t", "1");
  scene.by('B').set_add("t", "1");
  scene.by('C').set_add("t", "2");
  scene.by('D', "A1 B1 C1").patch("{}");
  const Version stale{dots("A1 D1"), {}};
  const auto remove = a_set_op(oplog::OpKind::kSetRemove, "t", "1");
  CHECK(written(remove, scene.record(), stale).unseen == dots("B1"));
  const auto add = a_set_op(oplog::OpKind::kSetAdd, "t", "2");
  CHECK(written(add, scene.record(), stale).unseen == dots("C1"));
  const auto elsewhere = a_set_op(oplog::OpKind::kSetAdd, "other", "2");
  CHECK(written(elsewhere, scene.record(), stale).unseen.empty());
}

TEST_CASE("a client that saw no record accepts its deletes and has seen none of its values") {
  Scene scene;
  scene.by('A').put(R"({"a":1})");
  scene.by('B', "A1").erase();
  const Unseen found = written(a_patch("a"), scene.record(), Version{});
  CHECK(found.unseen == dots("A1"));
  CHECK(found.revives.empty());
}

TEST_CASE("a client that saw the record and not its delete revives it") {
  Scene scene;
  scene.by('A').put(R"({"a":1})");
  const Version before = read_version(scene.record());
  scene.by('B', "A1").patch(R"({"b":1})");
  scene.by('B').erase();
  const Unseen found = written(a_patch("a"), scene.record(), before);
  CHECK(found.revives == dots("B2"));
  CHECK(found.unseen == dots("B1"));  // will be a visible head
}

TEST_CASE("an op never names its own change") {
  Scene scene;
  scene.by('A').put(R"({"a":1})");
  scene.by('Z', "A1").erase().patch(R"({"a":2})").unseen("A1");
  const Unseen found = written(a_patch("a"), scene.record(), Version{dots("A1"), {}});
  CHECK(found.unseen.empty());
  CHECK(found.revives.empty());
}

TEST_CASE("a delete is written only if its client has seen all that a read would name") {
  Scene scene;
  scene.by('A').put(R"({"a":1})");
  const Version stale = read_version(scene.record());
  CHECK(delete_allowed(scene.record(), stale));
  scene.by('B', "A1").add("n", 1);
  CHECK_FALSE(delete_allowed(scene.record(), stale));
  CHECK(delete_allowed(scene.record(), read_version(scene.record())));
}

TEST_CASE("a delete of nothing, or of what is deleted already, is not written") {
  CHECK_FALSE(delete_allowed(Record{}, Version{}));
  Scene scene;
  scene.by('A').put(R"({"a":1})");
  scene.by('A').erase();
  CHECK_FALSE(delete_allowed(scene.record(), Version{dots("A1"), {}}));
}

TEST_CASE("after a write a client has seen what it had seen and its own op, no more") {
  Scene scene;
  scene.by('A').put(R"({"a":1})");
  const Version stale = read_version(scene.record());
  scene.by('B', "A1").patch(R"({"a":2})");
  scene.by('A', "B1").patch(R"({"a":3})").unseen("B1");
  const LocalDot own{0, 2};
  CHECK(version_after(scene.record(), a_patch("a").view(), own, stale) ==
        Version{dots("A1 A2"), {}});
  CHECK(version_after(scene.record(), an_op(oplog::OpKind::kDelete).view(), own, stale).is_empty());
}

TEST_CASE("a client that made a record again has seen the deletes that it accepted") {
  Scene scene;
  scene.by('A').put(R"({"a":1})");
  scene.by('B', "A1").erase();
  scene.by('B').put(R"({"a":2})").unseen("A1");
  CHECK(version_after(scene.record(), a_patch("a").view(), {1, 2}, Version{}) ==
        Version{dots("B2"), dots("B1")});
}

TEST_CASE("a record is as its client knows it until something of it changes") {
  const IsHeld held = [](const LocalDot& dot) { return dot.log < 26 && dot.seq <= 9; };
  Scene scene;
  scene.by('A').put(R"({"a":1,"b":1})");
  const Version read = read_version(scene.record());
  CHECK(is_as_known(scene.record(), read, held));
  CHECK_FALSE(is_as_known(scene.record(), {}, held));
  CHECK(is_as_known(Record{}, {}, held));
  CHECK_FALSE(is_as_known(Record{}, read, held));
  // Its own write: it knows what that replaced.
  scene.by('A').patch(R"({"a":2})");
  CHECK_FALSE(is_as_known(scene.record(), read, held));
  const Version own{dots("A1 A2"), {}};
  CHECK(is_as_known(scene.record(), own, held));
  CHECK(is_as_known(scene.record(), read_version(scene.record()), held));
  // Whoever writes, whatever it does.
  Scene set = scene;
  set.by('B', "A2").set_add("t", "1");
  CHECK_FALSE(is_as_known(set.record(), own, held));
  Scene bare = scene;
  bare.by('B', "A2").patch("{}");
  CHECK_FALSE(is_as_known(bare.record(), own, held));
  Scene unset = scene;
  unset.by('B', "A2").unset("b");
  CHECK_FALSE(is_as_known(unset.record(), own, held));
  scene.by('B', "A2").erase();
  CHECK_FALSE(is_as_known(scene.record(), own, held));
  CHECK(is_as_known(scene.record(), {}, held));
}

TEST_CASE("a client that knows more than is held here does not know the record") {
  Scene scene;
  scene.by('A').put(R"({"a":1})");
  const IsHeld held = [](const LocalDot& dot) {
    return (dot.log == 0 && dot.seq <= 1) || (dot.log == 1 && dot.seq <= 4);
  };
  CHECK(is_as_known(scene.record(), {dots("A1 B4"), {}}, held));
  CHECK_FALSE(is_as_known(scene.record(), {dots("A1 B5"), {}}, held));
  CHECK_FALSE(is_as_known(scene.record(), {dots("A1 C1"), {}}, held));
  CHECK_FALSE(is_as_known(scene.record(), {dots("A1"), dots("B5")}, held));
}
