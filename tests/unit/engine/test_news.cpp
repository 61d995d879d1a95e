#include "tests/unit/engine/engine_words.hpp"

/// Who is told of what is new when everybody is linked with everybody.
namespace lanyard::support {
namespace {

/// Three that are all linked, and have found out from whom each gets what bob writes.
struct Mesh : Shared {
  Mesh() : Shared({"bob", "alice", "carol"}) {
    bench.connect("alice", "carol");
    bench.pass(2s);
    put(2);
    bench.pass(2s);
    take_all();
  }
  void put(int count, std::size_t size = 10) {
    for (int i = 0; i < count; ++i) {
      bench["bob"].put(space, "n" + std::to_string(next_++), std::string(size, 'x'));
      bench.run();
    }
  }
  void take_all() {
    forget();
    bench.take_said("alice", "carol");
    bench.take_said("carol", "alice");
  }
  [[nodiscard]] bool is_equal() {
    return clock("carol") == clock("bob") && clock("alice") == clock("bob");
  }

 private:
  int next_ = 0;
};

}  // namespace

TEST_CASE("what crosses on two links is brought by one of them from then on") {
  Shared mesh({"bob", "alice", "carol"});
  mesh.bench.connect("alice", "carol");
  mesh.bench.pass(2s);
  mesh.bench["bob"].put(mesh.space, "n1", "to both");
  mesh.bench.run_storage();
  mesh.bench.deliver("bob", "alice");
  mesh.bench.deliver("bob", "carol");
  mesh.bench.run_storage();
  mesh.bench.take_said("alice", "carol");
  mesh.bench.run();  // each brings it to the other, who says that it is not needed
  CHECK(mesh.bench.take_words("alice", "carol") == Words{"have"});
}

TEST_CASE("in a full mesh each change crosses one link for each device that lacks it") {
  Mesh mesh;
  mesh.put(10);
  CHECK(mesh.is_equal());
  CHECK(mesh.bench.take_words("bob", "alice") == Words(10, "live"));
  CHECK(mesh.bench.take_words("bob", "carol") == Words(10, "live"));
  CHECK(mesh.bench.take_words("alice", "carol").empty());
  CHECK(mesh.bench.take_words("carol", "alice").empty());
  mesh.bench.pass(5s);  // and nothing is made up for later: it was shown
  CHECK(count_of(mesh.bench.take_words("alice", "carol"), "have") == 0);
}

TEST_CASE("whose quicker way is gone is told by others, and gets the next change at once") {
  Mesh mesh;
  mesh.bench.cut("bob", "carol");
  mesh.put(3);
  CHECK(mesh.clock("alice") == mesh.clock("bob"));
  CHECK(mesh.clock("carol") != mesh.clock("bob"));
  mesh.bench.pass(limits::kShownWithin);
  CHECK(mesh.is_equal());
  mesh.take_all();
  mesh.put(3);
  CHECK(mesh.is_equal());
  CHECK(mesh.bench.take_words("alice", "carol") == Words(3, "live"));
}

TEST_CASE("of two who bring a log only one is told to stop, however their messages cross") {
  Shared four({"bob", "alice", "carol", "dave"});
  EngineBench& bench = four.bench;
  bench.connect("alice", "carol");
  bench.connect("carol", "dave");  // dave hears of alice through bob and through carol
  bench.pass(2s);
  const auto write = [&] {
    bench["alice"].put(four.space, "n", "something");
    bench.run_storage();
    for (const char* to : {"bob", "carol"}) bench.deliver("alice", to);
    bench.run_storage();
  };
  const auto bring = [&](const char* from) {
    bench.deliver(from, "dave");
    bench.run_storage();
  };
  write();
  bring("bob");
  bring("carol");  // is told that this was not needed, and does not hear it yet
  write();
  bring("carol");
  bring("bob");
  CHECK(count_of(bench.take_words("dave", "bob"), "have") == 0);
  bench.run();
  write();
  bench.run();
  CHECK(four.clock("dave") == four.clock("alice"));
}

TEST_CASE("a stream that goes on is not taken for one that has stopped") {
  Mesh mesh;
  for (int i = 0; i < 40; ++i) {
    mesh.put(1);
    mesh.bench.pass(100ms);
  }
  CHECK(count_of(mesh.bench.take_words("alice", "carol"), "have") == 0);
  CHECK(count_of(mesh.bench.take_words("alice", "carol"), "live") == 0);
}

TEST_CASE("a large run is told of and pulled, packed") {
  Shared two({"alice", "bob"});
  two.bench["alice"].put(two.space, "n1", std::string(limits::kLiveRunBytesMax, 'x'));
  two.bench.run();
  CHECK(two.clock("bob") == two.clock("alice"));
  const Words said = two.bench.take_words("alice", "bob");
  CHECK(count_of(said, "live") == 0);
  CHECK(said.front() == "have");
  CHECK(count_of(said, "pack") == 1);
}

TEST_CASE("a run that is a byte longer than 32 KiB is pulled, and one that is ten times as long") {
  Shared two({"alice", "bob"});
  const auto cost = [&](std::size_t text) {
    two.forget();
    two.bench["alice"].put(two.space, "n1", std::string(text, 'x'));
    two.bench.run();
    CHECK(two.clock("bob") == two.clock("alice"));
    const MemoryStore::Entry& last = two.bench["alice"].store(two.space).entries().back();
    return engine::cost_of(
        engine::make_live_run(two.space, *last.changes, last.signatures.begin()->second));
  };
  const auto is_live = [&] { return count_of(two.bench.take_words("alice", "bob"), "live") == 1; };
  constexpr std::size_t kMax = limits::kLiveRunBytesMax;
  const std::size_t beside = cost(1000) - 1000;
  CHECK(is_live());
  CHECK(cost(kMax - beside + 1) == kMax + 1);
  CHECK_FALSE(is_live());
  CHECK(cost(10 * kMax) > kMax);
  CHECK_FALSE(is_live());
}

TEST_CASE("who has shown to hold everything is in step, whoever brought it") {
  Mesh mesh;
  mesh.bench.cut("bob", "alice");
  mesh.bench.cut("bob", "carol");
  mesh.put(50);
  mesh.bench.connect("bob", "alice");
  mesh.bench.connect("bob", "carol");
  mesh.bench.pass(5s);
  REQUIRE(mesh.is_equal());
  mesh.take_all();
  mesh.bench["alice"].put(mesh.space, "a", "to both");
  mesh.bench.run();
  CHECK(mesh.bench.take_words("alice", "bob") == Words{"live"});
  CHECK(mesh.bench.take_words("alice", "carol") == Words{"live"});
}

TEST_CASE("over a link that does not answer no more goes out than a little, and all comes later") {
  Shared two({"alice", "bob"});
  const std::uint64_t before = two.bench.bytes_said("alice", "bob");
  for (int i = 0; i < 300; ++i) {
    two.bench["alice"].put(two.space, "n" + std::to_string(i), std::string(400, 'x'));
    two.bench.run_storage();  // nothing is delivered
  }
  CHECK(two.bench.bytes_said("alice", "bob") - before < limits::kLiveRunBytesMax);
  CHECK(two.clock("bob") != two.clock("alice"));
  two.bench.run();
  CHECK(two.clock("bob") == two.clock("alice"));
  // What had to wait was told of and pulled; what comes from now on goes at once.
  two.forget();
  two.bench["alice"].put(two.space, "last", "at once");
  two.bench.run();
  CHECK(two.bench.take_words("alice", "bob").front() == "live");
}

TEST_CASE("what several told of is pulled from one of them") {
  Shared four({"bob", "alice", "carol", "dave"});
  EngineBench& bench = four.bench;
  for (const char* one : {"alice", "carol"}) bench.connect(one, "dave");
  bench.connect("alice", "carol");
  bench.pass(2s);
  four.forget();
  for (const char* one : {"alice", "carol"}) bench.take_said("dave", one);
  bench["bob"].put(four.space, "n1", std::string(limits::kLiveRunBytesMax, 'x'));
  bench.run_storage();
  for (const char* to : {"alice", "carol"}) {
    bench.deliver("bob", to);
    bench.deliver(to, "bob");
    bench.run_storage();
    bench.deliver("bob", to, 3);
    bench.run_storage();
  }
  for (const char* from : {"bob", "alice", "carol"}) bench.deliver(from, "dave");
  bench.run();
  CHECK(four.clock("dave") == four.clock("bob"));
  std::size_t pulls = 0;
  for (const char* from : {"bob", "alice", "carol"})
    pulls += count_of(bench.take_words("dave", from), "pull");
  CHECK(pulls == 1);
}

}  // namespace lanyard::support
