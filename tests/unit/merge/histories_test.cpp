#include <rapidcheck.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <sstream>

#include "tests/unit/merge/replay.hpp"

using namespace lanyard::testing;

namespace {

constexpr int kHistories = 3000;

/// LANYARD_HISTORIES: how many. LANYARD_SEED: which; the same ones in each run unless it is set.
long number_from(const char* variable, long otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::stol(text);
}

}  // namespace

TEST_CASE("every causal order of random histories gives the declared state and loses no value") {
  Coverage coverage;
  rc::detail::TestParams params;
  params.maxSuccess = static_cast<int>(number_from("LANYARD_HISTORIES", kHistories));
  params.seed = static_cast<std::uint64_t>(number_from("LANYARD_SEED", 1));
  const auto result = rc::detail::checkTestable(
      [&](std::uint64_t seed) {
        const auto length = *rc::gen::resize(100, rc::gen::inRange<std::size_t>(6, 46));
        const auto steps = *rc::gen::container<std::vector<std::uint32_t>>(
            length, rc::gen::resize(100, rc::gen::arbitrary<std::uint32_t>()));
        check_history(seed, steps, coverage);
      },
      rc::detail::TestMetadata{}, params);
  std::ostringstream report;
  rc::detail::printResultMessage(result, report);
  for (const auto& [what, count] : coverage) report << "\n" << count << "  " << what;
  WARN(report.str());
  REQUIRE(result.is<rc::detail::SuccessResult>());
  for (const char* what :
       {"with void deletes", "with records in the trash", "made again with trash",
        "with a clash of kinds", "with conflicting siblings", "with equal siblings",
        "with a winner by hash", "with a counter in parts", "with unseen dots",
        "with revived deletes", "with a clear", "with timestamps against causality",
        "with refused deletes", "with changes without effect", "of clients and agents",
        "with arbitrary unseen and revives"}) {
    INFO(what);
    CHECK(coverage[std::string("histories ") + what] > 0);
  }
}
