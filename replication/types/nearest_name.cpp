#include "replication/types/nearest_name.hpp"

#include <algorithm>

namespace lanyard {
namespace {

/// Longer names are no slips of ours.
constexpr std::size_t kNearestBytesMax = 128;

/// How many letters to add, take out, change, or swap with their neighbour (optimal string
/// alignment).
std::size_t distance(std::string_view left, std::string_view right) {
  std::vector<std::vector<std::size_t>> rows(left.size() + 1,
                                             std::vector<std::size_t>(right.size() + 1));
  for (std::size_t i = 0; i <= left.size(); ++i) rows[i][0] = i;
  for (std::size_t j = 0; j <= right.size(); ++j) rows[0][j] = j;
  for (std::size_t i = 1; i <= left.size(); ++i) {
    for (std::size_t j = 1; j <= right.size(); ++j) {
      const std::size_t change = rows[i - 1][j - 1] + (left[i - 1] == right[j - 1] ? 0 : 1);
      rows[i][j] = std::min({change, rows[i - 1][j] + 1, rows[i][j - 1] + 1});
      if (i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1])
        rows[i][j] = std::min(rows[i][j], rows[i - 2][j - 2] + 1);
    }
  }
  return rows.back().back();
}

/// How many letters both begin with.
std::ptrdiff_t alike(std::string_view left, std::string_view right) {
  return std::mismatch(left.begin(), left.end(), right.begin(), right.end()).first - left.begin();
}

}  // namespace

std::optional<std::string> nearest_name(std::string_view wrong,
                                        const std::vector<std::string>& known) {
  std::optional<std::string> best;
  if (wrong.size() > kNearestBytesMax) return best;
  // A third of the letters: "prot" for "port", but not "color" for "peers".
  std::size_t best_distance = std::max<std::size_t>(wrong.size() / 3, 1) + 1;
  for (const std::string& name : known) {
    const std::size_t away = distance(wrong, name);
    const bool is_as_near = best && away == best_distance;
    // Slips are rarely in the first letters: "coper" is rather "copper" than "caper".
    if (away < best_distance || (is_as_near && alike(wrong, name) > alike(wrong, *best)))
      best_distance = away, best = name;
  }
  return best;
}

}  // namespace lanyard
