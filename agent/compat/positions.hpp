#pragma once

#include <optional>
#include <vector>

namespace lanyard::agent {

/// Where the elements of an array belong, among those that have a place already and keep it:
/// whoever inserts between two others writes one record and not all that come behind. In the order
/// of the array; nothing: one without a place so far. What has no one behind it gets whole numbers.
/// Pure.
[[nodiscard]] std::vector<double> placed(const std::vector<std::optional<double>>& known);

/// The same where the array's order is to count: those that stand in each other's way get new
/// places, as few as possible. Pure.
[[nodiscard]] std::vector<double> placed_in_order(std::vector<std::optional<double>> known);

}  // namespace lanyard::agent
