#include <catch2/catch.hpp>

#include "discovery/pipe_message.hpp"
#include "tests/support/chance.hpp"
#include "tests/unit/discovery/discovery_words.hpp"

namespace {

using namespace lanyard;
using namespace lanyard::discovery;
using namespace lanyard::discovery::testing;

Bytes body(const Bytes& with_length) { return {with_length.begin() + 2, with_length.end()}; }

Orders some_orders() {
  return {3,
          "k3v9",
          "w2m4",
          7761,
          {1, 2, true},
          {{2, "eth0", {an_address("10.0.0.1"), an_address("fe80::1")}}, {3, "wlan0", {}}}};
}

std::vector<ChildMessage> some_messages() {
  Sighting sighting = a_sighting("\x01\xFF", "fe80::9", "wlan0", 7762);
  sighting.text = {1, 3, true};
  return {Report{Readiness::kReady, true, {}},
          Report{Readiness::kNotThere, false, "no network"},
          Collided{},
          sighting,
          a_sighting(std::string(63, '\x80'), "10.0.0.2"),
          Lost{{"a1", "eth0", true}}};
}

TEST_CASE("what the two ends of the pipe say comes out as it went in") {
  CHECK(decode_orders(body(encode(some_orders()))) == some_orders());
  for (const ChildMessage& message : some_messages())
    CHECK(decode_child_message(body(encode(message))) == message);
}

TEST_CASE("the largest orders fit") {
  Orders orders = some_orders();
  const Interface each{0x7FFFFFFF, std::string(15, 'x'),
                       std::vector<IpAddress>(kAddressesPerInterfaceMax, an_address("fe80::1"))};
  orders.interfaces.assign(kInterfacesMax, each);
  CHECK(decode_orders(body(encode(orders))) == orders);
}

TEST_CASE("a message of the child that is cut, longer or of another shape is refused") {
  for (const ChildMessage& message : some_messages()) {
    const Bytes whole = body(encode(message));
    for (std::size_t size = 0; size < whole.size(); ++size)
      CHECK_FALSE(decode_child_message(ByteView(whole).first(size)));
    Bytes longer = whole;
    longer.push_back(0xC0);
    CHECK_FALSE(decode_child_message(longer));
  }
  const auto refused = [](const Bytes& bytes) { return !decode_child_message(bytes); };
  CHECK(refused({0x91, 0x05}));                                // no such kind
  CHECK(refused({0x91, 0x00}));                                // no such kind
  CHECK(refused({0xC0}));                                      // no array
  CHECK(refused({0x94, 0x01, 0x04, 0xC2, 0xC4, 0x00}));        // no such readiness
  CHECK(refused({0x94, 0x01, 0x02, 0xC2, 0xC4, 0x01, 0xFF}));  // trouble that is not UTF-8
  CHECK(refused({0x92, 0x02, 0xC0}));                          // a longer array
  CHECK(refused({0xDD, 0xFF, 0xFF, 0xFF, 0xFF, 0x02}));        // a lying array
}

TEST_CASE("names, texts and addresses of the child have bounds") {
  Report report{Readiness::kNotThere, false, std::string(kTroubleBytesMax, 'x')};
  CHECK(decode_child_message(body(encode(report))));
  report.trouble += "x";
  CHECK_FALSE(decode_child_message(body(encode(report))));
  for (const auto& [name, is_good] : {std::pair(63U, true), std::pair(64U, false)})
    CHECK(decode_child_message(body(encode(Lost{{std::string(name, 'x'), "eth0", false}})))
              .has_value() == is_good);
  for (const auto& [name, is_good] : {std::pair(15U, true), std::pair(16U, false)})
    CHECK(decode_child_message(body(encode(Lost{{"a", std::string(name, 'x'), false}})))
              .has_value() == is_good);
  CHECK_FALSE(decode_child_message(body(encode(Lost{{std::string(64, 'x'), "eth0", false}}))));
  CHECK_FALSE(decode_child_message(body(encode(Lost{{"", "eth0", false}}))));
  CHECK_FALSE(decode_child_message(body(encode(Lost{{"a", std::string(16, 'x'), false}}))));
  CHECK_FALSE(decode_child_message(body(encode(Lost{{"a", "", false}}))));
}

TEST_CASE("whatever bytes come, decoding ends and what is taken keeps its bounds") {
  support::Chance chance(7);
  const auto messages = some_messages();
  for (int i = 0; i < 20'000; ++i) {
    Bytes bytes = body(encode(messages.at(chance.below(messages.size()))));
    for (std::uint64_t n = chance.below(4); n > 0; --n)
      bytes.at(chance.below(bytes.size())) = static_cast<std::uint8_t>(chance.below(256));
    const auto decoded = decode_child_message(bytes);
    if (!decoded) continue;
    if (const auto* sighting = std::get_if<Sighting>(&*decoded)) {
      CHECK(sighting->key.instance.size() <= 63);
      CHECK(sighting->key.interface.size() <= kInterfaceNameBytesMax);
    }
    CHECK(body(encode(*decoded)) == bytes);  // one encoding
  }
}

TEST_CASE("a stream is cut into messages wherever it was cut before, and a lying length ends it") {
  Bytes stream;
  for (const ChildMessage& message : some_messages()) append(stream, encode(message));
  for (const std::size_t step : {std::size_t{1}, std::size_t{3}, stream.size()}) {
    PipeFrames frames(kToAgentBytesMax);
    std::vector<ChildMessage> seen;
    for (std::size_t at = 0; at < stream.size(); at += step) {
      frames.add(ByteView(stream).subspan(at, std::min(step, stream.size() - at)));
      while (true) {
        const auto next = frames.next();
        REQUIRE(next);
        if (!*next) break;
        seen.push_back(decode_child_message(**next).value());
      }
    }
    CHECK(seen == some_messages());
  }
  for (const std::size_t max : {kToAgentBytesMax, std::size_t{32} * 1024}) {
    const auto says = [&](std::size_t size) {
      PipeFrames frames(max);
      Bytes bytes{static_cast<std::uint8_t>(size >> 8), static_cast<std::uint8_t>(size)};
      bytes.resize(2 + std::min(size, max), 7);
      frames.add(bytes);
      return frames.next();
    };
    CHECK(says(max).value() == Bytes(max, 7));
    CHECK(says(max + 1).error().is(Code::kTooLarge));
    CHECK(says(std::min<std::size_t>(10 * max, 0xFFFF)).error().is(Code::kTooLarge));
  }
}

}  // namespace
