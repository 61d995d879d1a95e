#include <algorithm>
#include <set>

#include "replication/types/limits.hpp"
#include "storage/log_care.hpp"

/// Rows that are damaged, made again of what a peer has sent (ADR 0021).
namespace lanyard::storage {
namespace {

using oplog::Change;
using oplog::Pack;

/// Packs that are kept until the row is whole that they are for: more than two hold nothing that
/// the others do not, but of rows that were folded in another way there.
constexpr std::size_t kGivenMax = 16;
/// Rows behind a damaged one that are packed anew with it, at the most.
constexpr std::size_t kRowsJoinedMax = 64;

/// Changes in an order of application, and the ends of runs among them.
struct Mended {
  std::vector<Change> changes;
  std::map<std::pair<LogId, Seq>, Signature> signatures;

  void sign(const Pack& pack) {
    std::map<LogId, Seq> last;
    for (const Change& change : pack.changes) {
      last[change.header.log] = change.header.seq;
      if (change.header.kind == oplog::ChangeKind::kOpen)
        signatures[{change.header.log, change.header.seq}] = change.signature;
    }
    for (const oplog::PackLog& log : pack.logs)
      signatures[{log.log, last.at(log.log)}] = log.signature;
  }
};

/// The end of the longest pack that begins here: at it every log's last change is signed.
std::size_t end_of_pack(const Mended& mended, std::size_t from) {
  std::map<LogId, bool> is_signed;
  std::size_t bytes = 0;
  std::size_t entries = 0;
  std::size_t end = from;
  for (std::size_t at = from; at < mended.changes.size(); ++at) {
    const Change& change = mended.changes[at];
    bytes += change.payload.size();
    entries += change.header.context.size();
    if (at - from >= limits::kPackChangesMax || entries > limits::kPackContextEntriesMax ||
        (at > from && (bytes > limits::kPackPlainBytesMax ||
                       bytes + limits::kPackEntryBytes * entries > limits::kJoinedBytesMax)))
      break;
    is_signed[change.header.log] =
        mended.signatures.contains({change.header.log, change.header.seq});
    if (std::all_of(is_signed.begin(), is_signed.end(),
                    [](const auto& each) { return each.second; }))
      end = at + 1;
  }
  return end;
}

/// As packs that can be proven; nothing if some end of a log in them is not signed.
std::vector<LogRows::NewRow> packs_of(const Mended& mended) {
  std::vector<LogRows::NewRow> out;
  for (std::size_t from = 0; from < mended.changes.size();) {
    const std::size_t end = end_of_pack(mended, from);
    if (end == from) return {};
    const auto changes = std::span(mended.changes).subspan(from, end - from);
    oplog::RunSignatures signatures;
    for (const Change& change : changes) {
      const auto found = mended.signatures.find({change.header.log, change.header.seq});
      if (found != mended.signatures.end()) signatures[change.header.log] = found->second;
    }
    out.push_back({oplog::write_pack(changes, signatures, true), changes});
    from = end;
  }
  return out;
}

/// The hash of each change of a row, by its dot, as the row says it.
std::map<std::pair<LogId, Seq>, Hash> hashes_of(const LogRow& row, ByteView hashes,
                                                const merge::LogTable& logs) {
  std::map<std::pair<LogId, Seq>, Hash> out;
  std::size_t at = 0;
  for (const LogPart& part : row.parts) {
    for (std::uint64_t each = 0; each < part.count && at < hashes.size(); ++each) {
      const auto hash = Hash::from(hashes.subspan(at, std::min(Hash::kSize, hashes.size() - at)));
      if (hash) out[{logs.id_of(part.log), {part.first + each}}] = *hash;
      at += Hash::kSize;
    }
  }
  return out;
}

/// The changes of a damaged row, from what was given, in the order in which that was applied there.
/// Nothing if some are missing.
std::vector<Change> changes_of(std::map<std::pair<LogId, Seq>, Hash> wanted,
                               const std::deque<Pack>& given) {
  std::vector<Change> out;
  for (const Pack& pack : given) {
    for (const Change& change : pack.changes) {
      const auto found = wanted.find({change.header.log, change.header.seq});
      if (found == wanted.end() || found->second != change.hash) continue;
      out.push_back(change);
      wanted.erase(found);
    }
  }
  if (!wanted.empty()) out.clear();
  return out;
}

}  // namespace

Status LogCare::mend(ByteView bytes) {
  if (rows_.empty()) return {};
  LANYARD_TRY_SET(Pack pack, oplog::read_pack(bytes, ports_.cipher, ports_.hasher));
  const bool helps = std::any_of(pack.changes.begin(), pack.changes.end(), [&](const Change& each) {
    const auto before = damage_.before.find(each.header.log);
    return before != damage_.before.end() && each.header.seq > before->second.seq;
  });
  if (!helps) return {};
  given_.push_back(std::move(pack));
  if (given_.size() > kGivenMax) given_.pop_front();
  for (const auto& [position, row] : rows_) {
    LANYARD_TRY_SET(const bool is_whole, mend_row(row));
    if (is_whole) mended_.push_back(position);
  }
  return {};
}

/// Puts the row right, if all of it was given. Where the end of a log in it is signed only in a
/// later row, those up to there are packed anew with it.
Result<bool> LogCare::mend_row(const LogRow& row) {
  const merge::LogTable& logs = tables_.merger().logs();
  if (unreadable_.contains(row.position)) return false;
  LANYARD_TRY_SET(const Bytes hashes, tables_.log_rows().hashes(row.position));
  const auto wanted = hashes_of(row, hashes, logs);
  Mended mended{changes_of(wanted, given_), {}};
  if (mended.changes.size() != row.changes || wanted.size() != row.changes) return false;
  for (const Pack& pack : given_) mended.sign(pack);
  std::vector<LogRow> rows;
  LANYARD_TRY(tables_.log_rows().for_each(row.position, [&](const LogRow& each) {
    rows.push_back(each);
    return Result<bool>(rows.size() <= kRowsJoinedMax);
  }));
  std::deque<Pack> packs;
  for (std::size_t count = 1; count <= rows.size(); ++count) {
    if (count > 1) {
      const LogRow& next = rows[count - 1];
      if (is_damaged(next.position)) return false;  // first that one
      LANYARD_TRY_SET(const Bytes body, tables_.log_rows().readable_body(next.position));
      if (body.empty()) came_upon_ = next.position;
      auto pack = oplog::read_pack(body, ports_.cipher, ports_.hasher);
      if (!pack) return false;
      mended.sign(*pack);
      mended.changes.insert(mended.changes.end(), pack->changes.begin(), pack->changes.end());
      packs.push_back(std::move(*pack));
    }
    const std::vector<LogRows::NewRow> made = packs_of(mended);
    if (made.empty()) continue;
    LANYARD_TRY(tables_.log_rows().replace(std::span(rows).first(count), made, logs));
    return true;
  }
  return false;
}

}  // namespace lanyard::storage
