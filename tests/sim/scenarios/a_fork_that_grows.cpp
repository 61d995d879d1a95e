#include "tests/sim/scenarios/story.hpp"

namespace lanyard::sim {
namespace {

constexpr DeviceNumber kNewcomer = 3;
using MarkAfter = support::MemoryStore::MarkAfter;

/// A card that was cloned whole, in a house where links come and go: both cards write whenever
/// they like, before and after one of them, or somebody else, knows of the other.
class House {
 public:
  explicit House(std::uint64_t seed) : story(seed, 4), chance_(seed) {
    twin = story.world.clone(kPi, MarkAfter::kOfTheCopy);
    story.world.pass(chance_.below(2) * kSecond);
    for (DeviceNumber at = 0; at <= twin; ++at)
      story.world.device(at).storage_delay_max = chance_.one_in(3) ? 400 : 4;
  }

  void live(std::size_t steps) {
    for (std::size_t step = 0; step < steps; ++step) {
      switch (chance_.below(6)) {
        case 0: set_links(); break;
        case 1: cut_power(); break;
        case 2: admit_newcomer(); break;
        default: write(); break;
      }
      const auto short_or_long = chance_.one_in(3) ? 5000 : 60;
      story.world.pass(static_cast<Schedule::Milliseconds>(chance_.below(short_or_long)));
    }
  }

  void meet_for_good() {
    for (const auto& [a, b] : pairs()) story.join(a, b);
    while (!is_admitted()) {
      admit_newcomer();
      story.world.pass(kSecond);
    }
    story.world.pass(120 * kSecond);
  }

  /// What some device does not hold, neither applied nor as a branch. Empty: nothing.
  [[nodiscard]] std::string find_missing() {
    for (DeviceNumber author = 0; author <= twin; ++author) {
      for (const auto& entry : store(author).entries()) {
        for (const oplog::Change& change : *entry.changes) {
          for (DeviceNumber at = 0; at <= twin; ++at)
            if (!holds(store(at), change))
              return "device " + std::to_string(at) + " lacks change " +
                     std::to_string(change.header.seq.value) + " that device " +
                     std::to_string(author) + " holds";
        }
      }
    }
    return {};
  }

  Story story;
  DeviceNumber twin = 0;

 private:
  [[nodiscard]] const support::MemoryStore& store(DeviceNumber at) {
    return story.world.device(at).vault().make(story.space);
  }
  [[nodiscard]] std::vector<std::pair<DeviceNumber, DeviceNumber>> pairs() const {
    std::vector<std::pair<DeviceNumber, DeviceNumber>> out;
    for (DeviceNumber a = 0; a <= twin; ++a)
      for (DeviceNumber b = a + 1; b <= twin; ++b)
        if (a != kPi || b != twin) out.emplace_back(a, b);
    return out;
  }

  /// Of a log that forked both branches count.
  [[nodiscard]] static bool holds(const support::MemoryStore& store, const oplog::Change& change) {
    const Dot dot = change.dot();
    for (const auto& entry : store.entries())
      for (const oplog::Change& each : *entry.changes)
        if (each.dot() == dot && each.hash == change.hash) return true;
    const auto branch = store.log().branches.find(dot.log);
    return branch != store.log().branches.end() && store.forks().contains(dot.log) &&
           branch->second.holds({dot.seq, change.hash});
  }

  void set_links() {
    for (const auto& [a, b] : pairs()) {
      if (chance_.one_in(2))
        story.join(a, b);
      else
        story.separate(a, b);
    }
    const auto links = story.world.network().links();
    if (!links.empty()) story.world.network().cut(links[chance_.below(links.size())], false);
  }
  void cut_power() {
    if (!chance_.one_in(3)) return;
    const DeviceNumber number = chance_.below(twin + 1);
    story.world.power_cut(number);
    story.world.device(number).switch_on();
  }
  /// As the two cards know: an admission that a power cut took is made again.
  [[nodiscard]] bool is_admitted() {
    const DeviceId& newcomer = story.world.device(kNewcomer).id;
    return store(kPi).log().is_member(newcomer) || store(twin).log().is_member(newcomer);
  }
  void admit_newcomer() {
    if (is_admitted() || !chance_.one_in(6)) return;
    const DeviceNumber by = chance_.one_in(2) ? kPi : twin;
    if (!story.world.device(by).may_write(story.space)) return;
    story.world.admit(story.space, by, kNewcomer);
  }
  void write() {
    const DeviceNumber at =
        chance_.one_in(3) ? chance_.below(twin) : (chance_.one_in(2) ? kPi : twin);
    if (story.world.device(at).may_write(story.space))
      story.write(at, "note " + std::to_string(++texts_), 0);
  }

  support::Chance chance_;
  std::size_t texts_ = 0;
};

}  // namespace

// Neither copy knows when the other is heard of, so a branch may grow on one machine while the
// others hold it already, shorter. Nobody may go on without the rest of it.
SCENARIO("both branches come to everybody, however they grow and whoever meets whom") {
  constexpr std::uint64_t kSeeds = 500;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    INFO("seed " << seed);
    House house(seed);
    house.live(40);
    house.meet_for_good();
    CHECK(house.find_missing() == "");
  }
}

}  // namespace lanyard::sim
