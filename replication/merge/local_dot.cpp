#include "replication/merge/local_dot.hpp"

#include <algorithm>
#include <iterator>

namespace lanyard::merge {

bool contains(const DotSet& set, const LocalDot& dot) {
  return std::binary_search(set.begin(), set.end(), dot);
}

void insert(DotSet& set, const LocalDot& dot) {
  const auto at = std::lower_bound(set.begin(), set.end(), dot);
  if (at == set.end() || *at != dot) set.insert(at, dot);
}

void unite(DotSet& into, const DotSet& more) {
  // Things that one delete hides have equal sets, so most unions add nothing.
  if (is_subset(more, into)) return;
  DotSet both;
  both.reserve(into.size() + more.size());
  std::set_union(into.begin(), into.end(), more.begin(), more.end(), std::back_inserter(both));
  into = std::move(both);
}

DotSet minus(const DotSet& set, const DotSet& without) {
  DotSet out;
  std::set_difference(set.begin(), set.end(), without.begin(), without.end(),
                      std::back_inserter(out));
  return out;
}

bool is_subset(const DotSet& inner, const DotSet& outer) {
  return std::includes(outer.begin(), outer.end(), inner.begin(), inner.end());
}

}  // namespace lanyard::merge
