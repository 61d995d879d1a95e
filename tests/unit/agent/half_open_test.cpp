#include <catch2/catch.hpp>

#include "agent/links/half_open.hpp"
#include "replication/types/limits.hpp"

namespace {

using namespace lanyard;
using namespace lanyard::agent;
using Tick = HalfOpen::Tick;

class ADoor {
 public:
  HalfOpen::Answer call(const std::string& source, Tick now = Tick(0), bool is_local = false) {
    return half_open.call(engine::LinkId{++last}, {source, is_local}, now);
  }
  HalfOpen half_open;
  std::uint64_t last = 0;
};

TEST_CASE("one source holds eight places, and gets others when those are settled") {
  ADoor door;
  for (std::size_t i = 0; i < limits::kHalfOpenPerSourceMax; ++i)
    REQUIRE(door.call("10.0.0.2").comes_in);
  for (std::size_t i = 0; i < 9 * limits::kHalfOpenPerSourceMax; ++i)
    CHECK_FALSE(door.call("10.0.0.2", Tick(10'000) * i).comes_in);
  CHECK(door.call("10.0.0.3").comes_in);
  door.half_open.settle(engine::LinkId{1});
  CHECK(door.call("10.0.0.2", Tick(1'000'000)).comes_in);
  CHECK_FALSE(door.call("10.0.0.2", Tick(1'000'000)).comes_in);
}

TEST_CASE("where strangers hold all places, the oldest of the one with most makes room") {
  ADoor door;
  for (int i = 0; i < 60; ++i) REQUIRE(door.call("10.0.1." + std::to_string(i)).comes_in);
  for (int i = 0; i < 4; ++i) REQUIRE(door.call("10.0.0.2").comes_in);
  REQUIRE(door.half_open.size() == limits::kHalfOpenMax);
  // Three of its four give way, one by one, and then whoever came first.
  for (const std::uint64_t oldest : {61U, 62U, 63U, 1U, 2U}) {
    const auto answer = door.call("10.0.2." + std::to_string(oldest));
    CHECK(answer.comes_in);
    REQUIRE(answer.makes_room);
    CHECK(answer.makes_room->value == oldest);
    CHECK(door.half_open.size() == limits::kHalfOpenMax);
  }
}

TEST_CASE("a source calls twenty times a second; who is on this machine as often as it likes") {
  ADoor door;
  const auto calls = [&](const std::string& source, Tick from, Tick until, bool is_local) {
    int came_in = 0;
    for (Tick now = from; now < until; now += Tick(1)) {
      if (!door.call(source, now, is_local).comes_in) continue;
      ++came_in;
      door.half_open.settle(engine::LinkId{door.last});
    }
    return came_in;
  };
  CHECK(calls("10.0.0.2", Tick(0), Tick(10'000), false) == 20 + 10 * 20 - 1);
  CHECK(calls("127.0.0.1", Tick(0), Tick(1000), true) == 1000);
  // A pause gives back what was not used.
  CHECK(calls("10.0.0.2", Tick(20'000), Tick(20'050), false) == 20);
}

TEST_CASE("sources without number do not make it grow, and are let in all the same") {
  ADoor door;
  for (std::size_t i = 0; i < 10 * HalfOpen::kSourcesMax; ++i)
    REQUIRE(door.call("source " + std::to_string(i)).comes_in);
  CHECK(door.half_open.size() == limits::kHalfOpenMax);
  CHECK(door.call("10.0.0.2").comes_in);
}

}  // namespace
