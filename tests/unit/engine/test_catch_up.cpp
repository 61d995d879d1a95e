#include "tests/unit/engine/engine_words.hpp"

namespace lanyard::support {

namespace {

/// What bob missed while he was away.
void write_much(Shared& shared, const std::string& who, int count, std::size_t size) {
  for (int i = 0; i < count; ++i) {
    shared.bench[who].put(shared.space, who + std::to_string(i), std::string(size, 'x'));
    shared.bench.run();
  }
}

}  // namespace

TEST_CASE("a newly admitted device is offered the space, gets the grant before the history") {
  EngineBench bench({"alice", "bob"});
  const SpaceId space = bench["alice"].found();
  bench.connect("alice", "bob");
  bench.run();
  bench.take_said("alice", "bob");
  bench["alice"].admit(space, bench["bob"].id);
  bench["alice"].put(space, "n1", "welcome");
  bench.run();
  CHECK(bench.take_words("alice", "bob") ==
        Words{"have", "have", "grant", "pack", "in step", "pull"});
  CHECK(bench["bob"].store(space).log().clock() == bench["alice"].store(space).log().clock());
  CHECK(bench["bob"].store(space).table().records().size() == 1);
}

TEST_CASE("a device admitted by another is found to be a member by what it shows") {
  // carol was admitted by bob; alice has not heard of it, and bob is away.
  EngineBench three({"alice", "bob", "carol"});
  const SpaceId space = three["alice"].found();
  three["alice"].admit(space, three["bob"].id);
  three.connect("alice", "bob");
  three.pass(2s);
  three.cut("alice", "bob");
  three.connect("bob", "carol");
  three.run();
  three["bob"].admit(space, three["carol"].id);
  three.pass(2s);
  three.cut("bob", "carol");
  three["carol"].put(space, "n1", "from carol");
  three["alice"].put(space, "n2", "from alice");
  three.run();
  three.connect("alice", "carol");
  three.pass(2s);
  const VectorClock at_alice = three["alice"].store(space).log().clock();
  CHECK(at_alice == three["carol"].store(space).log().clock());
  CHECK(at_alice.size() == 3);
}

TEST_CASE("a non-member learns nothing: the same answer as for a space that does not exist") {
  EngineBench bench({"alice", "eve"});
  const SpaceId secret = bench["alice"].found();
  bench["alice"].put(secret, "n1", "secret");
  bench.connect("alice", "eve");
  bench.run();
  bench.take_said("alice", "eve");
  const SpaceId nowhere = Chance(5).fixed<SpaceId>();
  for (const SpaceId& space : {secret, nowhere}) {
    for (const wire::Message& asked : std::vector<wire::Message>{
             wire::PackPart{space, true, Bytes(10)}, wire::Acknowledge{space, {}},
             wire::Credit{space, 5}, wire::Pull{space, {}, 1000}}) {
      bench.say("eve", "alice", asked);
      bench.run();
    }
    CHECK(bench.take_said("alice", "eve") == std::vector<wire::Message>{wire::InStep{space, {}}});
    CHECK(bench.is_linked("eve", "alice"));
  }
  // An offer is answered as by one who has never heard of the space.
  for (const SpaceId& space : {secret, nowhere}) {
    bench.say("eve", "alice", wire::Have{space, Chance(6).fixed<LogId>(), {{9}, {}}});
    bench.run_storage();
    CHECK(bench.take_said("alice", "eve") ==
          std::vector<wire::Message>{wire::Pull{space, {}, limits::kPeerWindowBytesMax}});
  }
}

TEST_CASE("a non-member gets no live changes, offers or acknowledgements") {
  EngineBench bench({"alice", "eve"});
  const SpaceId secret = bench["alice"].found();
  bench.connect("alice", "eve");
  bench.run();
  bench.take_said("alice", "eve");
  bench["alice"].put(secret, "n1", "secret");
  bench.pass(2s);
  CHECK(bench.take_said("alice", "eve").empty());
}

TEST_CASE("a commit while the log is being streamed is not missed") {
  Shared two({"alice", "bob"});
  two.bench.cut("alice", "bob");
  write_much(two, "alice", 30, 100'000);
  two.bench.connect("alice", "bob");
  two.bench["alice"].holds_storage = true;
  for (int i = 0; i < 20; ++i) {
    two.bench.run();
    two.bench.let_storage("alice", 1);
    two.bench["alice"].put(two.space, "meanwhile" + std::to_string(i), "written meanwhile");
  }
  two.bench["alice"].holds_storage = false;
  two.bench.run();
  CHECK(two.clock("bob") == two.clock("alice"));
}

TEST_CASE("a commit that comes before the answer of storage to an earlier read is not missed") {
  Shared two({"alice", "bob"});
  two.bench.cut("alice", "bob");
  write_much(two, "alice", 1, 10);
  two.bench.connect("alice", "bob");
  two.bench.run_storage();
  two.bench["alice"].holds_storage = true;
  two.bench.run();
  const auto asked = two.bench["alice"].waiting();
  REQUIRE(asked.size() == 1);  // to load the log
  const auto answer = two.bench["alice"].vault().perform(asked.front(), {1});
  two.bench["alice"].put(two.space, "between", "between reading and being heard of");
  two.bench.let_storage("alice", 0);
  two.bench.step(two.bench["alice"], *answer);
  two.bench["alice"].holds_storage = false;
  two.bench.run();
  CHECK(two.clock("bob") == two.clock("alice"));
}

TEST_CASE("a link cut in the middle of a pack continues where it stopped") {
  Shared two({"alice", "bob"});
  two.bench.cut("alice", "bob");
  write_much(two, "alice", 40, 100'000);
  std::uint64_t bytes = 0;
  for (int cuts = 0; cuts < 6; ++cuts) {
    two.bench.connect("alice", "bob");
    two.bench.run_storage();
    for (int i = 0; i < 8; ++i) {  // up to the pull, and a part or two of packs
      two.bench.run_storage();
      two.bench.deliver("bob", "alice");
      two.bench.run_storage();
      two.bench.deliver("alice", "bob");
    }
    two.bench.cut("alice", "bob");
    bytes += two.bench.bytes_said("alice", "bob");
    two.bench.run_storage();
  }
  CHECK(two.clock("bob") != two.clock("alice"));
  two.bench.connect("alice", "bob");
  two.bench.run();
  CHECK(two.clock("bob") == two.clock("alice"));
  two.bench.take_said("alice", "bob");
}

TEST_CASE("one peer at a time is the source of catch-up, the next after 10 s of silence") {
  Shared three({"bob", "alice", "carol"});
  three.bench.connect("alice", "carol");
  three.bench.pass(2s);
  three.bench.cut("bob", "carol");
  three.bench.cut("alice", "carol");
  three.bench["bob"].put(three.space, "n1", "while carol was away");
  three.bench.pass(2s);
  // alice and bob have it; carol may ask either.
  three.bench.connect("carol", "alice");
  three.bench.connect("carol", "bob");
  three.bench.run_storage();  // digests are ready
  three.bench["alice"].holds_storage = three.bench["bob"].holds_storage = true;
  three.bench.run();
  const auto pulls = [&](const std::string& from) {
    return count_of(three.bench.take_words("carol", from), "pull");
  };
  const std::size_t first = pulls("alice");
  CHECK(first + pulls("bob") == 1);
  three.bench.pass(9s);
  CHECK(pulls("alice") + pulls("bob") == 0);
  three.bench.pass(2s);
  CHECK(pulls(first == 1 ? "bob" : "alice") == 1);
  CHECK(pulls(first == 1 ? "alice" : "bob") == 0);
  three.bench["alice"].holds_storage = three.bench["bob"].holds_storage = false;
  three.bench.run();
  CHECK(three.clock("carol") == three.clock("bob"));
  CHECK((three.bench.is_linked("carol", "alice") && three.bench.is_linked("carol", "bob")));
}

TEST_CASE("nothing new costs at most 2 KB and one round trip") {
  Shared two({"alice", "bob"});
  write_much(two, "alice", 100, 100);
  two.bench.pass(2s);
  two.bench.cut("alice", "bob");
  two.bench.connect("alice", "bob");
  two.bench.run();
  CHECK(two.bench.bytes_said("alice", "bob") + two.bench.bytes_said("bob", "alice") < 2048);
  CHECK(two.bench.take_words("alice", "bob") == Words{"hello", "root"});
}

TEST_CASE("what storage could not take is asked for again, after a while") {
  Shared two({"alice", "bob"});
  two.bench["bob"].vault().set_disk_full(true);
  two.bench["alice"].put(two.space, "n1", "does not fit");
  two.bench.run();
  CHECK_FALSE(two.bench.is_linked("bob", "alice"));
  two.bench.connect("alice", "bob");
  two.bench.run();
  CHECK(count_of(two.bench.take_words("bob", "alice"), "pull") == 0);
  two.bench["bob"].vault().set_disk_full(false);
  two.bench.pass(31s);
  CHECK(two.clock("bob") == two.clock("alice"));
}

TEST_CASE("what storage took after it had refused something is known, and built on") {
  Shared three({"alice", "bob", "carol"});
  BenchDevice& bob = three.bench["bob"];
  three.bench.add("dave");  // shares nothing: his link stays, and with it what is known
  three.bench.connect("bob", "dave");
  three.bench.connect("bob", "carol");
  three.bench.run();
  three.bench.cut("alice", "carol");
  bob.holds_storage = true;
  three.bench["alice"].put(three.space, "n1", "does not fit");
  three.bench.run();
  three.bench["carol"].put(three.space, "n2", "fits");
  three.bench.run();
  REQUIRE(bob.waiting().size() >= 2);
  bob.vault().set_disk_full(true);
  three.bench.let_storage("bob", 1);
  bob.vault().set_disk_full(false);
  bob.holds_storage = false;
  three.bench.run();
  static_cast<void>(bob.take_notices());
  bob.put(three.space, "n3", "names what carol wrote");
  three.bench.run();
  for (const engine::Notice& notice : bob.take_notices())
    CHECK_FALSE(std::holds_alternative<engine::Refused>(notice));
  three.bench.connect("alice", "bob");
  three.bench.connect("bob", "carol");
  three.bench.pass(31s);
  for (const char* name : {"bob", "carol"}) CHECK(three.clock(name) == three.clock("alice"));
}

TEST_CASE("a space that was left is neither asked for nor served, and its peers are not told") {
  Shared two({"alice", "bob"});
  two.bench["bob"].vault().leave(two.space);
  two.bench.step(two.bench["bob"], engine::SpaceLeft{two.space});
  two.bench["alice"].put(two.space, "n1", "not for bob");
  two.bench.pass(60s);
  CHECK(two.clock("alice").begin()->second.seq.value > 0);
  CHECK(count_of(two.bench.take_words("bob", "alice"), "pull") == 0);
  CHECK(two.bench.is_linked("bob", "alice"));
}

TEST_CASE("a device without room asks nobody and gives no credit, until there is room again") {
  Shared shared({"alice", "bob"});
  EngineBench& bench = shared.bench;
  bench.step(bench["bob"], engine::StoreCondition{shared.space, false});
  // More than the credit that alice has.
  write_much(shared, "alice", 300, 20'000);
  bench.pass(40s);
  const Words said = bench.take_words("bob", "alice");
  CHECK(count_of(said, "pull") == 0);
  CHECK(count_of(said, "credit") == 0);
  CHECK(bench.is_linked("alice", "bob"));
  CHECK(shared.clock("bob") != shared.clock("alice"));

  // On a new link neither.
  bench.cut("alice", "bob");
  bench.connect("alice", "bob");
  bench.pass(40s);
  CHECK(count_of(bench.take_words("bob", "alice"), "pull") == 0);

  bench.step(bench["bob"], engine::StoreCondition{shared.space, true});
  bench.pass(2s);
  CHECK(shared.clock("bob") == shared.clock("alice"));
}

}  // namespace lanyard::support
