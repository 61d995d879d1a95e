#include "storage/log_slices.hpp"

#include <algorithm>
#include <array>
#include <deque>

#include "replication/types/limits.hpp"

namespace lanyard::storage {
namespace {

using oplog::Change;
using oplog::ChangeKind;
using oplog::Pack;
using oplog::PayloadForm;

/// Rows smaller than this are worth joining; what was joined is mostly not, so that no change is
/// folded again and again.
constexpr std::uint64_t kSmallChanges = 256;
constexpr std::uint64_t kSmallBytes = 256 * limits::kKiB;
/// A look costs a scan of up to kSmallChanges rows: not one for every single change.
constexpr std::uint64_t kChangesBetweenLooks = 64;

// ---- slices

enum class Lacks { kNothing, kSome, kAll };

Lacks what_lacks(const LogRow& row, const VectorClock& held, const merge::LogTable& logs) {
  bool some = false;
  bool all = true;
  for (const LogPart& part : row.parts) {
    const std::uint64_t has = seq_in(held, logs.id_of(part.log)).value;
    some = some || has < part.first + part.count - 1;
    all = all && has < part.first;
  }
  return all ? Lacks::kAll : some ? Lacks::kSome : Lacks::kNothing;
}

oplog::RunSignatures signatures_of(const Pack& pack) {
  oplog::RunSignatures out;
  for (const oplog::PackLog& log : pack.logs) out.emplace(log.log, log.signature);
  return out;
}

bool is_left_out(const SliceRequest& request, const LogId& log, Seq seq) {
  const auto found = request.left_out.find(log);
  return found != request.left_out.end() && seq >= found->second;
}

/// How much of a row is left out: of each log all of it, or nothing.
Lacks left_out_of(const LogRow& row, const SliceRequest& request, const merge::LogTable& logs) {
  const auto count = std::count_if(row.parts.begin(), row.parts.end(), [&](const LogPart& part) {
    return is_left_out(request, logs.id_of(part.log), {part.first + part.count - 1});
  });
  if (count == 0) return Lacks::kNothing;
  return static_cast<std::size_t>(count) == row.parts.size() ? Lacks::kAll : Lacks::kSome;
}

/// The part of a stored pack that is asked for, as a pack of its own; empty if that is nothing.
/// What goes is the beginning of each log, so each still ends with a signed change.
Result<Bytes> made_anew(ByteView body, const LogRow& row, const SliceRequest& request,
                        const PackPorts& ports) {
  LANYARD_TRY_SET(const Pack pack, oplog::read_pack(body, ports.cipher, ports.hasher));
  std::vector<Change> kept;
  std::vector<Bytes> sealed;
  sealed.reserve(pack.changes.size());
  std::size_t bytes = 0;
  bool must_leave_out = request.sealed;
  for (std::size_t i = 0; i < pack.changes.size(); ++i) {
    const Change& change = pack.changes[i];
    const oplog::Header& header = change.header;
    const bool was_sent = row.position + i < request.position;
    const bool is_out = is_left_out(request, header.log, header.seq);
    must_leave_out = must_leave_out || is_out;
    if (was_sent || header.seq <= seq_in(request.held, header.log) || is_out) continue;
    bytes += change.payload.size() + limits::kPackEntryBytes * header.context.size();
    kept.push_back(change);
    if (!request.sealed || header.kind != ChangeKind::kSealed || change.form != PayloadForm::kPlain)
      continue;
    Bytes& into = sealed.emplace_back();
    LANYARD_TRY(ports.cipher.seal(header.epoch, header.log, header.seq, change.payload, into));
    kept.back().form = PayloadForm::kSealed;
    kept.back().payload = into;
  }
  if (kept.empty()) return Bytes{};
  // Contexts that name changes of the same pack are short in it, and may be too long without them:
  // then it goes as it is, and who has a part of it passes that over.
  if (bytes > limits::kJoinedBytesMax && !must_leave_out) return to_bytes(body);
  return oplog::write_pack(kept, signatures_of(pack), true);
}

// ---- folding

bool is_small(const LogRow& row) {
  return !row.parts.empty() && row.changes < kSmallChanges && row.body_bytes < kSmallBytes;
}

/// Rows that follow each other and together make at most one pack.
struct Group {
  std::vector<LogRow> rows;
  std::uint64_t changes = 0;
  std::uint64_t bytes = 0;
  bool closed = false;  ///< the row behind it does not fit, or is not small

  [[nodiscard]] bool fits(const LogRow& row) const {
    return changes + row.changes <= limits::kPackChangesMax &&
           bytes + row.body_bytes <= limits::kPackPlainBytesMax;
  }
  void add(const LogRow& row) {
    rows.push_back(row);
    changes += row.changes;
    bytes += row.body_bytes;
  }
  [[nodiscard]] bool is_worth_it() const {
    return rows.size() > 1 && (closed || changes >= kSmallChanges || bytes >= kSmallBytes);
  }
};

/// The first group from `position` on that is worth joining, or what is left at the end.
Result<Group> find_group(LogRows& log, std::uint64_t& position,
                         const std::function<bool(std::uint64_t)>& is_kept) {
  Group group;
  LANYARD_TRY(log.for_each(position, [&](const LogRow& row) -> Result<bool> {
    const bool may_join = is_small(row) && !is_kept(row.position);
    if (may_join && group.fits(row)) {
      group.add(row);
      return true;
    }
    group.closed = true;
    if (group.is_worth_it()) return false;
    group = {};
    position = row.position;
    if (may_join) {
      group.add(row);
    } else {
      position += row.changes;
    }
    return true;
  }));
  return group;
}

/// The changes of a group of rows as one pack would hold them. Stops before a row whose contents
/// turn out too large.
struct Joined {
  std::deque<Pack> packs;
  std::vector<Change> changes;
  oplog::RunSignatures signatures;
  std::size_t rows = 0;
  std::size_t plain_bytes = 0;
  std::size_t context_entries = 0;

  bool add(Pack pack) {
    std::size_t entries = 0;
    for (const Change& change : pack.changes) entries += change.header.context.size();
    const std::size_t bytes = pack.payload_bytes();
    if (plain_bytes + bytes > limits::kPackPlainBytesMax ||
        context_entries + entries > limits::kPackContextEntriesMax ||
        plain_bytes + bytes + limits::kPackEntryBytes * (context_entries + entries) >
            limits::kJoinedBytesMax)
      return false;
    plain_bytes += bytes;
    context_entries += entries;
    for (const oplog::PackLog& each : pack.logs) signatures[each.log] = each.signature;
    changes.insert(changes.end(), pack.changes.begin(), pack.changes.end());
    packs.push_back(std::move(pack));
    ++rows;
    return true;
  }
};

}  // namespace

Result<LogSlice> read_slice(LogRows& rows, const merge::LogTable& logs, const SliceRequest& request,
                            const PackPorts& ports, DamagedAt& damaged) {
  LogSlice slice;
  slice.next = request.position;
  slice.at_end = true;
  std::size_t bytes = 0;
  LANYARD_TRY(rows.for_each(request.position, [&](const LogRow& row) -> Result<bool> {
    if (row.parts.empty()) {
      damaged = row.position;
      slice.at_end = false;
      return false;
    }
    const Lacks lacks = what_lacks(row, request.held, logs);
    const Lacks left_out = left_out_of(row, request, logs);
    if (lacks != Lacks::kNothing && left_out != Lacks::kAll) {
      if (!slice.packs.empty() && bytes + row.body_bytes > request.bytes_max) {
        slice.at_end = false;
        return false;
      }
      LANYARD_TRY_SET(Bytes body, rows.readable_body(row.position));
      if (body.empty()) {
        damaged = row.position;
        slice.at_end = false;
        return false;
      }
      const bool as_it_is = lacks == Lacks::kAll && left_out == Lacks::kNothing &&
                            row.position >= request.position && !request.sealed;
      if (!as_it_is) {
        auto anew = made_anew(body, row, request, ports);
        if (!anew && !anew.error().is(Code::kMissingKey)) {
          damaged = row.position;
          slice.at_end = false;
          return false;
        }
        LANYARD_TRY_SET(body, std::move(anew));
      }
      bytes += body.size();
      if (!body.empty()) slice.packs.push_back(std::move(body));
    }
    slice.next = row.position + row.changes;
    return true;
  }));
  return slice;
}

Result<bool> fold_rows(LogRows& rows, const merge::LogTable& logs, FoldPlace& place,
                       const PackPorts& ports, const std::function<bool(std::uint64_t)>& is_kept,
                       DamagedAt& damaged) {
  LANYARD_TRY_SET(const Group group, find_group(rows, place.done, is_kept));
  if (!group.is_worth_it()) {
    place.look_again = rows.end() + std::min(kSmallChanges - group.changes, kChangesBetweenLooks);
    return false;
  }
  Joined joined;
  for (const LogRow& row : group.rows) {
    LANYARD_TRY_SET(const Bytes body, rows.readable_body(row.position));
    auto pack = oplog::read_pack(body, ports.cipher, ports.hasher);
    if (!pack && !pack.error().is(Code::kMissingKey)) {
      damaged = row.position;
      return true;
    }
    if (!pack) return fail(pack.error());
    if (!joined.add(std::move(*pack))) break;
  }
  const std::span<const LogRow> done = std::span(group.rows).first(joined.rows);
  if (done.size() < 2) {
    place.done = group.rows.front().position + group.rows.front().changes;
    return true;
  }
  const std::array<LogRows::NewRow, 1> anew = {
      LogRows::NewRow{oplog::write_pack(joined.changes, joined.signatures, true), joined.changes}};
  LANYARD_TRY(rows.replace(done, anew, logs));
  place.done = done.front().position;
  return true;
}

}  // namespace lanyard::storage
