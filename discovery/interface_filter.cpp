#include "discovery/interface_filter.hpp"

#include <algorithm>

namespace lanyard::discovery {
namespace {

constexpr std::string_view kLeftOut[] = {"docker*", "br-*", "veth*", "virbr*",
                                         "tun*",    "tap*", "wg*"};

bool is_left_out(std::string_view name) {
  return std::any_of(std::begin(kLeftOut), std::end(kLeftOut),
                     [&](std::string_view pattern) { return matches_pattern(name, pattern); });
}

}  // namespace

bool matches_pattern(std::string_view name, std::string_view pattern) {
  std::size_t at = 0;
  std::size_t star = std::string_view::npos;  // the last `*` met, and what it stands for so far
  std::size_t taken = 0;
  std::size_t i = 0;
  while (i < name.size()) {
    if (at < pattern.size() && pattern[at] == '*') {
      star = at++;
      taken = i;
    } else if (at < pattern.size() && pattern[at] == name[i]) {
      ++at, ++i;
    } else if (star != std::string_view::npos) {
      at = star + 1;
      i = ++taken;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', at) == std::string_view::npos;
}

bool InterfaceFilter::admits(std::string_view name) const {
  return std::any_of(patterns_.begin(), patterns_.end(), [&](const std::string& pattern) {
    return pattern == kAuto ? !is_left_out(name) : matches_pattern(name, pattern);
  });
}

}  // namespace lanyard::discovery
