#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/metrics/meters.hpp"

namespace lanyard::agent {

/// Writes Prometheus' text format, version 0.0.4: for each metric a HELP, a TYPE and its samples.
class PrometheusText {
 public:
  static constexpr const char* kType = "text/plain; version=0.0.4; charset=utf-8";
  struct Label {
    std::string_view name;
    std::string_view value;  ///< any UTF-8
  };

  /// `name` ends with _total.
  void counter(std::string_view name, std::string_view help, std::uint64_t value);
  void gauge(std::string_view name, std::string_view help, double value);
  /// `name` ends with _seconds. Buckets are cumulative, the last one is +Inf and the count.
  void histogram(std::string_view name, std::string_view help, const Histogram::Reading& reading);
  /// Begins a metric of which each sample has labels.
  void begin(std::string_view name, std::string_view type, std::string_view help);
  /// Of the metric that was begun last, or of a part of it (`name`_bucket).
  void sample(std::string_view name, const std::vector<Label>& labels, double value);

  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  void whole(std::string_view name, std::uint64_t value);

  std::string out_;
};

}  // namespace lanyard::agent
