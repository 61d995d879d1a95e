// docs/MERGING.md D15 to D25: deletes, records made again, clears, restores.
#include <catch2/catch.hpp>

#include "tests/unit/merge/scene.hpp"

using namespace lanyard::testing;

TEST_CASE("a delete hides a record that it has seen, and the trash keeps it") {
  Scene scene;
  scene.by('A').put(R"({"a":1})").add("n", 2).set_add("t", "3");
  scene.by('B', "A1").erase();
  CHECK(scene.shown() == "gone");
  CHECK(scene.trash("a") == "1 (by B1)");
  CHECK(scene.trash("n") == "2 (by B1)");
  CHECK(scene.trash("t") == "3 (by B1)");
  CHECK(scene.voids().empty());
}

TEST_CASE("any edit that a delete has not seen makes it void") {
  const auto edit = GENERATE(0, 1, 2, 3, 4, 5);
  Scene scene;
  scene.by('A').put(R"({"a":1})");
  scene.by('B', "A1").erase();
  SceneChange change = scene.by('C', "A1");
  if (edit == 0) change.patch(R"({"a":1})");  // even the same value
  if (edit == 1) change.patch("{}");
  if (edit == 2) change.unset("z");
  if (edit == 3) change.add("n", 0);
  if (edit == 4) change.set_add("t", "1");
  if (edit == 5) change.set_remove("t", "1");
  CHECK(scene.record().is_shown());
  CHECK(scene.trash("a").empty());
  CHECK(scene.voids() == "B1");
}

TEST_CASE("a delete of nothing leaves nothing to store and touches no record made concurrently") {
  Scene scene;
  scene.by('B').erase();
  CHECK(scene.store().records().empty());
  scene.by('A').put(R"({"a":1})");
  CHECK(scene.shown() == R"({"a":1})");
}

TEST_CASE("of two deletes the one that saw a concurrent edit stands") {
  Scene scene;
  scene.by('A').put(R"({"a":1})");
  scene.by('C', "A1").patch(R"({"a":2})");
  scene.by('A').erase();
  scene.by('B', "C1").erase();
  CHECK(scene.shown() == "gone");
  CHECK(scene.trash("a") == "2 (by B1)");
}

TEST_CASE("a record made again leaves its trash alone if its client saw no record") {
  Scene scene;
  scene.by('A').put(R"({"a":1,"b":1})");
  scene.by('B', "A1").erase();
  scene.by('B').put(R"({"a":2})").unseen("A1");
  CHECK(scene.shown() == R"({"a":2})");
  CHECK(scene.trash("a") == "1 (by B1)");
  CHECK(scene.trash("b") == "1 (by B1)");
}

TEST_CASE("hidden values that an edit has seen are replaced like visible ones") {
  Scene scene;
  scene.by('A').put(R"({"a":1,"b":1})");
  scene.by('B', "A1").erase();
  scene.by('B').patch(R"({"a":2})");
  CHECK(scene.shown() == R"({"a":2})");
  CHECK(scene.trash("a").empty());
  CHECK(scene.trash("b") == "1 (by B1)");
}

TEST_CASE("a delete that becomes void after the record was made again brings the old values back") {
  Scene scene;
  scene.by('A').put(R"({"a":1})").add("n", 2);
  scene.by('B', "A1").erase();
  scene.by('B').put(R"({"a":2})").unseen("A1").add("n", 5).unseen("A1");
  CHECK(scene.shown() == R"({"a":2,"n":5})");
  scene.by('C', "A1").patch("{}");
  CHECK(scene.shown() == R"({"a":2,"n":7})");
  CHECK(scene.inbox("a") == "1 (A1)");
}

TEST_CASE("a stale client's edit of a record that its agent knows as deleted revives all of it") {
  Scene scene;
  scene.by('A').put(R"({"a":1,"b":1})");
  scene.by('B', "A1").erase();
  scene.by('A', "B1").patch(R"({"a":5})").revives("B1");
  CHECK(scene.shown() == R"({"a":5,"b":1})");
  CHECK(scene.voids() == "B1");
}

TEST_CASE("a delete that names an unseen head is void; another unseen dot means nothing to it") {
  Scene scene;
  scene.by('A').put(R"({"a":1})");
  scene.by('B', "A1").patch(R"({"a":2})");
  scene.by('A', "B1").erase().unseen("A1");
  CHECK(scene.shown() == "gone");
  Scene other;
  other.by('A').put(R"({"a":1})");
  other.by('B', "A1").patch(R"({"a":2})");
  other.by('A', "B1").erase().unseen("B1");
  CHECK(other.shown() == R"({"a":2})");
  CHECK(other.voids() == "A2");
}

TEST_CASE("a clear deletes what it has seen of its collection, record by record") {
  Scene scene;
  scene.by('A').put(R"({"a":1})").of("notes", "n2").put(R"({"a":2})");
  scene.by('A').of("chats", "c1").put(R"({"a":3})");
  scene.by('B', "A1").of("notes", "n2").patch(R"({"a":4})");
  scene.by('C', "A2").clear();
  scene.by('C').of("notes", "n3").put(R"({"a":5})");
  CHECK(scene.shown() == "gone");
  CHECK(scene.shown({"notes", "n2"}) == R"({"a":4})");
  CHECK(scene.shown({"notes", "n3"}) == R"({"a":5})");
  CHECK(scene.shown({"chats", "c1"}) == R"({"a":3})");
  CHECK(scene.voids() == "C1");
}

TEST_CASE("a clear of the space reaches every collection and spares heads it calls unseen") {
  Scene scene;
  scene.by('A').put(R"({"a":1})").of("chats", "c1").put(R"({"a":2})");
  scene.by('B', "A1").patch(R"({"b":1})");
  scene.by('A', "B1").clear_space().unseen("B1");
  CHECK(scene.shown() == R"({"a":1,"b":1})");
  CHECK(scene.shown({"chats", "c1"}) == "gone");
}

TEST_CASE("a change may clear and fill in one") {
  Scene scene;
  scene.by('A').put(R"({"a":1,"b":1})");
  scene.by('A').clear().put(R"({"a":2})");
  CHECK(scene.shown() == R"({"a":2})");
  CHECK(scene.inbox("a").empty());
}

TEST_CASE("a restore brings everything back: siblings, counters and set elements") {
  Scene scene;
  scene.by('A').put(R"({"a":1})").add("n", 2).set_add("t", "3");
  scene.by('B').put(R"({"a":4})");
  scene.by('C', "A1 B1").erase();
  CHECK(scene.shown() == "gone");
  scene.by('C').patch("{}").revives("C1").unseen("A1 B1");
  CHECK(scene.shown() == R"({"a":4,"n":2,"t":[3]})");
  CHECK(scene.inbox("a") == "1 (A1)");
  CHECK(scene.heads() == "A1 B1 C2");
}

TEST_CASE("delete and put in one change replace counters and sets too") {
  Scene scene;
  scene.by('A').put(R"({"a":1})").add("n", 2).set_add("t", "3");
  scene.by('A').erase().put(R"({"n":"now a text"})");
  CHECK(scene.shown() == R"({"n":"now a text"})");
  CHECK(scene.trash("n") == "2 (by A2)");
}
