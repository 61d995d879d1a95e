// docs/MERGING.md D26 to D28: counters, sets, and fields that hold several kinds.
#include <catch2/catch.hpp>
#include <cstdint>

#include "tests/unit/merge/scene.hpp"

using namespace lanyard::testing;

TEST_CASE("a counter adds up concurrent adds, and shows a sum of 0") {
  Scene scene;
  scene.by('A').add("n", 5);
  scene.by('B').add("n", -5);
  CHECK(scene.shown() == R"({"n":0})");
}

TEST_CASE("a counter wraps modulo 2^64 and back") {
  Scene scene;
  scene.by('A').add("n", INT64_MAX);
  scene.by('B').add("n", 1);
  CHECK(scene.shown() == R"({"n":-9223372036854775808})");
  scene.by('C').add("n", -1);
  CHECK(scene.shown() == R"({"n":9223372036854775807})");
}

TEST_CASE("a counter keeps one sum per set of deletes that hide it") {
  Scene scene;
  scene.by('A').add("n", 1);
  scene.by('A').erase();
  scene.by('A').add("n", 10);
  scene.by('A').erase();
  scene.by('A').add("n", 100);
  CHECK(scene.shown() == R"({"n":100})");
  CHECK(scene.trash("n") == "1 (by A2 A4), 10 (by A4)");
}

TEST_CASE("the part of a counter whose delete becomes void is counted again") {
  Scene scene;
  scene.by('A').add("n", 1);
  scene.by('A').erase();
  scene.by('A').add("n", 10);
  scene.by('B', "A1").add("n", 100);
  CHECK(scene.shown() == R"({"n":111})");
  CHECK(scene.trash("n").empty());
}

TEST_CASE("parts of a counter that the same change hides twice become one") {
  Scene scene;
  scene.by('A').add("n", 1).erase().add("n", 10).erase().add("n", 100);
  CHECK(scene.shown() == R"({"n":100})");
  CHECK(scene.trash("n") == "11 (by A1)");
}

TEST_CASE("a concurrent add of an element survives its removal") {
  Scene scene;
  scene.by('A').set_add("t", "1");
  scene.by('B').set_add("t", "1");
  scene.by('C', "A1").set_remove("t", "1");
  CHECK(scene.shown() == R"({"t":[1]})");
  scene.by('C', "B1").set_remove("t", "1");
  CHECK(scene.shown() == "{}");
}

TEST_CASE("elements are equal by canonical bytes and shown in their order, each once") {
  Scene scene;
  scene.by('A').set_add("t", R"("1")").set_add("t", "true").set_add("t", "1.0").set_add("t", "1");
  scene.by('B').set_add("t", "1").set_add("t", "1.0");
  CHECK(scene.shown() == R"({"t":[1,"1",true,1.0]})");
}

TEST_CASE("a remove by a client that had not seen the element leaves it") {
  Scene scene;
  scene.by('B').set_add("t", "1");
  scene.by('A', "B1").set_remove("t", "1").unseen("B1");
  CHECK(scene.shown() == R"({"t":[1]})");
}

TEST_CASE("an add again of an element replaces the adds it has seen") {
  Scene scene;
  scene.by('A').set_add("t", "1");
  scene.by('B').set_add("t", "1");
  scene.by('A', "B1").set_add("t", "1");
  CHECK(scene.record().find("t")->elements ==
        std::vector<lanyard::merge::SetElement>{{value("1"), {0, 2}, {}}});
}

TEST_CASE("elements that a delete hid are not shown in the set that is made again") {
  Scene scene;
  scene.by('A').set_add("t", "1").set_add("t", "2");
  scene.by('A').erase();
  scene.by('A').set_add("t", "2").unseen("A1");
  CHECK(scene.shown() == R"({"t":[2]})");
  CHECK(scene.trash("t") == "1 (by A2), 2 (by A2)");
}

TEST_CASE("a field shows its counter, else its set, else a value; the rest waits in the inbox") {
  Scene scene;
  scene.by('A').put(R"({"a":"text"})");
  CHECK(scene.shown() == R"({"a":"text"})");
  scene.by('B').set_add("a", "1");
  CHECK(scene.shown() == R"({"a":[1]})");
  CHECK(scene.inbox("a") == R"("text" (A1))");
  scene.by('C').add("a", 7);
  CHECK(scene.shown() == R"({"a":7})");
  CHECK(scene.inbox("a") == R"([1], "text" (A1))");
}

TEST_CASE("a value is shown again when the set beside it is empty") {
  Scene scene;
  scene.by('A').put(R"({"a":"text"})").set_add("a", "1");
  scene.by('A').set_remove("a", "1");
  CHECK(scene.shown() == R"({"a":"text"})");
}

TEST_CASE("a field of which nothing is left does not exist") {
  Scene scene;
  scene.by('A').put(R"({"a":1})").set_add("t", "1").set_remove("u", "1");
  scene.by('A').unset("a").set_remove("t", "1");
  CHECK(scene.record().fields.empty());
}
