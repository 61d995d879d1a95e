#include "tests/unit/engine/engine_words.hpp"

namespace lanyard::support {

namespace {

/// A message that no honest peer sends at that point: the link is dropped, nothing is applied.
struct Row {
  std::string what;
  wire::Message said;
  wire::ByeCode answer = wire::ByeCode::kProtocol;
};

wire::LiveRun large_run(const SpaceId& space, std::size_t size) {
  wire::LiveRun run{space, Chance(1).fixed<LogId>(), {1}, {}, {}};
  run.items.push_back({oplog::ChangeKind::kSealed,
                       oplog::PayloadForm::kPlain,
                       {1},
                       {},
                       Chance(2).fixed<EpochId>(),
                       Bytes(size),
                       {}});
  return run;
}

std::vector<Row> rows(const SpaceId& space) {
  const std::vector<Hash> buckets(256);
  return {
      {"a second hello", wire::Hello{"x", {}, "x", 0}},
      {"buckets that nobody asked for", wire::DigestBuckets{buckets}},
      {"digests that nobody asked for", wire::DigestSpaces{{}, true}},
      {"a pack that nobody asked for", wire::PackPart{space, true, Bytes(10)}},
      {"live changes of as much as the credit, of a log that nobody opened",
       large_run(space, limits::kLiveCreditBytes - 200), wire::ByeCode::kRefused},
      {"live changes beyond the credit", large_run(space, limits::kLiveCreditBytes - 199)},
      {"live changes far beyond the credit", large_run(space, limits::kPayloadBytesMax)},
      {"live changes of a log that nobody opened", large_run(space, 10), wire::ByeCode::kRefused},
  };
}

}  // namespace

TEST_CASE("a message that does not belong there drops the link, and nothing is applied") {
  for (std::size_t i = 0; i < rows({}).size(); ++i) {
    Shared two({"alice", "bob"});
    two.bench.cut("alice", "bob");
    two.bench.connect("alice", "bob");  // equal digests: standing credit, and no pack to come
    two.bench.run();
    const Row row = rows(two.space).at(i);
    CAPTURE(row.what);
    const VectorClock before = two.clock("alice");
    two.bench.say("bob", "alice", row.said);
    two.bench.run_storage();
    two.bench.say("bob", "alice", wire::Ping{1, true});  // heard or not, it changes nothing
    const auto said = two.bench.take_said("alice", "bob");
    CHECK(said.back() == wire::Message{wire::Bye{row.answer}});
    CHECK_FALSE(two.bench.is_linked("alice", "bob"));
    CHECK(two.clock("alice") == before);
  }
}

TEST_CASE("the first message is a hello, or the link is dropped") {
  EngineBench bench({"alice", "bob"});
  bench.connect("alice", "bob");
  bench.take_said("alice", "bob");
  bench.say("bob", "alice", wire::Ping{1, false});
  CHECK(bench.take_said("alice", "bob") ==
        std::vector<wire::Message>{wire::Bye{wire::ByeCode::kProtocol}});
}

TEST_CASE("bytes that are no message drop the link") {
  for (const Bytes& bytes : std::vector<Bytes>{{}, {0xC1}, {0x91, 0x01}, Bytes(100, 0xFF)}) {
    Shared two({"alice", "bob"});
    two.bench.say("bob", "alice", bytes);
    CHECK(two.bench.take_said("alice", "bob") ==
          std::vector<wire::Message>{wire::Bye{wire::ByeCode::kProtocol}});
  }
}

TEST_CASE("a message of a newer version is passed over") {
  Shared two({"alice", "bob"});
  two.bench.say("bob", "alice", Bytes{0x92, 0x7F, 0x01});
  CHECK(two.bench.take_said("alice", "bob").empty());
  two.bench["bob"].put(two.space, "n1", "still in step");
  two.bench.run();
  CHECK(two.clock("alice") == two.clock("bob"));
}

TEST_CASE("a pack with a bad signature is refused as a whole") {
  Shared two({"alice", "bob"});
  two.bench.cut("alice", "bob");
  two.bench["alice"].put(two.space, "n1", "genuine");
  two.bench.run();
  const VectorClock before = two.clock("bob");
  two.bench.connect("alice", "bob");
  two.bench["alice"].holds_storage = true;
  two.bench.let_storage("alice", 1);
  two.bench.run();  // bob has pulled; alice's storage does not answer
  auto slice = two.bench["alice"].store(two.space).read_log(0, before, 1'000'000);
  slice.packs.front().at(slice.packs.front().size() - 3) ^= 1;
  two.bench.say("alice", "bob", wire::PackPart{two.space, true, slice.packs.front()});
  two.bench.run_storage();
  CHECK(two.bench.take_said("bob", "alice").back() ==
        wire::Message{wire::Bye{wire::ByeCode::kRefused}});
  CHECK(two.clock("bob") == before);
}

TEST_CASE("a peer that begins a pack in each of many spaces, and ends none, is dropped") {
  EngineBench bench({"alice", "eve"});
  bench.connect("alice", "eve");
  bench.run();
  Chance chance(4);
  std::size_t begun = 0;
  for (std::size_t i = 0; i < limits::kProspectsMax && bench.is_linked("alice", "eve"); ++i) {
    const SpaceId space = chance.fixed<SpaceId>();
    bench.say("eve", "alice", wire::Have{space, LogId{{1}}, {{1}, Hash{{1}}}});
    bench.run_storage();
    for (int part = 0; part < 7; ++part)
      bench.say("eve", "alice", wire::PackPart{space, false, Bytes(limits::kPackPartBytesMax)});
    begun += 7 * limits::kPackPartBytesMax;
  }
  CHECK_FALSE(bench.is_linked("alice", "eve"));
  CHECK(begun <= 4 * limits::kPackBodyBytesMax);
  CHECK(bench["alice"].vault().stores().empty());
}

TEST_CASE("a peer that makes up spaces without end is dropped, and others are not") {
  EngineBench bench({"alice", "eve"});
  bench["alice"].holds_storage = true;
  bench.connect("alice", "eve");
  bench.deliver("eve", "alice");
  Chance chance(3);
  const auto tell = [&](std::size_t count) {
    for (std::size_t i = 0; i < count && bench.is_linked("alice", "eve"); ++i)
      bench.say("eve", "alice", wire::Have{chance.fixed<SpaceId>(), {}, {{1}, {}}});
    return bench.is_linked("alice", "eve");
  };
  CHECK(tell(limits::kProspectsMax + limits::kSpacesPerPeerMax));
  CHECK_FALSE(tell(1));
  CHECK(count_waiting<engine::JoinSpace>(bench["alice"]) == limits::kProspectsMax);
}

TEST_CASE("what comes while a space is being opened is bounded") {
  Shared two({"alice", "bob"});
  two.bench.power_cut("alice");
  two.bench.connect("alice", "bob");
  two.bench.run();
  two.bench["alice"].holds_storage = true;
  for (int i = 0; i < 100 && two.bench.is_linked("alice", "bob"); ++i)
    two.bench.say("bob", "alice", large_run(two.space, limits::kLiveCreditBytes / 2));
  CHECK(two.bench.take_said("alice", "bob").back() ==
        wire::Message{wire::Bye{wire::ByeCode::kBusy}});
}

TEST_CASE(
    "who gives no sign of life is asked for one after 20 s, and dropped after as long again") {
  const auto alice = Chance(1).fixed<DeviceId>();
  SimHasher hasher;
  SimVerifier verifier;
  Chance chance(1);
  const SimCipherFactory ciphers(alice, chance);
  const auto after = [&](std::chrono::milliseconds silence) {
    engine::Engine engine({alice, "alice", "bench"}, hasher, verifier, ciphers);
    const engine::Instant start{1s};
    static_cast<void>(engine.step(engine::PeerUp{{1}, Chance(2).fixed<DeviceId>()}, {start, {}}));
    std::string out;
    for (const std::chrono::milliseconds at : {silence / 2, silence}) {
      wire::LinkNames names;
      for (const engine::Effect& each :
           engine.step(engine::TimePassed{}, {{start.since_origin + at}, {}})) {
        if (std::holds_alternative<engine::DropPeer>(each)) out += "dropped";
        const auto* send = std::get_if<engine::Send>(&each);
        const auto said = send ? wire::decode(send->message, names) : fail(Code::kNotFound);
        if (said && std::holds_alternative<wire::Ping>(*said)) out += "asked ";
      }
    }
    return out;
  };
  constexpr std::chrono::milliseconds kMax = limits::kLinkSilenceMax;
  CHECK(after(kMax - 1ms).empty());
  CHECK(after(kMax) == "asked ");
  CHECK(after(2 * kMax - 1ms) == "asked ");
  CHECK(after(2 * kMax) == "asked dropped");
  CHECK(after(10 * kMax) == "dropped");
}

TEST_CASE("a silent peer that answers when it is asked stays linked") {
  EngineBench bench({"alice", "bob"});
  bench["bob"].holds_storage = true;
  bench.connect("alice", "bob");
  bench.pass(41s);
  CHECK(bench.is_linked("alice", "bob"));  // the ping was answered
  const Words said = bench.take_words("alice", "bob");
  CHECK(count_of(said, "ping") >= 1);
}

TEST_CASE("a goodbye may be all that a device hears, before any hello") {
  EngineBench bench({"alice", "bob"});
  bench.connect("alice", "bob");
  wire::LinkNames names;
  bench.say("bob", "alice", wire::encode(wire::Bye{wire::ByeCode::kForgotten}, names));
  CHECK_FALSE(bench.is_linked("alice", "bob"));
  const Words said = bench.take_words("alice", "bob");
  CHECK(count_of(said, "bye") == 0);
}

TEST_CASE("who was forgotten goes to storage if each word is signed, and drops the link if not") {
  Shared two({"alice", "bob"});
  const SimSigner carol(Chance(77).fixed<DeviceId>());
  oplog::Forgetting word = oplog::make_forgetting(Chance(78).fixed<DeviceId>(), true, 5, carol);
  two.bench["alice"].holds_storage = true;
  two.bench.say("bob", "alice", wire::Forgotten{{word}});
  std::vector<oplog::Forgetting> kept;
  for (const engine::Effect& each : two.bench["alice"].waiting())
    if (const auto* keep = std::get_if<engine::KeepForgettings>(&each)) kept = keep->words;
  CHECK(kept == std::vector{word});
  word.is_forgotten = false;
  two.bench.say("bob", "alice", wire::Forgotten{{word}});
  CHECK_FALSE(two.bench.is_linked("alice", "bob"));
}

TEST_CASE("what is known of forgotten devices is said before any digest, and once") {
  EngineBench bench({"alice", "bob"});
  bench["alice"].holds_storage = true;
  bench.connect("alice", "bob");
  bench.run_storage();
  const SimSigner carol(Chance(77).fixed<DeviceId>());
  const std::vector words{oplog::make_forgetting(Chance(78).fixed<DeviceId>(), true, 5, carol)};
  for (int i = 0; i < 2; ++i) {
    const auto asked = bench["alice"].waiting();
    const auto load = std::find_if(asked.begin(), asked.end(), [](const engine::Effect& each) {
      return std::holds_alternative<engine::LoadShared>(each);
    });
    REQUIRE(load != asked.end());
    bench.step(bench["alice"],
               engine::SharedLoaded{std::get<engine::LoadShared>(*load).link, {}, {}, words});
    bench.step(bench["alice"], engine::SyncNow{});
    bench.run();
  }
  const Words said = bench.take_words("alice", "bob");
  CHECK(count_of(said, "forgotten") == 1);
  const auto at = [&](const std::string& word) {
    return std::find(said.begin(), said.end(), word) - said.begin();
  };
  CHECK(at("forgotten") < at("root"));
}

TEST_CASE("a device that was forgotten is told so and let go") {
  Shared two({"alice", "bob"});
  two.bench.step(two.bench["alice"], engine::DeviceForgotten{two.bench["bob"].id});
  CHECK(two.bench.take_said("alice", "bob") ==
        std::vector<wire::Message>{wire::Bye{wire::ByeCode::kForgotten}});
  CHECK_FALSE(two.bench.is_linked("alice", "bob"));
}

}  // namespace lanyard::support
