#include "storage/chunk_counts.hpp"

#include "replication/merge/chunk_join.hpp"
#include "storage/log_backwards.hpp"

namespace lanyard::storage {
namespace {

class ChunkCounter {
 public:
  ChunkCounter(Database& database, SpaceTables& tables, const Cipher& cipher, const Hasher& hasher)
      : database_(database), tables_(tables), cipher_(cipher), hasher_(hasher) {}

  Result<bool> run() {
    LANYARD_TRY(read_logs());
    LANYARD_TRY(database_.execute("UPDATE lanyard_chunks SET unused = 0"));
    LANYARD_TRY(tables_.log_rows().for_each(0, [&](const LogRow& row) -> Result<bool> {
      LANYARD_TRY_SET(const Bytes body, tables_.log_rows().readable_body(row.position));
      const auto pack = oplog::read_proven_pack(body);
      if (!pack) return true;
      for (const oplog::Change& change : pack->changes) LANYARD_TRY(take(change));
      return true;
    }));
    return is_as_merged_;
  }

 private:
  Status read_logs() {
    Query query(database_, "SELECT DISTINCT log FROM lanyard_chunks");
    while (true) {
      LANYARD_TRY_SET(const bool more, query.next());
      if (!more) return {};
      logs_.insert(static_cast<merge::LogNumber>(query.natural(0)));
    }
  }

  Status take(const oplog::Change& change) {
    const auto log = tables_.merger().logs().find(change.header.log);
    if (change.header.kind != oplog::ChangeKind::kSealed || !log || !logs_.contains(*log))
      return {};
    Bytes memory;
    const oplog::Opened opened = oplog::open_payload(change, cipher_, memory);
    if (opened.effect != oplog::Effect::kEffective ||
        oplog::effect_of(opened.plain) != oplog::Effect::kEffective)
      return {};
    oplog::OpReader in(opened.plain);
    merge::ChunkJoin join(tables_.records(), hasher_, *log, in.depth_max());
    bool is_whole = true;
    for (oplog::Op op; is_whole && in.next(op);) {
      LANYARD_TRY_SET(is_whole, join.take(op));
    }
    LANYARD_TRY(join.settle(is_whole));
    if (is_whole) return {};
    LANYARD_TRY_SET(const bool had_effect, has_effect(database_, *log, change.header.seq));
    is_as_merged_ = is_as_merged_ && !had_effect;
    return {};
  }

  Database& database_;
  SpaceTables& tables_;
  const Cipher& cipher_;
  const Hasher& hasher_;
  std::set<merge::LogNumber> logs_;
  bool is_as_merged_ = true;
};

}  // namespace

Result<bool> has_uncounted_chunks(Database& database) {
  LANYARD_TRY_SET(
      const std::int64_t uncounted,
      database.number("SELECT EXISTS (SELECT 1 FROM lanyard_chunks WHERE unused IS NULL)"));
  return uncounted != 0;
}

Result<bool> count_chunks(Database& database, SpaceTables& tables, const Cipher& cipher,
                          const Hasher& hasher) {
  return ChunkCounter(database, tables, cipher, hasher).run();
}

}  // namespace lanyard::storage
