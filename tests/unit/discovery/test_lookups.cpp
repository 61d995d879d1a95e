#include <catch2/catch.hpp>

#include "discovery/lookups.hpp"
#include "tests/unit/discovery/discovery_words.hpp"

namespace {

using namespace lanyard::discovery;
using namespace lanyard::discovery::testing;

/// Lookups whose resolvers answer when a test says so.
struct Bench {
  std::map<Lookups::Name, std::weak_ptr<void>> resolvers;
  std::vector<Sighting> saw;
  std::vector<SightingKey> lost;
  Responder::Owner owner{[this](const Sighting& sighting) { saw.push_back(sighting); },
                         [this](const SightingKey& key) { lost.push_back(key); }, [] {}};
  Lookups lookups{[this](const Lookups::Name& name) {
                    auto resolver = std::make_shared<int>();
                    resolvers[name] = resolver;
                    return resolver;
                  },
                  owner};

  Bench() { use({{2, "eth0", {}}}); }
  void use(std::vector<Interface> interfaces) {
    Orders orders;
    orders.instance = "me";
    orders.interfaces = std::move(interfaces);
    lookups.follow(orders);
  }
  [[nodiscard]] std::size_t active() const {
    return static_cast<std::size_t>(
        std::count_if(resolvers.begin(), resolvers.end(),
                      [](const auto& each) { return !each.second.expired(); }));
  }
  [[nodiscard]] bool is_active(const Lookups::Name& name) const {
    const auto found = resolvers.find(name);
    return found != resolvers.end() && !found->second.expired();
  }
  void pass(int ticks) {
    for (int i = 0; i < ticks; ++i) lookups.tick();
  }
};

const Lookups::Name kName{2, false, "a1"};
const SightingKey kKey{"a1", "eth0", false};
const Lookups::Answer kAnswer{an_address("10.0.0.2"), 7761, {}};

TEST_CASE("a name that appears is resolved, told, and told to be gone") {
  Bench bench;
  bench.lookups.appeared(kName);
  REQUIRE(bench.is_active(kName));
  bench.lookups.resolved(kName, kAnswer);
  CHECK(bench.saw == std::vector<Sighting>{{kKey, kAnswer.address, 7761, {}}});
  CHECK(bench.is_active(kName));  // it tells of changes too
  bench.lookups.disappeared(kName);
  CHECK(bench.lost == std::vector<SightingKey>{kKey});
  CHECK_FALSE(bench.is_active(kName));
}

TEST_CASE("what does not resolve, or to nothing that we dial, is tried again later") {
  std::vector<std::optional<Lookups::Answer>> useless(5);
  useless[1] = Lookups::Answer{an_address("10.0.0.2"), 0, {}};
  useless[2] = Lookups::Answer{an_address("127.0.0.1"), 7761, {}};
  useless[3] = Lookups::Answer{an_address("8.8.8.8"), 7761, {}};
  useless[4] = Lookups::Answer{an_address("fe80::1"), 7761, {}};
  for (const auto& answer : useless) {
    Bench bench;
    bench.lookups.appeared(kName);
    bench.lookups.resolved(kName, answer);
    CHECK(bench.saw.empty());
    CHECK_FALSE(bench.is_active(kName));
    bench.pass(Lookups::kRestTicks - 1);
    CHECK_FALSE(bench.is_active(kName));
    bench.pass(1);
    CHECK(bench.is_active(kName));
    CHECK(bench.lost.empty());
  }
}

TEST_CASE("a sighting that turns useless is lost") {
  Bench bench;
  bench.lookups.appeared(kName);
  bench.lookups.resolved(kName, kAnswer);
  bench.lookups.resolved(kName, std::nullopt);
  CHECK(bench.lost == std::vector<SightingKey>{kKey});
}

TEST_CASE("our own instance, and what is no name, is not looked up") {
  Bench bench;
  bench.lookups.appeared({2, false, "me"});
  bench.lookups.appeared({2, false, ""});
  bench.lookups.appeared({2, false, std::string(64, 'x')});
  CHECK(bench.resolvers.empty());
}

TEST_CASE("interfaces that are not used wait until they are") {
  Bench bench;
  const Lookups::Name elsewhere{3, true, "a1"};
  bench.lookups.appeared(elsewhere);
  CHECK(bench.active() == 0);
  bench.use({{2, "eth0", {}}, {3, "wlan0", {}}});
  REQUIRE(bench.is_active(elsewhere));
  bench.lookups.resolved(elsewhere, Lookups::Answer{an_address("fe80::2"), 1, {}});
  CHECK(bench.saw.at(0).key == SightingKey{"a1", "wlan0", true});
  bench.use({{2, "eth0", {}}});
  CHECK(bench.lost == std::vector<SightingKey>{{"a1", "wlan0", true}});
  CHECK(bench.active() == 0);
}

TEST_CASE("at most 256 names are looked up at a time, and each of the others has its turn") {
  Bench bench;
  const auto name = [](std::size_t i) { return Lookups::Name{2, false, "n" + std::to_string(i)}; };
  for (std::size_t i = 0; i < 10'000; ++i) bench.lookups.appeared(name(i));
  CHECK(bench.active() == Lookups::kStartsPerTick);
  bench.pass(20);
  CHECK(bench.active() == Lookups::kActiveMax);
  CHECK(bench.resolvers.size() == Lookups::kActiveMax);
  // Those that do not answer make room.
  for (int round = 0; round < 40; ++round) {
    for (std::size_t i = 0; i < Lookups::kNamesMax; ++i)
      if (bench.is_active(name(i))) bench.lookups.resolved(name(i), std::nullopt);
    bench.pass(1);
  }
  CHECK(bench.resolvers.size() == Lookups::kNamesMax);
  bench.lookups.clear();
  CHECK(bench.active() == 0);
}

}  // namespace
