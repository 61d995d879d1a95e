#include <catch2/catch.hpp>

#include "storage/upkeep_pause.hpp"

namespace lanyard::storage {
namespace {

using std::chrono::milliseconds;
constexpr UpkeepPause::Instant kStart{std::chrono::hours(1)};
constexpr milliseconds kStep = UpkeepPause::kPause / 2;

bool may_begin(const UpkeepPause& pause, UpkeepPause::Instant now) {
  return pause.left(now).count() <= 0;
}

TEST_CASE("upkeep waits for a pause") {
  UpkeepPause pause;
  pause.worked(kStart);
  CHECK(pause.left(kStart) == UpkeepPause::kPause);
  pause.worked(kStart + kStep);
  CHECK_FALSE(may_begin(pause, kStart + UpkeepPause::kPause));
  CHECK(may_begin(pause, kStart + kStep + UpkeepPause::kPause));
}

TEST_CASE("where no pause comes, upkeep is done within a second of the work it is for") {
  UpkeepPause pause;
  auto now = kStart;
  for (; now < kStart + UpkeepPause::kOverdue; now += kStep) {
    pause.worked(now);
    CHECK_FALSE(may_begin(pause, now));
  }
  pause.worked(now);
  CHECK(may_begin(pause, now));
  pause.worked(now + kStep);
  CHECK(may_begin(pause, now + kStep));  // what is left of it is done too
  pause.is_all_done();
  pause.worked(now + 2 * kStep);
  CHECK_FALSE(may_begin(pause, now + 2 * kStep));
}

}  // namespace
}  // namespace lanyard::storage
