#include "replication/engine/pushes.hpp"
#include "tests/unit/engine/engine_words.hpp"

/// How much goes out unasked on a link whose peer does not answer.
namespace lanyard::support {
namespace {

struct OneLink {
  OneLink() {
    out.open(link);
    pushes.open(link);
  }
  void send(std::uint64_t bytes) { pushes.send(link, wire::Credit{{}, 1}, bytes); }
  /// The pings that went out since it was asked last.
  std::vector<std::uint64_t> take_pings() {
    std::vector<std::uint64_t> numbers;
    wire::LinkNames names;
    for (const engine::Effect& effect : out.take()) {
      const auto message = wire::decode(std::get<engine::Send>(effect).message, names);
      if (const auto* ping = message ? std::get_if<wire::Ping>(&*message) : nullptr)
        numbers.push_back(ping->number);
    }
    return numbers;
  }

  engine::Outbox out;
  engine::Now now;
  engine::Pushes pushes{out, now};
  engine::LinkId link{1};
};

}  // namespace

TEST_CASE("no more goes out than a bound, and an answer makes room for as much as it speaks for") {
  OneLink one;
  std::uint64_t sent = 0;
  for (; one.pushes.takes(one.link, 1024); sent += 1024) one.send(1024);
  CHECK(sent == engine::Pushes::kUnansweredMax);
  CHECK_FALSE(one.pushes.takes(one.link, 1));
  CHECK_FALSE(one.pushes.takes(one.link, 10 * engine::Pushes::kUnansweredMax));
  const auto pings = one.take_pings();
  REQUIRE(pings.size() == 1);
  CHECK_FALSE(one.pushes.answered(one.link, pings.front() + 1));  // not one of these
  CHECK(one.pushes.answered(one.link, pings.front()) == true);
  CHECK(one.pushes.takes(one.link, 1000));
  CHECK_FALSE(one.pushes.answered(one.link, pings.front()));  // only once
}

TEST_CASE("nothing goes out while an answer is late") {
  OneLink one;
  one.send(engine::Pushes::kUnansweredMax / 2);
  const auto pings = one.take_pings();
  REQUIRE(pings.size() == 1);
  one.now.mono.since_origin += engine::Pushes::kAnswerMax - 1ms;
  CHECK(one.pushes.takes(one.link, 1));
  one.now.mono.since_origin += 1ms;
  one.pushes.heard(one.link);  // what it says may not be the answer: only one way is open
  CHECK_FALSE(one.pushes.takes(one.link, 1));
  CHECK(one.pushes.answered(one.link, pings.front()) == true);
  CHECK(one.pushes.takes(one.link, 1));
}

TEST_CASE("what is large does not wait without end behind a stream of what is small") {
  OneLink one;
  one.send(100);
  CHECK_FALSE(one.pushes.takes(one.link, 2 * engine::Pushes::kUnansweredMax));
  CHECK_FALSE(one.pushes.takes(one.link, 100));
  const auto pings = one.take_pings();
  REQUIRE(pings.size() == 1);
  CHECK(one.pushes.answered(one.link, pings.front()) == true);
  CHECK(one.pushes.takes(one.link, 2 * engine::Pushes::kUnansweredMax));
}

}  // namespace lanyard::support
