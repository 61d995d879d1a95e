// docs/MERGING.md D1 to D3: a client has seen what it read, not what its agent holds.
#include <catch2/catch.hpp>

#include "tests/unit/merge/scene.hpp"

using namespace lanyard::testing;

TEST_CASE("a write replaces what its client had read, whatever the clocks say") {
  Scene scene;
  scene.by('A').at(900).put(R"({"a":"from the future"})");
  scene.by('B', "A1").at(5).patch(R"({"a":"now"})");
  CHECK(scene.shown() == R"({"a":"now"})");
  CHECK(scene.inbox("a").empty());
}

TEST_CASE("a value that the agent held and the client had not read waits in the inbox") {
  Scene scene;
  scene.by('A').put(R"({"a":1})");
  scene.by('B', "A1").patch(R"({"a":2})");
  scene.by('A', "B1").patch(R"({"a":3})").unseen("B1");
  CHECK(scene.shown() == R"({"a":3})");
  CHECK(scene.inbox("a") == "2 (B1)");
}

TEST_CASE("an unseen dot outside the context, or of the change itself, says nothing") {
  Scene scene;
  scene.by('A').put(R"({"a":1})");
  scene.by('B', "A1").patch(R"({"a":2})").unseen("B1 C9").patch(R"({"a":3})").unseen("B1");
  CHECK(scene.shown() == R"({"a":3})");
  CHECK(scene.inbox("a").empty());
}

TEST_CASE("unseen belongs to one op alone") {
  Scene scene;
  scene.by('A').put(R"({"a":1,"b":1})");
  scene.by('B', "A1").patch(R"({"a":2,"b":2})");
  scene.by('A', "B1").patch(R"({"a":3})").unseen("B1").patch(R"({"b":3})");
  CHECK(scene.inbox("a") == "2 (B1)");
  CHECK(scene.inbox("b").empty());
}

TEST_CASE("an edit may call a change's edit unseen and take its delete for read") {
  Scene scene;
  scene.by('A').put(R"({"a":1})");
  scene.by('B', "A1").patch(R"({"a":2})").erase();
  scene.by('A', "B1").patch(R"({"a":3})").unseen("B1");
  CHECK(scene.shown() == R"({"a":3})");
  CHECK(scene.trash("a") == "2 (by B1)");
}

TEST_CASE("heads follow what clients read: a stale client's write leaves the unseen head") {
  Scene scene;
  scene.by('A').put(R"({"a":1})");
  scene.by('B', "A1").add("count", 5);
  scene.by('A', "B1").patch(R"({"a":2})").unseen("B1");
  CHECK(scene.heads() == "A2 B1");
}
