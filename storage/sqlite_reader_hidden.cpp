#include <algorithm>
#include <map>

#include "replication/oplog/pack.hpp"

#include "storage/log_backwards.hpp"
#include "storage/record_key.hpp"
#include "storage/sqlite_reader.hpp"
#include "storage/varint.hpp"

/// What deletes hide, and what else the same deletes hid.
namespace lanyard::storage {
namespace {

/// Where the changes with these seqs of one log lie: the positions of packs.
Result<std::map<std::uint64_t, std::vector<Dot>>> packs_of(Database& database,
                                                           const merge::LogTable& logs,
                                                           const std::vector<Dot>& changes) {
  std::map<std::uint64_t, std::vector<Dot>> out;
  for (const Dot& change : changes) {
    const auto log = logs.find(change.log);
    if (!log) continue;
    Query query(database,
                "SELECT position FROM lanyard_log_index WHERE log = ? AND first <= ?"
                " ORDER BY first DESC LIMIT 1");
    LANYARD_TRY_SET(const bool found, query.bind(*log).bind(change.seq.value).next());
    if (found) out[query.natural(0)].push_back(change);
  }
  return out;
}

bool deletes_it(const oplog::Change& change, const RecordOf& record) {
  if (change.header.kind != oplog::ChangeKind::kSealed || change.form != oplog::PayloadForm::kPlain)
    return false;
  oplog::OpReader in(change.payload);
  oplog::Op op;
  while (in.next(op))
    if (op.is_delete() && is_about(op, record.collection, record.key)) return true;
  return false;
}

}  // namespace

Result<std::vector<HiddenValue>> SqliteSpaceReader::hidden(const HiddenQuestion& question) {
  std::vector<HiddenValue> out;
  LANYARD_TRY(at_one_moment([&]() -> Status {
    LANYARD_TRY_SET(const auto number, number_of(question.collection));
    if (!number) return {};
    const RecordKey after(question.after);
    std::string sql =
        "SELECT key, value, hidden_by FROM lanyard_trash WHERE collection = ? AND field = ?"
        " AND kind = 0";
    if (question.json) sql += " AND value = ?";
    if (!question.after.empty()) sql += " AND key > ?";
    Query query(database_, sql + " ORDER BY key LIMIT ?");
    query.bind(*number).bind(question.field);
    if (question.json) query.bind(*question.json);
    if (!question.after.empty()) after.bind_to(query);
    query.bind(std::uint64_t{question.limit});
    while (true) {
      LANYARD_TRY_SET(const bool more, query.next());
      if (!more) return {};
      HiddenValue& item = out.emplace_back();
      item.key = key_text(query, 0);
      item.json = query.text(1);
      BlobReader in(query.blob(2));
      item.deleted_by = logs_.global(in.dots());
      LANYARD_TRY(in.finish("deletes of a row in the trash"));
    }
  }));
  return out;
}

Result<std::vector<Dot>> SqliteSpaceReader::deleting(const std::vector<Dot>& changes,
                                                     const RecordOf& record) {
  std::vector<Dot> out;
  LANYARD_TRY(at_one_moment([&]() -> Status {
    LANYARD_TRY_SET(const auto packs, packs_of(database_, logs_, changes));
    for (const auto& [position, wanted] : packs) {
      Query row(database_, "SELECT body FROM lanyard_log WHERE position = ?");
      LANYARD_TRY_SET(const bool found, row.bind(position).next());
      if (!found) continue;
      LANYARD_TRY_SET(const oplog::Pack pack, oplog::read_proven_pack(row.blob(0)));
      for (const oplog::Change& change : pack.changes) {
        const bool is_wanted =
            std::find(wanted.begin(), wanted.end(), change.dot()) != wanted.end();
        if (is_wanted && deletes_it(change, record)) out.push_back(change.dot());
      }
    }
    return {};
  }));
  return out;
}

}  // namespace lanyard::storage
