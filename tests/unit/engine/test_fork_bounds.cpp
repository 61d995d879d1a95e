#include "tests/unit/engine/fork_words.hpp"

/// How much of forks a peer can have an engine keep, ask and hear.
namespace lanyard::support {
namespace {

/// Bob, who is a member, tells of so many forks of his own logs, on as many links as that takes.
void tell_forks_of_bob(Shared& two, std::size_t count) {
  const DeviceId bob = two.bench["bob"].id;
  for (std::size_t number = 0; number < count; ++number) {
    if (number % limits::kForkMessagesMax == limits::kForkMessagesMax - 1) {
      two.bench.cut("alice", "bob");
      two.bench.connect("alice", "bob");
      two.bench.run();
    }
    two.bench.say("bob", "alice", fork_by(two.space, bob, number));
    two.bench.run_storage();
  }
}

/// Two branches of a stranger's log that are as large as they may be kept, nearly.
oplog::Fork large_fork(const SpaceId& space) {
  SimHasher hasher;
  Chance chance(1);
  const SimSigner signer(Chance(99).fixed<DeviceId>());
  SimCipher cipher(signer.device(), chance);
  oplog::Fork fork{space, signer.device(), {}, {}, {}};
  for (Bytes* branch : {&fork.first, &fork.second}) {
    oplog::Author author(space, signer, hasher, cipher, {});
    author.begin({}, {1});
    oplog::Admit admit;
    admit.device = chance.fixed<DeviceId>();
    const auto epoch = chance.fixed<EpochId>();
    const Bytes sealed = chance.bytes(limits::kForkBranchBytesMax - 1024);
    admit.grants.push_back({epoch, sealed});
    REQUIRE(author.add_open({admit}));
    static_cast<void>(author.finish());
    *branch = oplog::pack_branch({author.changes().back()}, author.signature()).value();
    REQUIRE(branch->size() > limits::kForkBranchBytesMax - 1024);
  }
  SimVerifier verifier;
  if (!oplog::prove(fork, cipher, hasher, verifier)) std::swap(fork.first, fork.second);
  return fork;
}

}  // namespace

TEST_CASE("of one member's logs that nobody has 64 forks are kept, and no more") {
  for (const std::size_t told :
       {limits::kForksMax, limits::kForksMax + 1, 10 * limits::kForksMax}) {
    Shared two({"alice", "bob"});
    tell_forks_of_bob(two, told);
    CHECK(two.bench["alice"].store(two.space).forks().size() == limits::kForksMax);
    CHECK(two.bench.is_linked("alice", "bob"));
    // They do not count against another member.
    two.bench.say("bob", "alice", fork_by(two.space, two.bench["alice"].id, 1));
    two.bench.run_storage();
    CHECK(two.bench["alice"].store(two.space).forks().size() == limits::kForksMax + 1);
  }
}

TEST_CASE("of what one link says of forks 256 messages are heard") {
  for (const std::size_t said :
       {limits::kForkMessagesMax, limits::kForkMessagesMax + 1, 10 * limits::kForkMessagesMax}) {
    Shared two({"alice", "bob"});
    two.bench["alice"].holds_storage = true;
    const wire::ForkPoints points{two.space, two.clock("alice").begin()->first, {{{1}, {}}}};
    for (std::size_t i = 0; i < said; ++i) two.bench.say("bob", "alice", points);
    CHECK(count_waiting<engine::FindBranch>(two.bench["alice"]) == limits::kForkMessagesMax);
    two.bench.say("bob", "alice", fork_of_a_stranger(two.space, 1));
    CHECK(count_waiting<engine::KeepFork>(two.bench["alice"]) == 0);
    CHECK(two.bench.is_linked("alice", "bob"));
  }
}

TEST_CASE("a peer is asked for the branches of 64 logs, and of those again when it shows more") {
  constexpr std::size_t kMax = limits::kForksMax;
  Shared two({"alice", "bob"});
  std::vector<LogId> logs;
  for (std::size_t i = 0; i < 2 * kMax; ++i) {
    two.bench["alice"].store(two.space).start_incarnation();
    two.bench["alice"].put(two.space, "n1", "in a log of its own");
    two.bench.run_storage();
    logs.push_back(*two.bench["alice"].store(two.space).own_log());
  }
  two.bench["alice"].store(two.space).start_incarnation();
  two.bench["alice"].put(two.space, "n1", "in the log that is gone on with");
  two.bench.run();
  REQUIRE(two.bench.is_linked("alice", "bob"));
  two.bench["alice"].holds_storage = true;
  const auto show = [&](std::size_t first, std::size_t end, std::uint8_t last) {
    for (std::size_t i = first; i < end; ++i) {
      const Seq seq = seq_in(two.clock("alice"), logs[i]);
      two.bench.say("bob", "alice", wire::Have{two.space, logs[i], {seq, Hash{{last}}}});
    }
    return count_waiting<engine::LoadForkPoints>(two.bench["alice"]);
  };
  CHECK(show(0, kMax, 1) == kMax);
  CHECK(show(kMax, kMax + 1, 1) == kMax);
  CHECK(show(kMax, 2 * kMax, 1) == kMax);
  for (std::uint8_t other = 2; other < 10; ++other) CHECK(show(kMax, 2 * kMax, other) == kMax);
  CHECK(show(0, 1, 2) == kMax + 1);
  CHECK(two.bench.is_linked("alice", "bob"));
}

TEST_CASE("of forks of a space that is not here yet 12 MiB wait for its founding, and no more") {
  for (const std::size_t told : {std::size_t{8}, std::size_t{9}, std::size_t{80}}) {
    EngineBench bench({"alice", "bob", "eve"});
    const SpaceId space = bench["bob"].found();
    bench["bob"].admit(space, bench["alice"].id);
    bench.run_storage();
    bench.connect("alice", "eve");
    bench.run();
    bench.say("eve", "alice", wire::Have{space, LogId{{1}}, {{1}, Hash{{1}}}});
    bench.run_storage();
    const wire::Message fork = large_fork(space);
    for (std::size_t i = 0; i < told; ++i) bench.say("eve", "alice", fork);
    CHECK(bench["alice"].vault().find(space) == nullptr);
    bench["alice"].holds_storage = true;
    const auto slice = bench["bob"].store(space).read_log(0, {}, 1'000'000);
    for (const Bytes& pack : slice.packs)
      bench.say("eve", "alice", wire::PackPart{space, true, pack});
    CHECK(count_waiting<engine::AddSpace>(bench["alice"]) == 1);
    CHECK(count_waiting<engine::KeepFork>(bench["alice"]) == 8);
  }
}

}  // namespace lanyard::support
