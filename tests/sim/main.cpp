// simulator: lives of whole groups of devices, each from one number.
#include <charconv>
#include <cstdio>
#include <string_view>

#include "tests/sim/world.hpp"

namespace {

using lanyard::sim::Bug;

struct Arguments {
  std::uint64_t seeds = 200;
  std::uint64_t first = 1;
  bool verbose = false;
  bool until_failed = false;
  Bug bug = Bug::kNone;
  std::string_view bug_name;
};

constexpr std::string_view kUsage =
    "usage: simulator [--seeds N] [--first N] [--until-failed] [--verbose]\n"
    "                 [--bug skip-fsync|ignore-contexts|wall-clock-decides|"
    "ignore-mark]\n"
    "Exit code: 0 every seed was well and every fault happened (or, with --bug, some seed\n"
    "failed), 1 not so, 2 usage.\n";

bool read_number(std::string_view text, std::uint64_t& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size() && out > 0;
}

bool read_bug(std::string_view text, Arguments& out) {
  out.bug_name = text;
  if (text == "skip-fsync") out.bug = Bug::kSkipFsync;
  if (text == "ignore-contexts") out.bug = Bug::kIgnoreContexts;
  if (text == "wall-clock-decides") out.bug = Bug::kWallClockDecides;
  if (text == "ignore-mark") out.bug = Bug::kIgnoreMark;
  return out.bug != Bug::kNone;
}

bool read(int count, char** values, Arguments& out) {
  for (int i = 1; i < count; ++i) {
    const std::string_view name = values[i];
    if (name == "--verbose" || name == "--until-failed") {
      (name == "--verbose" ? out.verbose : out.until_failed) = true;
      continue;
    }
    if (i + 1 == count) return false;
    const std::string_view value = values[++i];
    const bool good = name == "--seeds"   ? read_number(value, out.seeds)
                      : name == "--first" ? read_number(value, out.first)
                      : name == "--bug"   ? read_bug(value, out)
                                          : false;
    if (!good) return false;
  }
  return true;
}

/// Prints what was wrong with a seed, and the one line that shows it again.
void print_failure(const Arguments& arguments, std::uint64_t seed, const std::string& failure) {
  std::printf("seed %llu: %s\n  replay: simulator --seeds 1 --first %llu --verbose",
              static_cast<unsigned long long>(seed), failure.c_str(),
              static_cast<unsigned long long>(seed));
  if (arguments.bug != Bug::kNone) {
    std::printf(" --bug %.*s", static_cast<int>(arguments.bug_name.size()),
                arguments.bug_name.data());
  }
  std::printf("\n");
}

/// Each line is printed again by scripts/test.
void print_report(const lanyard::sim::Report& report) {
  std::string line;
  for (const char c : describe(report)) {
    line += c;
    if (c != '\n') continue;
    std::printf("report: %s", line.c_str());
    line.clear();
  }
}

}  // namespace

int main(int count, char** values) {
  Arguments arguments;
  if (!read(count, values, arguments)) {
    std::fputs(kUsage.data(), stderr);
    return 2;
  }
  lanyard::sim::Report all;
  for (std::uint64_t i = 0; i < arguments.seeds; ++i) {
    const std::uint64_t seed = arguments.first + i;
    const auto life = lanyard::sim::live_once({seed, arguments.bug, 0, 0});
    all.add(life.report);
    if (!life.failure.empty()) print_failure(arguments, seed, life.failure);
    if (arguments.verbose)
      std::printf("seed %llu\n%s", static_cast<unsigned long long>(seed),
                  describe(life.report).c_str());
    std::fflush(stdout);
    if (arguments.until_failed && !all.failed.empty()) break;
  }
  if (arguments.bug != Bug::kNone) {
    std::printf("report: bug %.*s: %zu of %llu seeds failed\n",
                static_cast<int>(arguments.bug_name.size()), arguments.bug_name.data(),
                all.failed.size(), static_cast<unsigned long long>(all.seeds));
    return all.failed.empty() ? 1 : 0;
  }
  print_report(all);
  const auto missing = arguments.seeds < 50 ? std::vector<std::string>{} : never_happened(all);
  for (const std::string& fault : missing) std::printf("never happened: %s\n", fault.c_str());
  return all.failed.empty() && missing.empty() ? 0 : 1;
}
