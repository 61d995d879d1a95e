#include <catch2/catch.hpp>

#include "agent/metrics/metrics_text.hpp"
#include "agent/metrics/prometheus_text.hpp"

namespace lanyard::agent {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

TEST_CASE("a counter has its help and its type before it, and is written whole") {
  PrometheusText out;
  out.counter("lanyard_a_total", "Bytes.", 18446744073709551615U);
  CHECK(out.take() ==
        "# HELP lanyard_a_total Bytes.\n# TYPE lanyard_a_total counter\n"
        "lanyard_a_total 18446744073709551615\n");
}

TEST_CASE("a gauge is written as people write numbers") {
  PrometheusText out;
  out.gauge("a", "A.", 12'000'000);
  out.gauge("b", "B.", 0.25);
  out.gauge("c", "C.", -3);
  CHECK(out.take() ==
        "# HELP a A.\n# TYPE a gauge\na 12000000\n"
        "# HELP b B.\n# TYPE b gauge\nb 0.25\n"
        "# HELP c C.\n# TYPE c gauge\nc -3\n");
}

TEST_CASE("what would end a line, or a label's value, is escaped") {
  PrometheusText out;
  out.begin("a", "gauge", "one \\ \"two\"\nthree");
  out.sample("a", {{"x", "one \\ \"two\"\nthree"}, {"y", "ü"}}, 1);
  CHECK(out.take() ==
        "# HELP a one \\\\ \"two\"\\nthree\n# TYPE a gauge\n"
        "a{x=\"one \\\\ \\\"two\\\"\\nthree\",y=\"ü\"} 1\n");
}

TEST_CASE("buckets are cumulative, hold their own bound, and end with all") {
  Histogram times(Meters::kAnswerBounds);
  for (const auto took : {microseconds(500), microseconds(501), microseconds(milliseconds(3)),
                          microseconds(std::chrono::minutes(1))})
    times.observe(took);
  PrometheusText out;
  out.histogram("t_seconds", "T.", times.read());
  const std::string text = out.take();
  CHECK_THAT(text, Catch::StartsWith("# HELP t_seconds T.\n# TYPE t_seconds histogram\n"
                                     "t_seconds_bucket{le=\"0.0005\"} 1\n"
                                     "t_seconds_bucket{le=\"0.001\"} 2\n"
                                     "t_seconds_bucket{le=\"0.002\"} 2\n"
                                     "t_seconds_bucket{le=\"0.005\"} 3\n"));
  CHECK_THAT(text, Catch::EndsWith("t_seconds_bucket{le=\"10\"} 3\n"
                                   "t_seconds_bucket{le=\"+Inf\"} 4\n"
                                   "t_seconds_sum 60.004001\n"
                                   "t_seconds_count 4\n"));
}

TEST_CASE("bounds of histograms rise") {
  for (const Histogram::Bounds& bounds : {Meters::kAnswerBounds, Meters::kSyncBounds})
    CHECK(std::adjacent_find(bounds.begin(), bounds.end(), std::greater_equal<>()) == bounds.end());
}

TEST_CASE("counts by labels have a bound, beyond which all is other") {
  LabelledCounter counter;
  const auto add = [&](std::size_t first, std::size_t end) {
    for (std::size_t i = first; i < end; ++i) counter.add({"part", std::to_string(i)});
    return counter.read().size();
  };
  constexpr std::size_t kMax = LabelledCounter::kSeriesMax;
  CHECK(add(0, kMax - 1) == kMax - 1);  // one place is for the others
  CHECK_FALSE(counter.read().contains({"other", "other"}));
  CHECK(add(kMax - 1, kMax) == kMax);
  CHECK(add(kMax, 10 * kMax) == kMax);
  counter.add({"part", "0"});
  const auto counts = counter.read();
  CHECK(counts.at({"part", "0"}) == 2);
  CHECK(counts.at({"other", "other"}) == 9 * kMax + 1);
}

TEST_CASE("memory is what the system says of the process") {
  CHECK(memory_in("Name:\tx\nVmHWM:\t   2048 kB\nVmRSS:\t     12 kB\n") ==
        ProcessMemory{12 * 1024, 2048 * 1024});
  CHECK(memory_in("Name:\tVmRSS: 5 kB\n") == ProcessMemory{});
  CHECK(process_memory().resident > 0);
}

TEST_CASE("the metrics name no space and no device, but for short ids") {
  Meters meters;
  count_error(meters, "sync", Error(Code::kUnauthenticated, "of a secret place"));
  AgentStatus status;
  status.spaces.emplace_back().space.name = "planted-space";
  DeviceStatus& device = status.devices.emplace_back();
  device.device.known.name = "planted-device";
  device.device.link.says_name = "planted-saying";
  device.not_yet_there = 7;
  status.degraded.push_back({"space planted-space", "planted why", ""});
  const std::string text = metrics_text({meters, status, {3, 1000, 2}, {10, 20}, 1500});
  CHECK_THAT(text, !Catch::Contains("planted") && !Catch::Contains("secret"));
  for (const char* const line :
       {"lanyard_spaces 1\n", "lanyard_devices 1\n", "lanyard_degraded_parts 1\n",
        "lanyard_storage_queue_depth{kind=\"write\"} 3\n", "lanyard_storage_queue_bytes 1000\n",
        "lanyard_memory_peak_bytes 20\n", "lanyard_start_time_seconds 1.5\n",
        "lanyard_errors_total{part=\"sync\",code=\"LY-P001\"} 1\n"})
    CHECK_THAT(text, Catch::Contains(line));
  CHECK_THAT(text,
             Catch::Matches("[^]*\nlanyard_pending_changes\\{device=\"[A-Z0-9-]+\"\\} 7\n[^]*"));
}

}  // namespace
}  // namespace lanyard::agent
