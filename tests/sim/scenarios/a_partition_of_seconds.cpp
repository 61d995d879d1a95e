#include "replication/engine/pushes.hpp"
#include "tests/sim/scenarios/story.hpp"

namespace lanyard::sim {
namespace {

constexpr DeviceNumber kAll = 8;
constexpr int kWritesOfEach = 25;
/// A text of this size, and what signs, orders and seals it.
constexpr std::size_t kText = 400;
constexpr std::size_t kChangeBytes = kText + 150;
/// On one way of one link beside changes: acknowledgements, digests, signs of life.
constexpr std::size_t kOtherBytes = 8 * limits::kKiB;

/// Eight that are all linked, of which four and four will not hear each other.
struct Halves {
  explicit Halves(std::uint64_t seed)
      : world({seed, Bug::kNone, kAll, 1}), chance(seed), person(seed) {
    space = world.found_space(0);
    world.pass(kSecond);
    for (DeviceNumber device = 1; device < kAll; ++device) world.admit(space, 0, device);
    world.keep_dialling();
    world.pass(60 * kSecond);
  }
  void part() {
    for (DeviceNumber a = 0; a < kAll / 2; ++a) {
      for (DeviceNumber b = kAll / 2; b < kAll; ++b) {
        world.partition(a, b);
        world.partition(b, a);
      }
    }
  }
  /// On every device, within a second.
  void write_all() {
    for (int round = 0; round < kWritesOfEach; ++round) {
      for (DeviceNumber device = 0; device < kAll; ++device) {
        merge::LocalOp op;
        op.kind = oplog::OpKind::kPut;
        op.collection = "messages";
        op.key = std::to_string(device) + "-" + std::to_string(round);
        std::string text = "\"";
        while (text.size() < kText) text += static_cast<char>('a' + chance.below(26));
        op.fields = {{"text", *from_json(text + "\"")}};
        world.write(space, device, person, std::move(op));
      }
      world.pass(40);
    }
  }

  World world;
  support::Chance chance;
  Client person;
  SpaceId space;
};

}  // namespace

// A network that falls apart for a while: the links outlive it, or they do not, and everything that
// was said on them arrives when it is whole again. By then it may have come on other ways, so each
// device says little on a link that does not answer.
SCENARIO("two halves of a network say little to each other while apart, and lose nothing") {
  for (std::uint64_t seed = 1; seed <= 24; ++seed) {
    Halves halves(seed);
    // From a moment to longer than a link lives without a sign of life.
    const auto apart = static_cast<Schedule::Milliseconds>(
        halves.chance.one_in(3) ? 20'000 + halves.chance.below(60'000) : halves.chance.below(8000));
    CAPTURE(seed, apart);
    halves.part();
    halves.write_all();
    halves.world.pass(apart);
    CHECK(halves.world.network().said_into_silence_most() <=
          engine::Pushes::kUnansweredMax + kOtherBytes);
    const std::uint64_t before = halves.world.report().bytes;
    REQUIRE(halves.world.heal());
    CHECK(halves.world.verdict() == "");
    const std::size_t needed = kAll * kAll / 2 * kWritesOfEach * kChangeBytes;
    CHECK(static_cast<double>(halves.world.report().bytes - before) / static_cast<double>(needed) <
          2.0);
  }
}

}  // namespace lanyard::sim
