// A member with real keys makes valid changes by chance, and two honest agents go on beside it.
//
// LANYARD_SEED: another run, which it names whole. LANYARD_STEPS: how long it is; each way of being
// a burden comes once before any comes again. LANYARD_SCALE: so many times as much in each step.
// LANYARD_MAKER: the one way that there is.
#include "tests/integration/hostile_changes/stage.hpp"

namespace lanyard::hostile {
namespace {

std::size_t number_of(const char* name, std::size_t usual) {
  const char* wanted = std::getenv(name);
  return wanted != nullptr ? std::stoul(wanted) : usual;
}

}  // namespace

TEST_CASE("valid changes by chance cost a small multiple of their bytes, and stop nobody") {
  const std::size_t seed = number_of("LANYARD_SEED", 1);
  const std::size_t scale = number_of("LANYARD_SCALE", 1);
  Stage stage(seed, scale);
  if (const char* maker = std::getenv("LANYARD_MAKER")) stage.keep_only(maker);
  const std::size_t steps = number_of("LANYARD_STEPS", stage.count_makers());
  constexpr std::size_t kRestartEvery = 20;
  std::printf("{\"seed\":%zu,\"steps\":%zu,\"scale\":%zu}\n", seed, steps, scale);
  for (std::size_t number = 1; number <= steps; ++number) {
    INFO("again: LANYARD_SEED=" << seed << " LANYARD_STEPS=" << number << " LANYARD_SCALE=" << scale
                                << " test_hostile_changes");
    stage.step(number);
    if (number % kRestartEvery == kRestartEvery / 2) stage.restart_one();
  }
  INFO("in the end, of seed " << seed);
  stage.check_in_the_end();
}

}  // namespace lanyard::hostile
