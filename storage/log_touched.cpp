#include <algorithm>
#include <set>

#include "replication/oplog/op.hpp"
#include "storage/log_slices.hpp"

/// Which records a part of the log is about.
namespace lanyard::storage {
namespace {

using RecordNames = std::set<std::pair<std::string, std::string>>;

/// False if a change is about more records than it names.
bool add_names(const oplog::Change& change, RecordNames& names) {
  const bool is_readable = change.header.kind == oplog::ChangeKind::kSealed &&
                           change.form == oplog::PayloadForm::kPlain &&
                           oplog::effect_of(change.payload) == oplog::Effect::kEffective;
  if (!is_readable) return true;
  oplog::OpReader in(change.payload);
  oplog::Op op;
  while (in.next(op)) {
    if (op.kind == oplog::OpKind::kClear) return false;
    if (op.kind != oplog::OpKind::kChunk) names.emplace(op.collection, op.key);
  }
  return true;
}

/// Where the first change lies that is not held.
Result<std::uint64_t> first_row(LogRows& rows, const merge::LogTable& logs, const VectorClock& held,
                                const VectorClock& applied) {
  std::uint64_t first = rows.end();
  for (const auto& [log, head] : applied) {
    const Seq has = seq_in(held, log);
    if (has >= head.seq) continue;
    LANYARD_TRY_SET(const std::uint64_t row, rows.row_of({*logs.find(log), has.next().value}));
    first = std::min(first, row);
  }
  return first;
}

bool lacks_some(const LogRow& row, const VectorClock& held, const merge::LogTable& logs) {
  return std::any_of(row.parts.begin(), row.parts.end(), [&](const LogPart& part) {
    return seq_in(held, logs.id_of(part.log)).value < part.first + part.count - 1;
  });
}

}  // namespace

Result<Touched> touched_since(LogRows& rows, const merge::LogTable& logs, const VectorClock& held,
                              const VectorClock& applied, const PackPorts& ports) {
  Touched out{{}, true, applied};
  RecordNames names;
  LANYARD_TRY_SET(const std::uint64_t from, first_row(rows, logs, held, applied));
  if (from == rows.end()) return out;
  LANYARD_TRY(rows.for_each(from, [&](const LogRow& row) -> Result<bool> {
    if (!lacks_some(row, held, logs)) return true;
    LANYARD_TRY_SET(const Bytes body, rows.body(row.position));
    LANYARD_TRY_SET(const oplog::Pack pack, oplog::read_pack(body, ports.cipher, ports.hasher));
    for (const oplog::Change& change : pack.changes) {
      if (change.header.seq <= seq_in(held, change.header.log)) continue;
      out.all = out.all && add_names(change, names);
    }
    return out.all;
  }));
  if (!out.all) return out;
  for (const auto& [collection, key] : names) out.records.push_back({collection, key});
  return out;
}

}  // namespace lanyard::storage
