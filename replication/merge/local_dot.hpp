#pragma once

#include <compare>
#include <cstdint>
#include <vector>

#include "replication/types/ids.hpp"

namespace lanyard::merge {

/// A store's own number for a log, from 0. Merging never depends on how logs are numbered or
/// ordered, so that it may use small numbers where signed bytes and state hashes use log ids.
using LogNumber = std::uint32_t;

/// Names a change inside one store.
struct LocalDot {
  LogNumber log = 0;
  std::uint64_t seq = 0;
  friend auto operator<=>(const LocalDot&, const LocalDot&) = default;
};

/// A small set of dots, sorted and distinct. Normally empty.
using DotSet = std::vector<LocalDot>;

[[nodiscard]] bool contains(const DotSet& set, const LocalDot& dot);
void insert(DotSet& set, const LocalDot& dot);
void unite(DotSet& into, const DotSet& more);
[[nodiscard]] DotSet minus(const DotSet& set, const DotSet& without);
[[nodiscard]] bool is_subset(const DotSet& inner, const DotSet& outer);

}  // namespace lanyard::merge
