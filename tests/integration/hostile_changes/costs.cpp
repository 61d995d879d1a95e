#include "tests/integration/hostile_changes/costs.hpp"

#include <cmath>

namespace lanyard::hostile {
namespace {

constexpr double kMiB = limits::kMiB;

// ---- what each byte, change, log and space may cost, and what is there without any

/// At its peak. A store merges in batches of 16 MiB, beside a pack that is read and one that is
/// sent; SQLite has its cache.
constexpr std::size_t kMemoryAtRest = 64 * limits::kMiB;
constexpr std::size_t kMemoryPerByte = 16;
/// A log has a place in clocks, contexts and tables of both ends of each link.
constexpr std::size_t kMemoryPerLog = 8 * limits::kKiB;

/// A write-ahead log is copied at 256 MiB, and a transaction may be under way.
constexpr std::size_t kDiskOfWal = 320 * limits::kMiB;
/// The log, the records, and each of them again as pages of tables and indexes.
constexpr std::size_t kDiskPerByte = 8;
constexpr std::size_t kDiskPerChange = 512;
constexpr std::size_t kDiskPerLog = 2 * limits::kKiB;
/// An empty file with its tables and indexes.
constexpr std::size_t kDiskPerSpace = 256 * limits::kKiB;
/// What honest ones write in a step, and pages that are half empty.
constexpr std::size_t kDiskPerStep = 64 * limits::kKiB;
constexpr std::size_t kDiskAtRest = 8 * limits::kMiB;

/// Of processor time. Debug assertions, and no optimisation, cost several times as much.
#ifdef NDEBUG
constexpr double kSlowness = 1;
#else
constexpr double kSlowness = 8;
#endif
constexpr double kSecondsAtRest = 2;
constexpr double kSecondsPerMiB = 1;
constexpr double kSecondsPerChange = 0.0005;
constexpr double kSecondsPerLog = 0.001;
constexpr double kSecondsPerSpace = 0.1;

std::size_t less(std::size_t now, std::size_t before) { return now > before ? now - before : 0; }

double rounded(double value) { return std::round(value * 100) / 100; }

Json multiples(const Usage& used, const Made& made) {
  const double bytes = std::max<double>(static_cast<double>(made.signed_bytes), 1);
  return {{"memory", rounded(static_cast<double>(used.memory_bytes) / bytes)},
          {"disk", rounded(static_cast<double>(used.disk_bytes) / bytes)},
          {"cpuSecondsPerMiB", rounded(used.cpu_seconds / (bytes / kMiB))}};
}

}  // namespace

Usage Watch::used() const {
  return {peak_.bytes(), less(agent_.disk_bytes(), before_.disk_bytes),
          std::max(agent_.cpu_seconds() - before_.cpu_seconds, 0.0)};
}

Usage allowed_for(const Made& made) {
  Usage out;
  out.memory_bytes = kMemoryAtRest + kMemoryPerByte * made.signed_bytes + kMemoryPerLog * made.logs;
  out.disk_bytes = kDiskOfWal + disk_allowed_for(made, 1);
  out.cpu_seconds =
      kSlowness * (kSecondsAtRest + kSecondsPerMiB * static_cast<double>(made.signed_bytes) / kMiB +
                   kSecondsPerChange * static_cast<double>(made.changes) +
                   kSecondsPerLog * static_cast<double>(made.logs) +
                   kSecondsPerSpace * static_cast<double>(made.spaces));
  return out;
}

std::size_t disk_allowed_for(const Made& made, std::size_t steps) {
  return kDiskAtRest + kDiskPerStep * steps + kDiskPerByte * made.signed_bytes +
         kDiskPerChange * made.changes + kDiskPerLog * made.logs + kDiskPerSpace * made.spaces;
}

std::string excess_of(const Usage& used, const Usage& allowed) {
  std::string out;
#ifndef LANYARD_SANITIZED  // keeps what was freed, and takes its time
  if (used.memory_bytes > allowed.memory_bytes)
    out += "memory " + std::to_string(used.memory_bytes) + " > " +
           std::to_string(allowed.memory_bytes) + "; ";
  if (used.cpu_seconds > allowed.cpu_seconds)
    out += "cpu " + std::to_string(used.cpu_seconds) + " s > " +
           std::to_string(allowed.cpu_seconds) + " s; ";
#endif
  if (used.disk_bytes > allowed.disk_bytes)
    out += "disk " + std::to_string(used.disk_bytes) + " > " + std::to_string(allowed.disk_bytes);
  return out;
}

void add(Made& sum, const Made& more) {
  sum.signed_bytes += more.signed_bytes;
  sum.changes += more.changes;
  sum.logs += more.logs;
  sum.spaces += more.spaces;
  sum.members += more.members;
}

Json to_json(const Line& line) {
  Json out{{"step", line.step},
           {"maker", line.maker},
           {"wireBytes", line.wire_bytes},
           {"signedBytes", line.made.signed_bytes},
           {"changes", line.made.changes},
           {"logs", line.made.logs},
           {"spaces", line.made.spaces},
           {"members", line.made.members},
           {"agents", Json::array()}};
  for (const Usage& used : line.used)
    out["agents"].push_back({{"peakBytes", used.memory_bytes},
                             {"diskBytes", used.disk_bytes},
                             {"cpuSeconds", rounded(used.cpu_seconds)},
                             {"per", multiples(used, line.made)}});
  return out;
}

}  // namespace lanyard::hostile
