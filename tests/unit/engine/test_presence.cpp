#include "replication/types/json_text.hpp"
#include "tests/unit/engine/engine_words.hpp"

namespace lanyard::support {
namespace {

engine::TellPresence presence(const SpaceId& space, const std::string& json) {
  return {{space, "notes", from_json(json).value()}, {}};
}

/// What clients of others were heard to say: "name: JSON".
Words heard(EngineBench& bench, const std::string& by, const Words& names) {
  Words out;
  for (const engine::Notice& notice : bench[by].take_notices()) {
    const auto* told = std::get_if<engine::PeerPresent>(&notice);
    if (told == nullptr) continue;
    for (const std::string& name : names)
      if (bench[name].id == told->peer) out.push_back(name + ": " + to_json(told->presence.value));
  }
  return out;
}

}  // namespace

TEST_CASE("a presence goes to every linked member, is passed on to nobody, and changes nothing") {
  Shared three({"bob", "alice", "carol"});  // bob is in the middle
  const VectorClock before = three.clock("bob");
  three.bench.step(three.bench["alice"], presence(three.space, R"({"typing":true})"));
  three.bench.step(three.bench["bob"], presence(three.space, "1"));
  three.bench.run();
  CHECK(heard(three.bench, "bob", {"alice", "carol"}) == Words{R"(alice: {"typing":true})"});
  CHECK(heard(three.bench, "carol", {"alice", "bob"}) == Words{"bob: 1"});
  CHECK(heard(three.bench, "alice", {"bob", "carol"}) == Words{"bob: 1"});
  CHECK(three.bench.take_words("alice", "bob") == Words{"presence"});
  CHECK(three.clock("bob") == before);
}

TEST_CASE("a presence waits for a space that is being opened, the newest one alone") {
  Shared two({"alice", "bob"});
  two.bench.cut("alice", "bob");
  two.bench.connect("alice", "bob");  // in step: nobody needs the space
  two.bench.run();
  two.forget();
  two.bench["alice"].holds_storage = true;
  two.bench.step(two.bench["alice"], presence(two.space, "1"));
  two.bench.step(two.bench["alice"], presence(two.space, "2"));
  two.bench.run();
  CHECK(two.bench.take_words("alice", "bob").empty());
  two.bench["alice"].holds_storage = false;
  two.bench.run();
  CHECK(count_of(two.bench.take_words("alice", "bob"), "presence") == 1);
  CHECK(heard(two.bench, "bob", {"alice"}) == Words{"alice: 2"});
}

TEST_CASE("a presence is for members, and from members") {
  Shared two({"alice", "bob"});
  const SpaceId own = two.bench["alice"].found();
  two.bench.run();
  two.bench["alice"].put(own, "n1", "for herself");
  two.bench.run();
  two.forget();
  two.bench.step(two.bench["alice"], presence(own, "1"));
  two.bench.run();
  CHECK(two.bench.take_words("alice", "bob").empty());
  two.bench.say("bob", "alice", presence(own, "2").presence);
  two.bench.run();
  CHECK(heard(two.bench, "alice", {"bob"}).empty());
  CHECK(two.bench.is_linked("alice", "bob"));
  // Of a space that is not here at all, too.
  two.bench.say("alice", "bob", presence(own, "3").presence);
  two.bench.run();
  CHECK(heard(two.bench, "bob", {"alice"}).empty());
  CHECK(two.bench.is_linked("alice", "bob"));
}

TEST_CASE("who has enough to hear is told of no presence, and neither is one who is gone") {
  Shared two({"alice", "bob"});
  engine::TellPresence told = presence(two.space, "1");
  told.busy = {engine::LinkId{1}};  // alice's first link
  two.bench.step(two.bench["alice"], told);
  two.bench.run();
  CHECK(two.bench.take_words("alice", "bob").empty());
  two.bench.cut("alice", "bob");
  two.bench.step(two.bench["alice"], presence(two.space, "2"));
  two.bench.connect("alice", "bob");
  two.bench.run();
  CHECK(heard(two.bench, "bob", {"alice"}).empty());
}

TEST_CASE("of what a peer says too fast the newest is told, once there is room") {
  Shared two({"alice", "bob"});
  constexpr std::size_t kSaid = 10 * limits::kPresencesPerSecond;
  for (std::size_t i = 0; i < kSaid; ++i)
    two.bench.say("bob", "alice", presence(two.space, std::to_string(i)).presence);
  two.bench.run_storage();
  CHECK(heard(two.bench, "alice", {"bob"}).size() == limits::kPresencesPerSecond);
  two.bench.pass(1s);
  CHECK(heard(two.bench, "alice", {"bob"}) == Words{"bob: " + std::to_string(kSaid - 1)});
  two.bench.pass(5s);
  CHECK(heard(two.bench, "alice", {"bob"}).empty());
}

TEST_CASE("60 presences in a second are told at once, and one more is told in the next one") {
  Shared two({"alice", "bob"});
  const auto say = [&](std::size_t count) {
    for (std::size_t i = 0; i < count; ++i)
      two.bench.say("bob", "alice", presence(two.space, std::to_string(i)).presence);
    two.bench.run_storage();
    return heard(two.bench, "alice", {"bob"}).size();
  };
  CHECK(say(limits::kPresencesPerSecond) == limits::kPresencesPerSecond);
  CHECK(say(1) == 0);
  two.bench.pass(1s);
  CHECK(heard(two.bench, "alice", {"bob"}).size() == 1);
}

TEST_CASE("what a peer says of presence in a second has a bound in bytes too") {
  Shared two({"alice", "bob"});
  const std::string large = '"' + std::string(limits::kPresenceJsonBytesMax - 2, 'x') + '"';
  const std::size_t each = presence(two.space, large).presence.value.size();
  constexpr std::size_t kMax = limits::kPresenceBytesPerSecond;
  for (std::size_t i = 0; i < kMax / each; ++i)
    two.bench.say("bob", "alice", presence(two.space, large).presence);
  two.bench.run_storage();
  CHECK(heard(two.bench, "alice", {"bob"}).size() == kMax / each);
  // One more is one too many, and ten times as much too.
  for (std::size_t i = 0; i < 10 * kMax / each; ++i)
    two.bench.say("bob", "alice", presence(two.space, large).presence);
  two.bench.run_storage();
  CHECK(heard(two.bench, "alice", {"bob"}).empty());
  // What is within the bound comes at once again, and takes the place of what waited.
  two.bench.pass(1s);
  static_cast<void>(heard(two.bench, "alice", {"bob"}));
  two.bench.say("bob", "alice", presence(two.space, "1").presence);
  two.bench.run_storage();
  CHECK(heard(two.bench, "alice", {"bob"}) == Words{"bob: 1"});
}

}  // namespace lanyard::support
