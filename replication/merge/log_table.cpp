#include "replication/merge/log_table.hpp"

#include <algorithm>

namespace lanyard::merge {

std::optional<LogNumber> LogTable::find(const LogId& log) const {
  const auto found = numbers_.find(log);
  if (found == numbers_.end()) return std::nullopt;
  return found->second;
}

LogNumber LogTable::number_of(const LogId& log) {
  const auto [at, is_new] = numbers_.try_emplace(log, static_cast<LogNumber>(ids_.size()));
  if (is_new) ids_.push_back(log);
  return at->second;
}

DotSet LogTable::local(const std::vector<Dot>& dots) const {
  DotSet out;
  for (const Dot& dot : dots) {
    if (const auto log = find(dot.log)) out.push_back({*log, dot.seq.value});
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::vector<Dot> LogTable::global(const DotSet& dots) const {
  std::vector<Dot> out;
  out.reserve(dots.size());
  for (const LocalDot& dot : dots) out.push_back({id_of(dot.log), {dot.seq}});
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace lanyard::merge
