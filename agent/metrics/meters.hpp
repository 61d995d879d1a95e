#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "replication/types/result.hpp"

/// What the running parts count for GET /metrics (docs/METRICS.md). Written from any thread, and
/// read from any: nobody waits for anybody else to count. Never content: no key, no name, no text
/// of a peer goes in here.
namespace lanyard::agent {

class Counter {
 public:
  void add(std::uint64_t more = 1) { count_.fetch_add(more, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t count() const { return count_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> count_{0};
};

class Gauge {
 public:
  void set(std::int64_t value) { value_.store(value, std::memory_order_relaxed); }
  [[nodiscard]] std::int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> value_{0};
};

/// How many observations fell into which range of time.
class Histogram {
 public:
  static constexpr std::size_t kBounds = 14;
  /// Upper bounds, each included, the smallest first.
  using Bounds = std::array<std::chrono::microseconds, kBounds>;
  struct Reading {
    Bounds bounds;
    /// For each bound what is above the one before; the last: beyond all of them.
    std::array<std::uint64_t, kBounds + 1> counts{};
    std::chrono::microseconds sum{0};
  };

  explicit Histogram(const Bounds& bounds) : bounds_(bounds) {}
  void observe(std::chrono::microseconds took);
  [[nodiscard]] Reading read() const;

 private:
  Bounds bounds_;
  std::array<std::atomic<std::uint64_t>, kBounds + 1> counts_{};
  std::atomic<std::int64_t> sum_{0};
};

/// Counts by the values of a few labels, under a lock: for what happens less often than changes do.
/// The values come from tables of ours and not from outside; were there ever more than kSeriesMax,
/// the rest is counted as "other".
class LabelledCounter {
 public:
  using Values = std::vector<std::string>;
  static constexpr std::size_t kSeriesMax = 256;

  void add(Values values);
  [[nodiscard]] std::map<Values, std::uint64_t> read() const;

 private:
  mutable std::mutex mutex_;
  std::map<Values, std::uint64_t> counts_;
};

/// One per agent, older than whatever counts in it.
struct Meters {
  Counter sync_rounds;
  Counter sync_successes;
  Counter sync_failures;
  Histogram sync_time{kSyncBounds};
  Gauge last_success_ms;  ///< wall clock; 0: none since start
  Counter changes_received;
  Counter changes_served;
  Counter changes_written;
  Histogram write_time{kAnswerBounds};
  Histogram http_time{kAnswerBounds};
  LabelledCounter http_answers;  ///< by status
  LabelledCounter errors;        ///< by part and code
  Gauge live_clients;

  using us = std::chrono::microseconds;
  using ms = std::chrono::milliseconds;
  using s = std::chrono::seconds;
  /// What somebody waits for: from less than a disk needs for a commit to a request's patience.
  static constexpr Histogram::Bounds kAnswerBounds = {us(500), ms(1),    ms(2),   ms(5),   ms(10),
                                                      ms(25),  ms(50),   ms(100), ms(250), ms(500),
                                                      s(1),    ms(2500), s(5),    s(10)};
  /// A meeting of two devices: from two that are in step to one that was away for months.
  static constexpr Histogram::Bounds kSyncBounds = {ms(5),   ms(10),  ms(25), ms(50),   ms(100),
                                                    ms(250), ms(500), s(1),   ms(2500), s(5),
                                                    s(10),   s(30),   s(60),  s(300)};
};

/// `part`: "sync", "links", "storage" or "api". The error's text is not looked at.
void count_error(Meters& meters, const char* part, const Error& error);

}  // namespace lanyard::agent
