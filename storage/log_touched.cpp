#include <algorithm>
#include <functional>
#include <set>

#include "replication/oplog/op.hpp"
#include "storage/log_slices.hpp"

/// Which records a part of the log is about.
namespace lanyard::storage {
namespace {

using merge::RecordName;

/// Calls `use` for each record that a change is about, more than once perhaps. False if it is about
/// more than it names.
bool for_each_name(const oplog::Change& change, const std::function<void(const RecordName&)>& use) {
  const bool is_readable = change.header.kind == oplog::ChangeKind::kSealed &&
                           change.form == oplog::PayloadForm::kPlain &&
                           oplog::effect_of(change.payload) == oplog::Effect::kEffective;
  if (!is_readable) return true;
  oplog::OpReader in(change.payload);
  oplog::Op op;
  while (in.next(op)) {
    if (op.kind == oplog::OpKind::kClear) return false;
    if (op.kind != oplog::OpKind::kChunk) use({std::string(op.collection), std::string(op.key)});
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

/// Calls `use` for each change that `held` lacks, in the order of application, until it says false.
/// False in the end: some of it is damaged, and says nothing.
Result<bool> for_each_missing(LogRows& rows, const merge::LogTable& logs, const VectorClock& held,
                              const VectorClock& applied, const PackPorts& ports,
                              const std::function<bool(const oplog::Change&)>& use) {
  LANYARD_TRY_SET(const std::uint64_t from, first_row(rows, logs, held, applied));
  if (from == rows.end()) return true;
  bool is_readable = true;
  LANYARD_TRY(rows.for_each(from, [&](const LogRow& row) -> Result<bool> {
    if (!lacks_some(row, held, logs)) return true;
    LANYARD_TRY_SET(const Bytes body, rows.readable_body(row.position));
    auto read = oplog::read_pack(body, ports.cipher, ports.hasher);
    if (!read && !read.error().is(Code::kMissingKey)) {
      is_readable = false;
      return false;
    }
    LANYARD_TRY_SET(const oplog::Pack pack, std::move(read));
    for (const oplog::Change& change : pack.changes) {
      if (change.header.seq <= seq_in(held, change.header.log)) continue;
      if (!use(change)) return false;
    }
    return true;
  }));
  return is_readable;
}

/// What both hold.
VectorClock common(const VectorClock& held, const VectorClock& applied) {
  VectorClock out;
  for (const auto& [log, head] : held) {
    const Seq seq = std::min(head.seq, seq_in(applied, log));
    if (seq > Seq{}) out[log].seq = seq;
  }
  return out;
}

/// Gathers one part of what was missed.
class MissedPart {
 public:
  explicit MissedPart(const MissedRequest& request) : request_(request) {}

  /// False: no more of them.
  bool add(const oplog::Change& change, Missed& out) {
    if (is_full(out)) {
      out.more = true;
      return false;
    }
    MissedChange& missed = out.changes.emplace_back();
    missed.dot = {change.header.log, change.header.seq};
    std::set<RecordName> names;
    out.all = for_each_name(change, [&](const RecordName& name) {
      const bool is_wanted = request_.collection.empty() || name.collection == request_.collection;
      if (is_wanted && names.insert(name).second) missed.records.push_back(name);
    });
    records_ += missed.records.size();
    bytes_ += change.payload.size();
    out.after[change.header.log].seq = change.header.seq;
    return out.all;
  }

 private:
  [[nodiscard]] bool is_full(const Missed& out) const {
    return records_ >= request_.records || bytes_ >= request_.payload_bytes ||
           out.changes.size() >= request_.changes;
  }

  const MissedRequest& request_;
  std::size_t records_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace

Result<Touched> touched_since(LogRows& rows, const merge::LogTable& logs, const VectorClock& held,
                              const VectorClock& applied, const PackPorts& ports) {
  Touched out{{}, true, applied};
  std::set<RecordName> names;
  LANYARD_TRY_SET(
      const bool is_readable,
      for_each_missing(rows, logs, held, applied, ports, [&](const oplog::Change& change) {
        out.all = for_each_name(change, [&](const RecordName& name) { names.insert(name); });
        return out.all;
      }));
  out.all = out.all && is_readable;
  if (!out.all) return out;
  out.records.assign(names.begin(), names.end());
  return out;
}

Result<Missed> missed_since(LogRows& rows, const merge::LogTable& logs,
                            const MissedRequest& request, const VectorClock& applied,
                            const PackPorts& ports) {
  Missed out;
  out.all = missing_count(applied, request.held) <= request.changes_max;
  if (!out.all) return out;
  out.before = common(request.held, applied);
  out.after = out.before;
  MissedPart part(request);
  LANYARD_TRY_SET(const bool is_readable, for_each_missing(rows, logs, request.held, applied, ports,
                                                           [&](const oplog::Change& change) {
                                                             return part.add(change, out);
                                                           }));
  out.all = out.all && is_readable;
  if (!out.all) out.changes.clear();
  if (!out.more) out.after = applied;
  return out;
}

}  // namespace lanyard::storage
