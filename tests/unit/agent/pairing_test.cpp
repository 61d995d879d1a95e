#include <catch2/catch.hpp>

#include "agent/pairing/talk.hpp"
#include "crypto/sodium.hpp"
#include "replication/types/limits.hpp"
#include "tests/support/chance.hpp"

using namespace lanyard;
using namespace lanyard::agent;
using namespace std::chrono_literals;
using discovery::Tick;

namespace {

const bool kSodiumIsReady = crypto::init().has_value();

PairingEnds some_ends(std::uint8_t handshake = 7) {
  PairingEnds ends;
  ends.joiner.bytes.fill(1);
  ends.host.bytes.fill(2);
  ends.handshake.bytes.fill(handshake);
  return ends;
}

PairingFacts some_facts(const char* name, std::uint8_t home, bool is_shared = false) {
  PairingFacts facts{name, 7761, {}};
  facts.home.id.bytes.fill(home);
  facts.home.is_shared = is_shared;
  return facts;
}

/// A host with its window, and a joiner who typed some code.
struct Room {
  support::Chance dice{1};
  PairingWindow window{dice};
  HostTalk host{some_ends(), window, dice};
  Tick now{1000ms};

  Room() { window.open(now); }
  [[nodiscard]] crypto::PairingCode shown() { return window.offer(now)->code; }
  [[nodiscard]] JoinTalk joiner(const crypto::PairingCode& code, std::uint8_t handshake = 7) {
    return {some_ends(handshake), code, dice};
  }
  /// Up to the joiner's tag, which is the guess.
  HostTalk::Heard guess(JoinTalk& joiner, HostTalk& at) {
    const auto share = at.hear(joiner.start(), now);
    REQUIRE_FALSE(share.end);
    const auto tag = joiner.hear(share.to_send);
    REQUIRE_FALSE(tag.end);
    return at.hear(tag.to_send, now);
  }
};

crypto::PairingCode other_than(const crypto::PairingCode& code, Rng& rng) {
  auto other = crypto::PairingCode::random(rng);
  while (other == code) other = crypto::PairingCode::random(rng);
  return other;
}

TEST_CASE("two that have the same code learn who the other is, and show the same check") {
  Room room;
  JoinTalk joiner = room.joiner(room.shown());
  CHECK(room.guess(joiner, room.host).event == HostTalk::Event::kMatched);
  CHECK_FALSE(room.window.offer(room.now));
  const auto found = joiner.hear(room.host.welcome(some_facts("pi", 5)));
  REQUIRE(found.event == JoinTalk::Event::kMatched);
  CHECK(joiner.theirs() == some_facts("pi", 5));
  CHECK(joiner.check() == room.host.check());
  CHECK(joiner.check().size() == 6);
  const auto accepted = room.host.hear(joiner.accept(some_facts("laptop", 6)), room.now);
  REQUIRE(accepted.event == HostTalk::Event::kAccepted);
  CHECK(room.host.theirs() == some_facts("laptop", 6));
  CHECK(room.host.plan() == DefaultPlan::kJoinerMoves);
  CHECK(joiner.hear(HostTalk::done()).event == JoinTalk::Event::kDone);
}

TEST_CASE("a wrong code is used up, and the host says nothing") {
  Room room;
  const auto before = room.shown();
  JoinTalk joiner = room.joiner(other_than(before, room.dice));
  const auto heard = room.guess(joiner, room.host);
  CHECK(heard.event == HostTalk::Event::kWrong);
  CHECK(heard.to_send.empty());
  CHECK(heard.end);
  CHECK_FALSE(room.shown() == before);
  CHECK(room.window.offer(room.now)->codes_left == limits::kPairCodes - 1);
  CHECK(room.host.hear(joiner.start(), room.now).end);
}

TEST_CASE("after three wrong codes the window is closed") {
  Room room;
  for (int each = 0; each < limits::kPairCodes; ++each) {
    HostTalk host(some_ends(), room.window, room.dice);
    JoinTalk joiner = room.joiner(other_than(room.shown(), room.dice));
    CHECK(room.guess(joiner, host).event == HostTalk::Event::kWrong);
  }
  CHECK_FALSE(room.window.offer(room.now));
}

TEST_CASE("of two that try one code at once, the second one's guess is void") {
  Room room;
  HostTalk second(some_ends(8), room.window, room.dice);
  JoinTalk right = room.joiner(room.shown(), 8);
  JoinTalk wrong = room.joiner(other_than(room.shown(), room.dice));
  // Both have the host's share for the same code before either guesses.
  const auto to_wrong = room.host.hear(wrong.start(), room.now);
  const auto to_right = second.hear(right.start(), room.now);
  CHECK(room.host.hear(wrong.hear(to_wrong.to_send).to_send, room.now).event ==
        HostTalk::Event::kWrong);
  const auto late = second.hear(right.hear(to_right.to_send).to_send, room.now);
  CHECK(late.event == HostTalk::Event::kNothing);
  CHECK(late.end);
  CHECK(room.window.offer(room.now)->codes_left == limits::kPairCodes - 1);
}

TEST_CASE("asking without guessing uses up nothing, and tells nothing") {
  Room room;
  const auto code = room.shown();
  for (int each = 0; each < 100; ++each) {
    HostTalk host(some_ends(), room.window, room.dice);
    JoinTalk joiner = room.joiner(code);
    CHECK_FALSE(host.hear(joiner.start(), room.now).end);
  }
  CHECK(room.shown() == code);
}

TEST_CASE("a window is open for five minutes, also after wrong codes") {
  Room room;
  CHECK(room.window.offer(room.now + limits::kPairWindow - 1ms));
  JoinTalk joiner = room.joiner(other_than(room.shown(), room.dice));
  static_cast<void>(room.guess(joiner, room.host));
  CHECK(room.window.offer(room.now + limits::kPairWindow - 1ms));
  CHECK_FALSE(room.window.offer(room.now + limits::kPairWindow));
  CHECK(room.window.guess(1, true, room.now) == PairingWindow::Guess::kVoid);
}

TEST_CASE("the right code that comes too late is not right any more") {
  Room room;
  JoinTalk joiner = room.joiner(room.shown());
  const auto share = room.host.hear(joiner.start(), room.now);
  const auto tag = joiner.hear(share.to_send);
  const auto heard = room.host.hear(tag.to_send, room.now + limits::kPairWindow);
  CHECK(heard.event == HostTalk::Event::kNothing);
  CHECK(heard.end);
}

TEST_CASE("without a window a host talks as with one, and no code is right") {
  Room room;
  const auto last = room.shown();
  room.window.close();
  JoinTalk joiner = room.joiner(last);
  const auto heard = room.guess(joiner, room.host);
  CHECK(heard.event == HostTalk::Event::kNothing);
  CHECK(heard.to_send.empty());
  CHECK(heard.end);
}

TEST_CASE("somebody between the two, with a handshake of its own to each, has used up a code") {
  Room room;
  // It hands the messages on as they are; the handshakes are two.
  JoinTalk joiner = room.joiner(room.shown(), 9);
  CHECK(room.guess(joiner, room.host).event == HostTalk::Event::kWrong);
}

TEST_CASE("a host that does not know the code is found out") {
  Room room;
  JoinTalk joiner = room.joiner(room.shown());
  PairingWindow own_window(room.dice);
  own_window.open(room.now);
  HostTalk impostor(some_ends(), own_window, room.dice);
  const auto share = impostor.hear(joiner.start(), room.now);
  const auto tag = joiner.hear(share.to_send);
  CHECK(joiner.has_guessed());
  static_cast<void>(impostor.hear(tag.to_send, room.now));
  PairWelcome welcome;
  welcome.tag.bytes.fill(3);
  welcome.facts = some_facts("pi", 5);
  const auto heard = joiner.hear(encode(welcome));
  REQUIRE(heard.end);
  CHECK(heard.end->is(Code::kUnauthenticated));
  // A tag of its own sent back to it proves nothing either.
  JoinTalk again = room.joiner(room.shown());
  const auto own_tag = again.hear(again.start());
  if (!own_tag.end) {
    const auto sent = decode_pairing(own_tag.to_send);
    CHECK(again.hear(encode(PairWelcome{std::get<PairTag>(*sent).tag, some_facts("pi", 5)})).end);
  }
}

TEST_CASE("ten thousand wrong codes, on a clock that goes on: none is right") {
  support::Chance dice(2);
  PairingWindow window(dice);
  Tick now{0};
  int windows = 0;
  int wrong = 0;
  while (wrong < 10'000) {
    if (!window.offer(now)) {
      window.open(now);
      ++windows;
    }
    const auto guess = other_than(window.offer(now)->code, dice);
    HostTalk host(some_ends(), window, dice);
    JoinTalk joiner(some_ends(), guess, dice);
    const auto share = host.hear(joiner.start(), now);
    const auto heard = host.hear(joiner.hear(share.to_send).to_send, now);
    REQUIRE(heard.event == HostTalk::Event::kWrong);
    REQUIRE(heard.to_send.empty());
    ++wrong;
    now += 1s;
  }
  CHECK(windows == (10'000 + limits::kPairCodes - 1) / limits::kPairCodes);
}

TEST_CASE("messages that come out of turn end the talk") {
  Room room;
  const std::vector<Bytes> messages = {
      encode(PairShare{}),
      encode(PairTag{}),
      encode(PairWelcome{{}, some_facts("x", 1)}),
      encode(PairAccept{some_facts("x", 1)}),
      encode(PairDone{}),
      {},
      Bytes{0x90},
      Bytes(600, 0xC0),
  };
  for (const Bytes& first : messages) {
    HostTalk host(some_ends(), room.window, room.dice);
    CHECK(host.hear(first, room.now).end);  // zeros are no point either
    JoinTalk joiner = room.joiner(room.shown());
    CHECK(joiner.hear(first).end);
    CHECK_FALSE(joiner.has_guessed());
  }
  CHECK(room.window.offer(room.now)->codes_left == limits::kPairCodes);
}

TEST_CASE("no byte of a pairing's messages can be changed") {
  const auto whole = [](int changed_message, std::size_t at) {
    Room room;
    JoinTalk joiner = room.joiner(room.shown());
    const auto pass = [&](int number, Bytes message) {
      if (number == changed_message && at < message.size()) message[at] ^= 1;
      return message;
    };
    const auto share = room.host.hear(pass(0, joiner.start()), room.now);
    if (share.end) return false;
    const auto tag = joiner.hear(pass(1, share.to_send));
    if (tag.end) return false;
    if (room.host.hear(pass(2, tag.to_send), room.now).event != HostTalk::Event::kMatched)
      return false;
    // What follows is protected by the link; of the welcome, the tag proves the host.
    Bytes welcome = room.host.welcome(some_facts("pi", 5));
    if (changed_message == 3 && at < 4 + 64) welcome[at] ^= 1;
    return joiner.hear(welcome).event == JoinTalk::Event::kMatched;
  };
  CHECK(whole(-1, 0));
  for (const int message : {0, 1, 2, 3})
    for (std::size_t at = 0; at < 68; ++at)
      if (whole(message, at)) CHECK(at >= (message == 2 || message == 3 ? 68U : 36U));
}

TEST_CASE("both sides come to the same plan for their default spaces") {
  const auto home = [](std::uint8_t id, bool is_shared) {
    return some_facts("", id, is_shared).home;
  };
  CHECK(plan_defaults(home(1, false), home(2, false)) == DefaultPlan::kJoinerMoves);
  CHECK(plan_defaults(home(1, false), home(2, true)) == DefaultPlan::kJoinerMoves);
  CHECK(plan_defaults(home(1, true), home(2, false)) == DefaultPlan::kHostMoves);
  CHECK(plan_defaults(home(1, true), home(2, true)) == DefaultPlan::kBothStay);
  CHECK(plan_defaults(home(1, true), home(1, true)) == DefaultPlan::kSame);
}

TEST_CASE("a pairing's message is read back as it was written, and nothing else is read") {
  const std::vector<PairingMessage> messages = {
      PairShare{}, PairTag{}, PairWelcome{{}, some_facts("pi", 5, true)},
      PairAccept{some_facts("\xE2\x80\xAE name", 6)}, PairDone{}};
  for (const PairingMessage& message : messages) {
    const Bytes bytes = encode(message);
    CHECK(bytes.size() <= limits::kStrangersMessageBytesMax);
    CHECK(decode_pairing(bytes).value() == message);
    for (std::size_t size = 0; size < bytes.size(); ++size)
      CHECK_FALSE(decode_pairing(ByteView(bytes).first(size)));
    Bytes longer = bytes;
    longer.push_back(0xC0);
    CHECK_FALSE(decode_pairing(longer));
  }
  CHECK_FALSE(decode_pairing(encode(PairAccept{some_facts(std::string(65, 'x').c_str(), 1)})));
  PairingFacts no_port = some_facts("x", 1);
  no_port.sync_port = 0;
  CHECK_FALSE(decode_pairing(encode(PairAccept{no_port})));
}

}  // namespace
