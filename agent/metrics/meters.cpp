#include "agent/metrics/meters.hpp"

#include <algorithm>

#include "agent/errors.hpp"

namespace lanyard::agent {

void Histogram::observe(std::chrono::microseconds took) {
  const auto bound = std::lower_bound(bounds_.begin(), bounds_.end(), took);
  const auto place = static_cast<std::size_t>(bound - bounds_.begin());
  counts_[place].fetch_add(1, std::memory_order_relaxed);
  sum_.fetch_add(took.count(), std::memory_order_relaxed);
}

Histogram::Reading Histogram::read() const {
  Reading out;
  out.bounds = bounds_;
  for (std::size_t i = 0; i < counts_.size(); ++i)
    out.counts[i] = counts_[i].load(std::memory_order_relaxed);
  out.sum = std::chrono::microseconds(sum_.load(std::memory_order_relaxed));
  return out;
}

void LabelledCounter::add(Values values) {
  const std::lock_guard lock(mutex_);
  if (!counts_.contains(values) && counts_.size() + 1 >= kSeriesMax)
    std::fill(values.begin(), values.end(), "other");
  ++counts_[std::move(values)];
}

std::map<LabelledCounter::Values, std::uint64_t> LabelledCounter::read() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

void count_error(Meters& meters, const char* part, const Error& error) {
  meters.errors.add({part, problem_of(error).id});
}

}  // namespace lanyard::agent
