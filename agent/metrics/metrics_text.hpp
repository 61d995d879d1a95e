#pragma once

#include "agent/metrics/meters.hpp"
#include "agent/metrics/process_memory.hpp"
#include "agent/service/status_service.hpp"
#include "storage/storage_thread.hpp"

namespace lanyard::agent {

/// What GET /metrics and `lanyard metrics` show is made from.
struct MetricsView {
  const Meters& meters;
  /// As far as whoever asks may know of it.
  const AgentStatus& status;
  storage::StorageThread::Waiting waiting;
  ProcessMemory memory;
  std::int64_t started_ms = 0;
};

/// In Prometheus' text format (docs/METRICS.md). Pure.
[[nodiscard]] std::string metrics_text(const MetricsView& view);

}  // namespace lanyard::agent
