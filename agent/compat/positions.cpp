#include "agent/compat/positions.hpp"

#include <algorithm>
#include <cmath>

namespace lanyard::agent {
namespace {

/// `count` places between two, where there may be none before or behind.
std::vector<double> between(std::optional<double> before, std::optional<double> behind,
                            std::size_t count) {
  std::vector<double> out;
  for (std::size_t i = 0; i < count; ++i) {
    const double step = static_cast<double>(i + 1);
    if (before && behind) {
      out.push_back(*before + (*behind - *before) * step / static_cast<double>(count + 1));
    } else if (before) {
      out.push_back(std::floor(*before) + step);
    } else if (behind) {
      out.push_back(std::ceil(*behind) - static_cast<double>(count) + step - 1);
    } else {
      out.push_back(step - 1);
    }
  }
  return out;
}

}  // namespace

std::vector<double> placed(const std::vector<std::optional<double>>& known) {
  std::vector<double> out;
  std::optional<double> before;
  for (std::size_t at = 0; at < known.size();) {
    if (known[at]) {
      out.push_back(*known[at]);
      before = before ? std::max(*before, *known[at]) : *known[at];
      ++at;
      continue;
    }
    std::size_t end = at;
    while (end < known.size() && !known[end]) ++end;
    std::optional<double> behind;
    if (end < known.size()) behind = known[end];
    if (before && behind && *behind < *before) behind = before;
    for (const double place : between(before, behind, end - at)) out.push_back(place);
    before = out.back();
    at = end;
  }
  return out;
}

std::vector<double> placed_in_order(std::vector<std::optional<double>> known) {
  // The longest rising row of places stays (patience sorting); the rest is placed anew.
  std::vector<std::size_t> tails;
  std::vector<std::size_t> previous(known.size(), known.size());
  for (std::size_t at = 0; at < known.size(); ++at) {
    if (!known[at]) continue;
    const auto tail =
        std::lower_bound(tails.begin(), tails.end(), *known[at],
                         [&](std::size_t index, double place) { return *known[index] < place; });
    if (tail != tails.begin()) previous[at] = *(tail - 1);
    if (tail == tails.end()) {
      tails.push_back(at);
    } else {
      *tail = at;
    }
  }
  std::vector<bool> stays(known.size());
  if (!tails.empty())
    for (std::size_t at = tails.back(); at < known.size(); at = previous[at]) stays[at] = true;
  for (std::size_t at = 0; at < known.size(); ++at)
    if (!stays[at]) known[at].reset();
  return placed(known);
}

}  // namespace lanyard::agent
