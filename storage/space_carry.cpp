#include "replication/merge/version_text.hpp"
#include "storage/space_store.hpp"

/// What another space of this device had, written here as changes of our own.
namespace lanyard::storage {
namespace {

Status write_place(Database& database, const CarryPlace& place) {
  Query query(database, "INSERT OR REPLACE INTO lanyard_carried VALUES (?, ?, ?, ?)");
  query.bind(place.from.view()).bind(place.collection);
  place.key ? query.bind(*place.key) : query.bind_null();
  return query.bind(std::int64_t{place.is_over}).run();
}

}  // namespace

Result<CarryPlace> SqliteSpaceStore::carried(const SpaceId& from) {
  CarryPlace place;
  place.from = from;
  Query query(database_, "SELECT collection, key, is_over FROM lanyard_carried WHERE source = ?");
  LANYARD_TRY_SET(const bool found, query.bind(from.view()).next());
  if (!found) return place;
  place.collection = static_cast<std::uint32_t>(query.integer(0));
  if (!query.is_null(1)) place.key = query.text(1);
  place.is_over = query.integer(2) != 0;
  return place;
}

Status SqliteSpaceStore::know_mutations(const std::vector<KnownMutation>& mutations) {
  return in_transaction(Sync::kFull, [&]() -> Status {
    MutationRows rows(database_);
    for (const KnownMutation& each : mutations) LANYARD_TRY(rows.add(each));
    return forget_mutations(rows, mutations.size());
  });
}

Status SqliteSpaceStore::carry_each(const std::vector<merge::NamedRecord>& records,
                                    const merge::HashOf& hash_of, merge::LocalWriter& writer,
                                    WriteOutcome& outcome) {
  for (const merge::NamedRecord& each : records) {
    merge::StoredRecord there;
    LANYARD_TRY_SET(const auto collection, tables_.records().find_collection(each.collection));
    if (collection) {
      LANYARD_TRY_SET(there, tables_.records().load(*collection, each.key));
    }
    const std::string version =
        merge::to_text(merge::read_version(there.record), tables_.merger().logs());
    for (LocalChange& change : merge::carry_over(each, hash_of, there.record, version)) {
      change.is_carried = true;
      LANYARD_TRY_SET(Written written, writer.write(change));
      outcome.answers.emplace_back(std::move(written));
    }
  }
  return {};
}

Result<WriteOutcome> SqliteSpaceStore::carry(const std::vector<merge::NamedRecord>& records,
                                             const merge::HashOf& hash_of, const CarryPlace& place,
                                             WallTime wall) {
  WriteOutcome outcome;
  LANYARD_TRY(write_runs(wall, outcome, [&](merge::LocalWriter& writer) -> Status {
    LANYARD_TRY(carry_each(records, hash_of, writer, outcome));
    return write_place(database_, place);
  }));
  take_touched(outcome.touched);
  refresh_views();
  return outcome;
}

}  // namespace lanyard::storage
