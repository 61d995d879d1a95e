// docs/MERGING.md D4 to D14: values, which of them is shown, and conflicts.
#include <catch2/catch.hpp>

#include "tests/unit/merge/scene.hpp"

using namespace lanyard::testing;

TEST_CASE("a put leaves nothing of what it has seen, and keeps a concurrent patch") {
  Scene scene;
  scene.by('A').put(R"({"a":1,"b":1,"c":1})");
  scene.by('A').put(R"({"a":2})");
  scene.by('B', "A1").patch(R"({"b":5})");
  CHECK(scene.shown() == R"({"a":2,"b":5})");
  CHECK(scene.inbox("b").empty());
}

TEST_CASE("a put that repeats an old value is a write against a concurrent one") {
  Scene scene;
  scene.by('A').put(R"({"a":1,"b":1})");
  scene.by('B', "A1").patch(R"({"a":2})");
  scene.by('A').put(R"({"a":1,"b":2})");
  CHECK(scene.shown() == R"({"a":1,"b":2})");
  CHECK(scene.inbox("a") == "2 (B1)");
}

TEST_CASE("put and unset leave counters and sets alone") {
  Scene scene;
  scene.by('A').add("n", 3).set_add("t", "1");
  scene.by('A').put(R"({"a":1})");
  scene.by('A').unset("n");
  CHECK(scene.shown() == R"({"a":1,"n":3,"t":[1]})");
}

TEST_CASE("an unset against a concurrent write makes no conflict, but is an edit") {
  Scene scene;
  scene.by('A').put(R"({"a":1})");
  scene.by('A').unset("a");
  CHECK(scene.shown() == "{}");
  scene.by('B', "A1").patch(R"({"a":2})");
  CHECK(scene.shown() == R"({"a":2})");
  CHECK(scene.inbox("a").empty());
  CHECK(scene.heads() == "A2 B1");
}

TEST_CASE("the ops of one change apply in order and leave one value") {
  Scene scene;
  scene.by('A').put(R"({"a":1,"b":1})").patch(R"({"a":2})").unset("b").patch(R"({"a":3})");
  CHECK(scene.shown() == R"({"a":3})");
  CHECK(scene.inbox("a").empty());
}

TEST_CASE("of concurrent values the greatest timestamp is shown, compared without a sign") {
  Scene scene;
  scene.by('A').at(0x8000'0000'0000'0000).put(R"({"a":"years ahead"})");
  scene.by('B').at(2).put(R"({"a":"b"})");
  scene.by('C').at(3).put(R"({"a":"c"})");
  CHECK(scene.shown() == R"({"a":"years ahead"})");
  CHECK(scene.inbox("a") == R"("c" (C1), "b" (B1))");
}

TEST_CASE("between equal timestamps the greater change hash decides, as unsigned bytes") {
  Scene scene;
  scene.by('A').at(7).with_hash(0x7F).put(R"({"a":"A"})");
  scene.by('B').at(7).with_hash(0x80).put(R"({"a":"B"})");
  scene.by('C').at(6).with_hash(0xFF).put(R"({"a":"C"})");
  CHECK(scene.shown() == R"({"a":"B"})");
  CHECK(scene.inbox("a") == R"("A" (A1), "C" (C1))");
}

TEST_CASE("1, 1.0, true and \"1\" are four values, and null is one more") {
  Scene scene;
  scene.by('A').put(R"({"a":1})");
  scene.by('B').put(R"({"a":1.0})");
  scene.by('C').put(R"({"a":true})");
  scene.by('D').put(R"({"a":"1"})");
  scene.by('E').put(R"({"a":null})");
  CHECK(scene.shown() == R"({"a":null})");
  CHECK(scene.inbox("a") == R"("1" (D1), true (C1), 1.0 (B1), 1 (A1))");
}

TEST_CASE("equal values are no conflict but keep their dots") {
  Scene scene;
  scene.by('A').put(R"({"a":7})");
  scene.by('B').put(R"({"a":7})");
  CHECK(scene.inbox("a").empty());
  scene.by('C', "A1").patch(R"({"a":8})");
  CHECK(scene.shown() == R"({"a":8})");
  CHECK(scene.inbox("a") == "7 (B1)");
}

TEST_CASE("equal values rank together with their greatest timestamp") {
  Scene scene;
  scene.by('A').at(1).put(R"({"a":"equal"})");
  scene.by('B').at(2).put(R"({"a":"other"})");
  scene.by('C').at(3).put(R"({"a":"equal"})");
  CHECK(scene.shown() == R"({"a":"equal"})");
  CHECK(scene.inbox("a") == R"("other" (B1))");
}

TEST_CASE("a write that has seen some of the siblings settles those") {
  Scene scene;
  scene.by('A').put(R"({"a":1})");
  scene.by('B').put(R"({"a":2})");
  scene.by('C').put(R"({"a":3})");
  scene.by('D', "A1 B1").patch(R"({"a":4})");
  CHECK(scene.inbox("a") == "3 (C1)");
  scene.by('D', "C1").patch(R"({"a":5})");
  CHECK(scene.shown() == R"({"a":5})");
  CHECK(scene.inbox("a").empty());
}

TEST_CASE("two different resolutions of a conflict are siblings, equal ones are not") {
  Scene scene;
  scene.by('A').put(R"({"a":1,"b":1})");
  scene.by('B').put(R"({"a":2,"b":2})");
  scene.by('A', "B1").patch(R"({"a":3,"b":5})");
  scene.by('B', "A1").patch(R"({"a":4,"b":5})");
  CHECK(scene.shown() == R"({"a":4,"b":5})");
  CHECK(scene.inbox("a") == "3 (A2)");
  CHECK(scene.inbox("b").empty());
}

TEST_CASE("a resolution is undone by one change per old value, each calling the earlier unseen") {
  Scene scene;
  scene.by('A').put(R"({"a":1})");
  scene.by('B').put(R"({"a":2})");
  scene.by('A', "B1").patch(R"({"a":3})");
  scene.by('A').patch(R"({"a":1})");
  scene.by('A').patch(R"({"a":2})").unseen("A3");
  CHECK(scene.shown() == R"({"a":2})");
  CHECK(scene.inbox("a") == "1 (A3)");
}
