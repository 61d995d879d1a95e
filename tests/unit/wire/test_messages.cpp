#include <catch2/catch.hpp>

#include "replication/types/limits.hpp"
#include "replication/wire/codec.hpp"
#include "replication/wire/framing.hpp"
#include "tests/support/some_messages.hpp"

namespace {

using namespace lanyard;
using namespace lanyard::wire;
using support::Chance;

constexpr std::size_t kTypes = std::variant_size_v<Message>;

/// Both ends of one direction of a link.
struct Link {
  LinkNames sender;
  LinkNames receiver;

  Result<Message> pass(const Message& message) { return decode(encode(message, sender), receiver); }
};

Result<Message> passed(const Message& message) { return Link().pass(message); }

Bytes encoded(const Message& message) {
  LinkNames names;
  return encode(message, names);
}

TEST_CASE("what one end of a link says is what the other end hears, message after message") {
  Chance chance(7);
  const support::SomeIds ids(chance);
  Link link;
  for (int round = 0; round < 3000; ++round) {
    const Message message = support::some_message(chance, ids, chance.below(kTypes));
    const auto heard = link.pass(message);
    if (!heard || *heard != message) FAIL("round " << round << ", type " << message.index());
    CHECK(link.sender.size() == link.receiver.size());
  }
  CHECK(link.sender.size() == ids.spaces.size() + ids.logs.size() + ids.epochs.size());
}

TEST_CASE("a live run of one change with one context entry costs at most 150 bytes and payload") {
  Chance chance(8);
  Link link;
  LiveRun run;
  run.space = chance.fixed<SpaceId>();
  run.log = chance.fixed<LogId>();
  run.first = {70'000};
  run.items.emplace_back();
  run.items[0].timestamp = {1'800'000'000'000ULL << 16};
  run.items[0].context = {{chance.fixed<LogId>(), {{70'000}, chance.fixed<Hash>()}}};
  run.items[0].epoch = chance.fixed<EpochId>();
  run.items[0].payload = chance.bytes(300);
  run.signature = chance.fixed<Signature>();
  REQUIRE(link.pass(run).has_value());  // the link knows all ids from here on
  const std::size_t message = encode(run, link.sender).size();
  CHECK(message == 300 + 133);
  CHECK(split_frames(Bytes(message)).size() == 1);
  CHECK(message + kFrameOverheadBytes <= 300 + 200);
}

TEST_CASE("an id is written out in full once on a link, and is a number after that") {
  Chance chance(9);
  Link link;
  const Credit credit{chance.fixed<SpaceId>(), 5};
  CHECK(encode(credit, link.sender).size() == 1 + 1 + 2 + SpaceId::kSize + 1);
  CHECK(encode(credit, link.sender) == Bytes{0x93, 11, 0, 5});
}

TEST_CASE("an id beyond the bound of a link's names is written out in full each time") {
  Chance chance(10);
  Link link;
  for (std::size_t i = 0; i < LinkNames::kMax; ++i) {
    const auto space = chance.fixed<SpaceId>();
    link.sender.learn(space.view());
    link.receiver.learn(space.view());
  }
  const Have have{chance.fixed<SpaceId>(), chance.fixed<LogId>(), support::some_head(chance)};
  for (int round = 0; round < 3; ++round) {
    CHECK(link.pass(have) == Message{have});
    CHECK(link.receiver.size() == LinkNames::kMax);
  }
}

TEST_CASE("a link's names number ids in the order in which they were met") {
  LinkNames names;
  names.learn(Bytes{1, 2});
  names.learn(Bytes{3});
  names.learn(Bytes{1, 2});
  CHECK(names.size() == 2);
  CHECK(names.find(Bytes{3}) == 1U);
  CHECK(names.find(Bytes{4}) == std::nullopt);
  CHECK(equal(names.at(0).value(), Bytes{1, 2}));
  CHECK_FALSE(names.at(2).has_value());
}

TEST_CASE("a message that is refused teaches a link no names") {
  Chance chance(11);
  LinkNames sender;
  LinkNames receiver;
  Bytes bytes = encode(Have{chance.fixed<SpaceId>(), chance.fixed<LogId>(), {{1}, {}}}, sender);
  bytes.pop_back();
  CHECK_FALSE(decode(bytes, receiver).has_value());
  CHECK(receiver.size() == 0);
}

TEST_CASE("every beginning of a message is refused, and every longer one") {
  Chance chance(12);
  const support::SomeIds ids(chance);
  for (std::size_t type = 0; type < kTypes; ++type) {
    Bytes bytes = encoded(support::some_message(chance, ids, type));
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      LinkNames names;
      if (decode(ByteView(bytes).first(size), names)) FAIL("type " << type << " cut at " << size);
    }
    bytes.push_back(0);
    LinkNames names;
    CHECK(decode(bytes, names).error().is(Code::kMalformed));
  }
}

TEST_CASE("a changed message is refused or is exactly what a peer would have written") {
  Chance chance(13);
  const support::SomeIds ids(chance);
  for (int round = 0; round < 20'000; ++round) {
    Bytes bytes = encoded(support::some_message(chance, ids, chance.below(kTypes)));
    for (std::size_t i = chance.below(3) + 1; i > 0; --i)
      bytes[chance.below(std::min<std::size_t>(bytes.size(), 120))] =
          static_cast<std::uint8_t>(chance.next());
    LinkNames names;
    const auto message = decode(bytes, names);
    if (message && encoded(*message) != bytes) FAIL(to_hex(bytes));
  }
}

TEST_CASE("the largest messages within the bounds pass") {
  Chance chance(14);
  PackPart part{{}, true, Bytes(limits::kPackPartBytesMax)};
  CHECK(passed(part) == Message{part});

  LiveRun run;
  run.first = {1};
  run.items.resize(limits::kPackChangesMax);
  for (auto& item : run.items) item.epoch.bytes[0] = 1;
  run.items[0].payload = Bytes(limits::kPayloadBytesMax);
  CHECK(passed(run) == Message{run});

  Acknowledge acknowledge;
  while (acknowledge.durable.size() < limits::kClockLogsMax)
    acknowledge.durable.emplace(chance.fixed<LogId>(), Head{{UINT64_MAX}, {}});
  CHECK(passed(acknowledge) == Message{acknowledge});
  CHECK(passed(Pull{{}, acknowledge.durable, UINT64_MAX}).has_value());

  Hello hello{std::string(limits::kNameBytesMax, 'b'), {}, "", INT64_MIN};
  hello.features.assign(limits::kFeaturesMax, std::string(limits::kNameBytesMax, 'f'));
  CHECK(passed(hello) == Message{hello});

  DigestSpaces page;
  page.spaces.resize(limits::kDigestPageSpacesMax);
  CHECK(passed(page) == Message{page});
}

TEST_CASE("a message beyond a bound is refused, one above and ten times above") {
  for (const std::size_t times : {1, 10}) {
    const auto beyond = [&](std::size_t bound) { return times == 1 ? bound + 1 : bound * times; };
    const auto refused = [](const Message& message) {
      const auto result = passed(message);
      return !result && result.error().is(Code::kTooLarge);
    };
    if (times == 1) CHECK(refused(PackPart{{}, true, Bytes(beyond(limits::kPackPartBytesMax))}));
    const std::string name(beyond(limits::kNameBytesMax), 'a');
    CHECK(refused(Hello{name, {}, "", 0}));
    CHECK(refused(Hello{"", {}, name, 0}));
    CHECK(refused(Hello{"", {name}, "", 0}));
    CHECK(refused(Hello{"", std::vector<std::string>(beyond(limits::kFeaturesMax)), "", 0}));
    DigestSpaces page;
    page.spaces.resize(beyond(limits::kDigestPageSpacesMax));
    CHECK(refused(page));
    LiveRun run;
    run.first = {1};
    run.items.resize(beyond(limits::kPackChangesMax));
    for (auto& item : run.items) item.epoch.bytes[0] = 1;
    CHECK(refused(run));
  }
  Chance chance(15);
  Pull pull;
  while (pull.clock.size() <= limits::kClockLogsMax)
    pull.clock.emplace(chance.fixed<LogId>(), Head{{1}, {}});
  CHECK(passed(pull).error().is(Code::kTooLarge));
  LinkNames names;
  CHECK(decode(Bytes(limits::kMessageBytesMax + 1), names).error().is(Code::kTooLarge));
}

}  // namespace
