#include "storage/log_care.hpp"

#include <algorithm>
#include <utility>

#include "replication/types/limits.hpp"

namespace lanyard::storage {
namespace {

using oplog::Change;
using oplog::Pack;

/// Bodies that one piece of a check reads.
constexpr std::uint64_t kCheckBytes = 1 * limits::kMiB;

/// Whether all changes are of logs that are known here.
bool has_known_logs(const Pack& pack, const merge::LogTable& logs) {
  return std::all_of(pack.changes.begin(), pack.changes.end(), [&](const Change& change) {
    return logs.find(change.header.log).has_value();
  });
}

}  // namespace

// ---- finding it

Status LogCare::load(const std::vector<std::uint64_t>& rows) {
  for (const std::uint64_t position : rows) {
    LANYARD_TRY_SET(const auto row, row_at(position));
    if (row) LANYARD_TRY(look_closer(*row));
  }
  return {};
}

void LogCare::begin_check() {
  const auto now = std::chrono::steady_clock::now();
  if (checking_ || (checked_ && now - *checked_ < kLogCheckEvery)) return;
  checking_ = 0;
  checked_ = now;
}

Result<bool> LogCare::check_some() {
  std::vector<LogRow> rows;
  std::uint64_t bytes = 0;
  const std::uint64_t from = *checking_;
  checking_.reset();
  LANYARD_TRY(tables_.log_rows().for_each(from, [&](const LogRow& row) -> Result<bool> {
    if (bytes > kCheckBytes) {
      checking_ = row.position;
      return false;
    }
    bytes += row.body_bytes;
    rows.push_back(row);
    return true;
  }));
  for (const LogRow& row : rows) LANYARD_TRY(look_closer(row));
  return is_checking();
}

Result<bool> LogCare::is_whole(std::uint64_t position) {
  LANYARD_TRY_SET(const auto row, row_at(position));
  if (row) LANYARD_TRY(look_closer(*row));
  return !is_damaged(position);
}

Status LogCare::found(std::uint64_t position) {
  LANYARD_TRY_SET(auto row, row_at(position));
  if (row && row->parts.empty()) {
    LANYARD_TRY(look_closer(*row));
    LANYARD_TRY_SET(row, row_at(position));
    if (!row || !row->parts.empty()) return {};
    return fail(Code::kCorrupt, "nothing in the file says what a row of the log holds",
                "Restore the file from a backup, or fetch the space from another device.");
  }
  if (!row) return {};
  return add(*row);
}

Status LogCare::add(const LogRow& row) {
  rows_.insert_or_assign(row.position, row);
  if (const auto body = tables_.log_rows().body(row.position); !body) {
    if (!body.error().is(Code::kCorrupt)) return fail(body.error());
    unreadable_.insert(row.position);
  }
  // What is left out for those that were known is so still; nothing before a row hangs on it.
  left_out_up_to_ = rows_.size() == 1 ? row.position : std::min(left_out_up_to_, row.position);
  return count();
}

/// A row with this position, and nothing behind it.
Result<std::optional<LogRow>> LogCare::row_at(std::uint64_t position) {
  std::optional<LogRow> out;
  LANYARD_TRY(tables_.log_rows().for_each(position, [&](const LogRow& row) -> Result<bool> {
    if (row.position == position) out = row;
    return false;
  }));
  return out;
}

Status LogCare::look_closer(const LogRow& row) {
  LANYARD_TRY_SET(const RowIs what, look_at(row));
  return what == RowIs::kDamaged ? add(row) : Status();
}

/// One that says something wrong of a body that is proven is put right at once.
Result<LogCare::RowIs> LogCare::look_at(const LogRow& row) {
  const merge::LogTable& logs = tables_.merger().logs();
  LANYARD_TRY_SET(const Bytes body, tables_.log_rows().readable_body(row.position));
  const auto pack = oplog::read_pack(body, ports_.cipher, ports_.hasher);
  // Without the key nobody can tell, and it is sent to nobody who could read it.
  if (!pack) return pack.error().is(Code::kMissingKey) ? RowIs::kWhole : RowIs::kDamaged;
  if (pack->changes.size() != row.changes || !has_known_logs(*pack, logs) || !is_proven(*pack))
    return RowIs::kDamaged;
  const LogRowContent content = content_of(pack->changes, logs);
  LANYARD_TRY_SET(const Bytes hashes, tables_.log_rows().hashes(row.position));
  if (content.hashes != hashes || content.parts != row.parts)
    LANYARD_TRY(tables_.log_rows().label(row, content));
  return RowIs::kWhole;
}

/// One signature for each log, over the last of its changes, and that of each open one.
bool LogCare::is_proven(const Pack& pack) const {
  const merge::LogTable& logs = tables_.merger().logs();
  std::map<LogId, Hash> last;
  for (const Change& change : pack.changes) {
    last[change.header.log] = change.hash;
    const DeviceId& device = tables_.logs()[*logs.find(change.header.log)].device;
    if (change.header.kind == oplog::ChangeKind::kOpen &&
        !oplog::is_signed(change.hash, change.signature, device, verifier_))
      return false;
  }
  return std::all_of(pack.logs.begin(), pack.logs.end(), [&](const oplog::PackLog& log) {
    const DeviceId& device = tables_.logs()[*logs.find(log.log)].device;
    return oplog::is_signed(last.at(log.log), log.signature, device, verifier_);
  });
}

Status LogCare::count() {
  const merge::LogTable& logs = tables_.merger().logs();
  damage_ = {};
  damage_.of = rows_.empty() ? 0 : tables_.log_rows().end();
  for (const auto& [position, row] : rows_) {
    damage_.rows.push_back(position);
    damage_.changes += row.changes;
    for (const LogPart& part : row.parts) {
      const LogId& log = logs.id_of(part.log);
      const auto known = damage_.before.find(log);
      if (known != damage_.before.end() && known->second.seq.value < part.first) continue;
      Head before{{part.first - 1}, {}};
      if (before.seq > Seq{}) {
        const auto hash = tables_.log_rows().hash_of({part.log, before.seq.value});
        before = hash ? Head{before.seq, *hash} : Head{};  // from its beginning, then
      }
      damage_.before[log] = before;
    }
  }
  return {};
}

// ---- sending the rest

/// Whether all that is damaged is held there.
bool LogCare::has_all(const VectorClock& held) const {
  const merge::LogTable& logs = tables_.merger().logs();
  return std::all_of(rows_.begin(), rows_.end(), [&](const auto& each) {
    const std::vector<LogPart>& parts = each.second.parts;
    return std::all_of(parts.begin(), parts.end(), [&](const LogPart& part) {
      return seq_in(held, logs.id_of(part.log)).value >= part.first + part.count - 1;
    });
  });
}

Result<std::map<LogId, Seq>> LogCare::left_out(const VectorClock& held) {
  if (has_all(held)) return std::map<LogId, Seq>{};
  while (!rows_.empty() && left_out_up_to_ < tables_.log_rows().end()) {
    std::vector<LogRow> rows;
    LANYARD_TRY(tables_.log_rows().for_each(left_out_up_to_, [&](const LogRow& row) {
      rows.push_back(row);
      return Result<bool>(true);
    }));
    bool is_whole = true;
    for (const LogRow& row : rows) {
      LANYARD_TRY_SET(is_whole, leave_out(row));
      if (!is_whole) break;  // another one that is damaged: on from there
      left_out_up_to_ = row.position + row.changes;
    }
  }
  return left_out_;
}

/// What of this row was written by somebody who had what is left out. Of a log that is left out at
/// one change of a row all of the row's are: only the last of them is signed. False: it cannot be
/// read either.
Result<bool> LogCare::leave_out(const LogRow& row) {
  const merge::LogTable& logs = tables_.merger().logs();
  if (is_damaged(row.position)) {
    for (const LogPart& part : row.parts) leave_out(logs.id_of(part.log), {part.first});
    return true;
  }
  LANYARD_TRY_SET(const Bytes body, tables_.log_rows().readable_body(row.position));
  const auto pack = oplog::read_proven_pack(body);
  if (!pack || !has_known_logs(*pack, logs)) {
    LANYARD_TRY(found(row.position));
    return false;
  }
  for (bool more = true; more;) {
    more = false;
    for (const Change& change : pack->changes) {
      const oplog::Header& header = change.header;
      const bool hangs_on_it = std::any_of(
          header.context.begin(), header.context.end(),
          [&](const oplog::ContextEntry& each) { return is_left_out(each.log, each.head.seq); });
      const auto first = std::find_if(pack->logs.begin(), pack->logs.end(),
                                      [&](const auto& each) { return each.log == header.log; });
      if ((!hangs_on_it && !is_left_out(header.log, header.seq)) ||
          is_left_out(header.log, first->first))
        continue;
      leave_out(header.log, first->first);
      more = true;
    }
  }
  return true;
}

void LogCare::leave_out(const LogId& log, Seq from) {
  const auto [place, is_new] = left_out_.try_emplace(log, from);
  if (!is_new) place->second = std::min(place->second, from);
}

bool LogCare::is_left_out(const LogId& log, Seq seq) const {
  const auto found = left_out_.find(log);
  return found != left_out_.end() && seq >= found->second;
}

Result<bool> LogCare::settle(bool is_committed) {
  const DamagedAt came_upon = std::exchange(came_upon_, {});
  const std::vector<std::uint64_t> mended = std::exchange(mended_, {});
  if (is_committed && !mended.empty()) {
    for (const std::uint64_t position : mended) rows_.erase(position);
    left_out_.clear();
    left_out_up_to_ = rows_.empty() ? 0 : rows_.begin()->first;
    LANYARD_TRY(count());
  }
  if (rows_.empty()) given_.clear();
  if (came_upon) LANYARD_TRY(found(*came_upon));
  return came_upon.has_value() && !is_committed;
}

}  // namespace lanyard::storage
