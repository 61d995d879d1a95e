// What applying what others wrote costs. Counted, not timed: counts are the same on every machine.
#include "tests/support/counted_allocations.hpp"
#include "tests/unit/storage/storage_test.hpp"

#ifdef LANYARD_COUNTS_ALLOCATIONS

namespace lanyard::storage {
namespace {

/// Allocations per op when a second device takes a history of `count` records.
double allocations_per_op(int count) {
  Group group(2);
  std::vector<LocalOp> ops;
  for (int i = 0; i < count; ++i) {
    ops.push_back(put("n" + std::to_string(i), {{"n", i}, {"text", "longer than a short string"}}));
    if (ops.size() == 64) group[0].write(std::exchange(ops, {}));
  }
  group[1].write(put("own", {{"n", 0}}));  // what the first write brings with it
  const LogSlice slice = must(group[0].store().read_log(0, group[1].clock(), 64 << 20, false));
  const std::size_t made = testing::allocations_of([&] { must(group[1].take(slice.packs)); });
  return static_cast<double>(made) / count;
}

}  // namespace

TEST_CASE("an applied op costs the same allocations in a short history and in one eight times it") {
  const double few = allocations_per_op(2048);
  const double many = allocations_per_op(8 * 2048);
  INFO("per op " << few << " and " << many);
  CHECK(many < 1.1 * few);
  CHECK(few < 4);
}

}  // namespace lanyard::storage

#endif

namespace lanyard::storage {

TEST_CASE("a history of single changes costs one signature for hundreds of them, once folded") {
  constexpr int kChanges = 2560;
  Group group(2);
  for (int i = 0; i < kChanges; ++i) group[0].write(put("n" + std::to_string(i), {{"n", i}}));
  while (must(group[0].store().tidy())) {
  }
  const std::size_t before = group[1].signatures_verified();
  group[1].pull(group[0]);
  CHECK(group[0].state_hash() == group[1].state_hash());
  CHECK(group[1].signatures_verified() - before <= kChanges / 100);
}

TEST_CASE("a bulk of changes costs one signature for hundreds of ops") {
  constexpr int kChanges = 40;
  constexpr int kOps = 256;
  Group group(2);
  for (int i = 0; i < kChanges; ++i) {
    std::vector<LocalOp> ops;
    for (int op = 0; op < kOps; ++op)
      ops.push_back(put("n" + std::to_string(i * kOps + op), {{"n", op}}));
    group[0].write(std::move(ops));
  }
  const std::size_t before = group[1].signatures_verified();
  group[1].pull(group[0]);
  CHECK(group[0].state_hash() == group[1].state_hash());
  CHECK(group[1].signatures_verified() - before <= kChanges * kOps / 100);
}

}  // namespace lanyard::storage
