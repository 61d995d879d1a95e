#include "agent/metrics/metrics_text.hpp"

#include <algorithm>

#include "agent/build_info.hpp"
#include "agent/metrics/prometheus_text.hpp"
#include "replication/types/device_id_text.hpp"

namespace lanyard::agent {
namespace {

double seconds_of_ms(std::int64_t ms) { return static_cast<double>(ms) / 1000; }

void write_labelled(PrometheusText& out, const char* name, const std::vector<const char*>& labels,
                    const LabelledCounter& counter) {
  for (const auto& [values, count] : counter.read()) {
    std::vector<PrometheusText::Label> all;
    for (std::size_t i = 0; i < labels.size(); ++i) all.push_back({labels[i], values[i]});
    out.sample(name, all, static_cast<double>(count));
  }
}

void write_process(PrometheusText& out, const MetricsView& view) {
  out.begin("lanyard_build_info", "gauge", "The version that runs; always 1.");
  out.sample("lanyard_build_info", {{"version", kBuild}}, 1);
  out.gauge("lanyard_start_time_seconds", "When this agent began, since 1970.",
            seconds_of_ms(view.started_ms));
  out.gauge("lanyard_memory_resident_bytes", "Memory of the agent's process that is in RAM.",
            static_cast<double>(view.memory.resident));
  out.gauge("lanyard_memory_peak_bytes", "The most that was in RAM since it began.",
            static_cast<double>(view.memory.peak));
}

void write_sync(PrometheusText& out, const MetricsView& view) {
  const Meters& meters = view.meters;
  out.counter("lanyard_sync_rounds_total",
              "Sync rounds with a device that began: a link came up, a space came in, or somebody "
              "asked.",
              meters.sync_rounds.count());
  out.counter("lanyard_sync_successes_total", "Rounds after which both devices held the same.",
              meters.sync_successes.count());
  out.counter("lanyard_sync_failures_total", "Rounds that an error ended.",
              meters.sync_failures.count());
  out.histogram("lanyard_sync_duration_seconds", "How long the rounds took that succeeded.",
                meters.sync_time.read());
  out.gauge("lanyard_sync_last_success_timestamp_seconds",
            "When a round succeeded last, since 1970; 0: not since the start.",
            seconds_of_ms(meters.last_success_ms.value()));
  out.counter("lanyard_sync_received_bytes_total", "Bytes from other devices.",
              view.status.counters.bytes_in);
  out.counter("lanyard_sync_sent_bytes_total", "Bytes to other devices.",
              view.status.counters.bytes_out);
  out.counter("lanyard_changes_received_total", "Changes of other devices that were accepted.",
              meters.changes_received.count());
  out.counter("lanyard_changes_served_total",
              "Changes for devices that came for what they lacked; live ones are not counted.",
              meters.changes_served.count());
  out.counter("lanyard_changes_written_total", "Changes that were made on this device.",
              meters.changes_written.count());
  out.counter("lanyard_changes_refused_total", "Times that changes of a device were refused.",
              view.status.counters.refused_changes);
}

void write_links(PrometheusText& out, const MetricsView& view) {
  const NetworkCounters& counters = view.status.counters;
  const auto& devices = view.status.devices;
  const auto linked = std::count_if(devices.begin(), devices.end(), [](const DeviceStatus& each) {
    return each.device.link.linked;
  });
  out.gauge("lanyard_links", "Devices that are linked now.", static_cast<double>(linked));
  out.gauge("lanyard_live_clients", "WebSockets that are signed in on /v1/live.",
            static_cast<double>(view.meters.live_clients.value()));
  out.counter("lanyard_connections_accepted_total", "Connections taken on the sync port.",
              counters.accepted);
  out.counter("lanyard_connections_refused_total", "Connections refused there: too many at once.",
              counters.refused_busy);
  out.counter("lanyard_handshakes_failed_total",
              "Links that came to nothing: not reached, unknown, or badly spoken.",
              counters.failed_handshakes);
  out.counter("lanyard_links_dropped_total", "Links that ended for an error.",
              counters.dropped_links);
}

void write_holdings(PrometheusText& out, const MetricsView& view) {
  const AgentStatus& status = view.status;
  out.gauge("lanyard_spaces", "Spaces on this device.", static_cast<double>(status.spaces.size()));
  out.gauge("lanyard_devices", "Devices that are known.",
            static_cast<double>(status.devices.size()));
  out.gauge("lanyard_conflicts", "Fields with more than one value.",
            static_cast<double>(status.conflicts()));
  out.gauge("lanyard_degraded_parts", "Parts that do not do what they should.",
            static_cast<double>(status.degraded.size()));
  out.begin("lanyard_pending_changes", "gauge",
            "Changes here that a device has not said to hold, by the device's short id.");
  for (const DeviceStatus& device : status.devices) {
    const std::string id = to_short_text(device.device.known.id);
    out.sample("lanyard_pending_changes", {{"device", id}},
               static_cast<double>(device.not_yet_there));
  }
}

void write_work(PrometheusText& out, const MetricsView& view) {
  const Meters& meters = view.meters;
  out.begin("lanyard_storage_queue_depth", "gauge", "What waits for the storage thread.");
  out.sample("lanyard_storage_queue_depth", {{"kind", "write"}},
             static_cast<double>(view.waiting.writes));
  out.sample("lanyard_storage_queue_depth", {{"kind", "other"}},
             static_cast<double>(view.waiting.others));
  out.gauge("lanyard_storage_queue_bytes", "Memory of the local writes that wait.",
            static_cast<double>(view.waiting.write_bytes));
  out.histogram("lanyard_local_write_duration_seconds",
                "From a local write's arrival to its being durable, or refused.",
                meters.write_time.read());
  out.histogram("lanyard_http_request_duration_seconds",
                "From a request's whole head to the end of its answer.", meters.http_time.read());
  out.begin("lanyard_http_responses_total", "counter", "Answers of the local API, by status.");
  write_labelled(out, "lanyard_http_responses_total", {"status"}, meters.http_answers);
  out.begin("lanyard_errors_total", "counter",
            "Errors by part and code; the same trouble may show in several parts.");
  write_labelled(out, "lanyard_errors_total", {"part", "code"}, meters.errors);
}

}  // namespace

std::string metrics_text(const MetricsView& view) {
  PrometheusText out;
  write_process(out, view);
  write_sync(out, view);
  write_links(out, view);
  write_holdings(out, view);
  write_work(out, view);
  return out.take();
}

}  // namespace lanyard::agent
