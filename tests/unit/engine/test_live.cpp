#include "tests/unit/engine/engine_words.hpp"

namespace lanyard::support {

TEST_CASE("a fresh change goes out at once to a peer in step") {
  Shared two({"alice", "bob"});
  two.bench["alice"].put(two.space, "n1", "fresh");
  two.bench.run();
  CHECK(two.bench.take_words("alice", "bob") == Words{"live"});
  CHECK(two.clock("bob") == two.clock("alice"));
}

TEST_CASE("a live change costs its payload and less than 200 bytes") {
  Shared two({"alice", "bob"});
  two.bench["alice"].put(two.space, "n0", "the names of the link are learnt by this one");
  two.bench.run();
  const auto before = two.bench.bytes_said("alice", "bob");
  const std::string text(300, 'x');
  two.bench["alice"].put(two.space, "n1", text);
  two.bench.run();
  CHECK(two.bench.bytes_said("alice", "bob") - before < text.size() + 200);
}

TEST_CASE("a device never acknowledges a change it has not made durable") {
  Shared two({"alice", "bob"});
  const LogId log = log_of(two.bench["alice"].store(two.space), two.bench["alice"].id);
  two.bench["alice"].put(two.space, "n1", "precious");
  two.bench.run();
  const auto seq = seq_in(two.clock("alice"), log).value;
  CHECK(seq_in(two.clock("bob"), log).value == seq);
  CHECK(acknowledged_of(two.bench["alice"].take_notices(), log) == 0);
  two.bench.pass(1s);
  CHECK(acknowledged_of(two.bench["alice"].take_notices(), log) == seq);
}

TEST_CASE("who wrote a change has it, and who names it in a change of its own had it before") {
  Shared three({"bob", "alice", "carol"});  // bob is in the middle
  const DeviceId alice = three.bench["alice"].id;
  const DeviceId carol = three.bench["carol"].id;
  const auto missing = [&](const std::string& at, const DeviceId& peer) {
    return three.bench[at].vault().missing(peer, three.space);
  };
  three.bench["alice"].put(three.space, "n1", "by alice");
  three.bench.pass(2s);
  CHECK(missing("bob", alice) == 0);
  CHECK(missing("carol", alice) == 0);  // they have never met
  CHECK(missing("alice", carol) > 0);   // who has said nothing
  three.bench["carol"].put(three.space, "n2", "by carol, who has read it");
  three.bench.pass(2s);
  CHECK(missing("alice", carol) == 0);
  CHECK(missing("carol", alice) == 2);  // the opening of her log, and n2
  CHECK(missing("bob", alice) == 0);
  CHECK(missing("bob", carol) == 0);
}

TEST_CASE("an acknowledgement that went with a cut link is asked for when the two meet again") {
  Shared two({"alice", "bob"});
  const auto missing = [&] {
    return two.bench["alice"].vault().missing(two.bench["bob"].id, two.space);
  };
  two.bench["alice"].put(two.space, "n1", "there, and not said so");
  two.bench.run();
  two.bench.cut("alice", "bob");
  two.bench.pass(2s);
  CHECK(two.clock("bob") == two.clock("alice"));
  CHECK(missing() == 1);
  two.forget();
  two.bench.connect("alice", "bob");
  two.bench.pass(2s);
  CHECK(missing() == 0);
  CHECK(two.bench.take_words("bob", "alice") == Words{"hello", "root", "acknowledge", "in step"});
  two.forget();
  two.bench.pass(60s);  // and then no more
  CHECK(count_of(two.bench.take_words("alice", "bob"), "pull") == 0);
}

TEST_CASE("after a power cut a device asks again for what was not durable") {
  Shared two({"alice", "bob"});
  two.bench["alice"].put(two.space, "n1", "precious");
  two.bench.run();
  CHECK(two.clock("bob") == two.clock("alice"));
  two.bench.power_cut("bob");
  CHECK(two.clock("bob") != two.clock("alice"));
  two.bench.connect("alice", "bob");
  two.bench.run();
  CHECK(two.clock("bob") == two.clock("alice"));
}

TEST_CASE("a change is passed on to whoever has no link to its author") {
  Shared three({"bob", "alice", "carol"});  // bob is in the middle
  three.bench["alice"].put(three.space, "n1", "for carol");
  three.bench.run();
  CHECK(three.bench.take_words("alice", "bob") == Words{"live"});
  CHECK(three.bench.take_words("bob", "carol") == Words{"live"});
  CHECK(three.clock("carol") == three.clock("alice"));
}

TEST_CASE("nothing is passed on that storage has not applied") {
  Shared three({"bob", "alice", "carol"});
  three.bench["bob"].holds_storage = true;
  three.bench["alice"].put(three.space, "n1", "for carol");
  three.bench.run();
  CHECK(three.bench.take_words("bob", "carol").empty());
  three.bench["bob"].holds_storage = false;
  three.bench.run();
  CHECK(three.bench.take_words("bob", "carol") == Words{"live"});
}

TEST_CASE("who has used up its credit is told have, pulls, and loses nothing") {
  Shared two({"alice", "bob"});
  two.bench["bob"].holds_storage = true;  // nothing is applied, so no credit goes back
  const std::string large(30'000, 'x');
  for (int i = 0; i < 200; ++i) {
    two.bench["alice"].put(two.space, "n" + std::to_string(i), large);
    two.bench.run();
  }
  const Words said = two.bench.take_words("alice", "bob");
  // bob pulled once, so that he may get 4 MiB; more than that waits.
  CHECK(count_of(said, "live") + count_of(said, "pack") < 150);
  CHECK(count_of(said, "have") > 0);
  CHECK(two.bench.bytes_said("alice", "bob") < 5 * limits::kMiB);
  two.bench["bob"].holds_storage = false;
  two.bench.run();
  CHECK(two.clock("bob") == two.clock("alice"));
}

TEST_CASE("credit given back keeps live changes live") {
  Shared two({"alice", "bob"});
  for (int i = 0; i < 2000; ++i) {
    two.bench["alice"].put(two.space, "n" + std::to_string(i), std::string(500, 'x'));
    two.bench.run();
  }
  const Words said = two.bench.take_words("alice", "bob");
  CHECK(count_of(said, "live") == 2000);
  CHECK(said.size() == 2000 + count_of(said, "ping"));
  CHECK(count_of(said, "ping") < 200);  // after 8 KiB each
  // In portions, not for every change.
  CHECK(count_of(two.bench.take_words("bob", "alice"), "credit") < 60);
}

TEST_CASE("a live change before its context is parked and applied later") {
  Shared three({"bob", "alice", "carol"});
  three.bench.connect("alice", "carol");
  three.bench.pass(2s);
  three.forget();
  three.bench.take_said("alice", "carol");
  three.bench["bob"].put(three.space, "n1", "first");
  three.bench.run_storage();
  three.bench.deliver("bob", "alice");  // carol's copy is still under way
  three.bench.run_storage();
  three.bench["alice"].put(three.space, "n1", "second, after the first");
  three.bench.run_storage();
  three.bench.deliver("alice", "carol", 2);  // bob's, passed on; and her own
  three.bench.run();
  CHECK(three.clock("carol") == three.clock("bob"));

  three.bench["bob"].put(three.space, "n2", "first");
  three.bench.run_storage();
  three.bench.deliver("bob", "alice");
  three.bench["alice"].holds_storage = true;  // alice passes nothing on, but goes on writing
  three.bench.let_storage("alice", 1);
  three.bench["alice"].put(three.space, "n2", "second");
  three.bench.run_storage();
  const auto said = three.bench.take_said("alice", "carol");
  const auto live = std::get<wire::LiveRun>(said.back());
  CHECK(live.items.front().context.size() == 1);
  three.bench.cut("alice", "carol");  // what was under way is lost
  three.bench.connect("alice", "carol");
  three.bench["alice"].holds_storage = false;
  three.bench.run();
  CHECK(three.clock("carol") == three.clock("bob"));
}

TEST_CASE("where others are is passed on to people, and to nobody who has no link") {
  Shared two({"alice", "bob"});
  auto& alice = two.bench["alice"];
  auto& bob = two.bench["bob"];
  bob.take_notices();
  const wire::Addresses addresses{{{alice.id, {{{10, 0, 0, 2}, 7761}}}}};
  two.bench.say("alice", "bob", wire::Message{addresses});
  two.bench.run();
  std::size_t told = 0;
  for (const engine::Notice& notice : bob.take_notices()) {
    const auto* said = std::get_if<engine::PeerToldAddresses>(&notice);
    if (said == nullptr) continue;
    ++told;
    CHECK((said->peer == alice.id && said->addresses == addresses));
  }
  CHECK(told == 1);
  two.bench.take_said("alice", "bob");
  two.bench.step(alice, engine::TellAddresses{engine::LinkId{999}, addresses});
  CHECK(two.bench.take_said("alice", "bob").empty());
}

TEST_CASE("a change that comes twice is applied once") {
  Shared three({"bob", "alice", "carol"});
  three.bench.connect("alice", "carol");
  three.bench.pass(2s);
  three.bench["bob"].put(three.space, "n1", "to both");
  three.bench.pass(2s);
  CHECK(three.clock("carol") == three.clock("bob"));
  CHECK(three.clock("alice") == three.clock("bob"));
  CHECK((three.bench.is_linked("alice", "carol") && three.bench.is_linked("bob", "carol")));
}

TEST_CASE("a commit between two digests is not missed") {
  for (const bool before_theirs : {true, false}) {
    Shared two({"alice", "bob"});
    two.bench.cut("alice", "bob");
    two.bench.connect("alice", "bob");
    two.bench.run_storage();  // both have told their hash
    if (before_theirs) two.bench.deliver("alice", "bob", 2);
    two.bench["alice"].put(two.space, "n1", "in between");
    two.bench.run();
    CHECK(two.clock("bob") == two.clock("alice"));
  }
}

}  // namespace lanyard::support
