#include "tests/integration/hostile_changes/allowance.hpp"

#include <cmath>
#include <ctime>

#include "replication/oplog/op.hpp"
#include "replication/types/canonical.hpp"
#include "tests/unit/oplog/oplog_test.hpp"

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

/// Of processor time, in slowest_work(): of the same build, beside the same neighbours.
constexpr double kWorkAtRest = 150;
constexpr double kWorkPerMiB = 75;
constexpr double kWorkPerChange = 0.04;
constexpr double kWorkPerLog = 0.075;
constexpr double kWorkPerSpace = 7.5;

double rounded(double value) { return std::round(value * 100) / 100; }

double thread_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

/// Processor time in which ops are written, packed and read again: as an agent takes them.
double work_seconds() {
  constexpr int kRounds = 60;
  oplog::Device device(1);
  const oplog::Space space(device);
  oplog::LogWriter log(device, space);
  Bytes value;
  CanonicalWriter(value).text("a value");
  oplog::Op op;
  op.kind = oplog::OpKind::kPut;
  op.collection = "notes";
  op.key = "a key";
  op.fields.push_back({"a field", value, false});
  const std::vector<oplog::Op> ops(1000, op);
  const double before = thread_seconds();
  for (int i = 0; i < kRounds; ++i) {
    const Bytes plain = oplog::encode_plain(ops);
    CHECK(oplog::effect_of(plain) == oplog::Effect::kEffective);
    const Bytes pack = oplog::packed({log.add(oplog::ChangeKind::kSealed, plain)}, {&log});
    CHECK(oplog::read_pack(pack, device.keys, oplog::hasher()));
  }
  return thread_seconds() - before;
}

Json multiples(const Usage& used, const Made& made) {
  const double bytes = std::max<double>(static_cast<double>(made.signed_bytes), 1);
  return {{"memory", rounded(static_cast<double>(used.memory_bytes) / bytes)},
          {"disk", rounded(static_cast<double>(used.disk_bytes) / bytes)},
          {"cpuSecondsPerMiB", rounded(used.cpu_seconds / (bytes / kMiB))}};
}

}  // namespace

double slowest_work() {
  static double most = 0;
  most = std::max(most, work_seconds());
  return most;
}

Usage allowed_for(const Made& made) {
  Usage out;
  out.memory_bytes = kMemoryAtRest + kMemoryPerByte * made.signed_bytes + kMemoryPerLog * made.logs;
  out.disk_bytes = kDiskOfWal + disk_allowed_for(made, 1);
  out.cpu_seconds =
      slowest_work() * (kWorkAtRest + kWorkPerMiB * static_cast<double>(made.signed_bytes) / kMiB +
                        kWorkPerChange * static_cast<double>(made.changes) +
                        kWorkPerLog * static_cast<double>(made.logs) +
                        kWorkPerSpace * static_cast<double>(made.spaces));
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

Usage most_of(const Line& line) {
  Usage out{line.wire_bytes};
  for (const Usage& used : line.used) {
    out.memory_bytes = std::max(out.memory_bytes, used.memory_bytes);
    out.disk_bytes = std::max(out.disk_bytes, used.disk_bytes);
    out.cpu_seconds = std::max(out.cpu_seconds, used.cpu_seconds);
  }
  return out;
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
