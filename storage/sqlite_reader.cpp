#include "storage/sqlite_reader.hpp"
#include "storage/conflict_fields.hpp"

#include <algorithm>

#include "replication/merge/version_text.hpp"
#include "replication/types/limits.hpp"
#include "storage/json_scan.hpp"
#include "storage/migrations.hpp"
#include "storage/record_key.hpp"
#include "storage/space_name.hpp"

namespace lanyard::storage {

Result<std::unique_ptr<SpaceReader>> SpaceReader::open(const std::filesystem::path& file,
                                                       const SpaceId& space, const Hasher& hasher) {
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored))
    return fail(Code::kNotFound, "there is no file " + file.filename().string());
  LANYARD_TRY_SET(Database database, Database::open(file, Database::Mode::kReadOnly, {}));
  database.limit_time(limits::kReadTimeMax);
  LANYARD_TRY(database.offer_record_functions());
  LANYARD_TRY_SET(const std::int64_t version, database.number("PRAGMA user_version"));
  if (version > schema_version())
    return fail(Code::kNewerVersion, file.filename().string() + " was written by a newer Lanyard",
                "Update Lanyard on this device.");
  if (version == 0) return fail(Code::kNotFound, "the space is not made yet");
  {
    Query query(database, "SELECT space FROM lanyard_space");
    LANYARD_TRY_SET(const bool found, query.next());
    if (!found || query.fixed<SpaceId>(0) != space)
      return fail(Code::kWrongSpace, file.filename().string() + " holds another space");
  }
  database.blame_statements();
  return std::make_unique<SqliteSpaceReader>(std::move(database), hasher);
}

SqliteSpaceReader::SqliteSpaceReader(Database database, const Hasher& hasher)
    : database_(std::move(database)), hasher_(hasher), log_rows_(database_) {}

Status SqliteSpaceReader::at_one_moment(const std::function<Status()>& read) {
  LANYARD_TRY(database_.begin_snapshot());
  Status done = refresh_logs();
  if (done) done = read();
  database_.rollback();
  return done;
}

Status SqliteSpaceReader::refresh_logs() {
  Query query(database_, "SELECT log, device FROM lanyard_logs WHERE number >= ? ORDER BY number");
  query.bind(std::uint64_t{logs_.size()});
  while (true) {
    LANYARD_TRY_SET(const bool more, query.next());
    if (!more) return {};
    logs_.number_of(query.fixed<LogId>(0));
    devices_.push_back(query.fixed<DeviceId>(1));
  }
}

Result<std::optional<merge::CollectionNumber>> SqliteSpaceReader::number_of(
    const std::string& collection) {
  Query query(database_, "SELECT number FROM lanyard_collections WHERE name = ?");
  LANYARD_TRY_SET(const bool found, query.bind(std::string_view(collection)).next());
  if (!found) return std::nullopt;
  return static_cast<merge::CollectionNumber>(query.integer(0));
}

Result<std::string> SqliteSpaceReader::name_of(merge::CollectionNumber collection) {
  Query query(database_, "SELECT name FROM lanyard_collections WHERE number = ?");
  LANYARD_TRY_SET(const bool found, query.bind(collection).next());
  if (!found) return fail(Code::kCorrupt, "a record of no collection");
  return std::string(query.text(0));
}

// ---- one record

Result<std::string> SqliteSpaceReader::version_of(const Dots& dots, std::string_view value,
                                                  merge::CollectionNumber number,
                                                  std::string_view key) {
  merge::Version version;
  if (!dots.is_shown) return merge::to_text(version, logs_);
  const auto add = [&](const merge::LocalDot& dot) { version.edits.push_back(dot); };
  for (const merge::RecordHead& head : dots.heads) {
    if (head.hidden_by.empty()) add(head.dot);
    merge::unite(version.deletes, head.hidden_by);
  }
  std::size_t members = dots.id_left_out ? 1 : 0;
  if (!dots.entries.empty() || dots.has_trash)
    for_each_member(value, [&](std::string_view, std::string_view) { ++members; });
  if (dots.entries.empty() ? value != "{}" || members > 0 : members > dots.entries.size())
    add(dots.base.dot);
  for (const DotsEntry& entry : dots.entries) {
    for (const Stamped& one : entry.values) add(one.dot);
    for (const auto& adds : entry.elements)
      version.edits.insert(version.edits.end(), adds.begin(), adds.end());
  }
  if (dots.has_conflicts) {
    LANYARD_TRY_SET(const auto rows, read_conflicts(database_, number, key));
    // A counter that is not shown waits there without one.
    for (const SideRow& row : rows)
      if (row.dot.seq != 0) add(row.dot);
  }
  if (dots.has_trash) {
    LANYARD_TRY_SET(const auto rows, read_trash(database_, number, key));
    for (const SideRow& row : rows) merge::unite(version.deletes, row.hidden_by);
  }
  std::sort(version.edits.begin(), version.edits.end());
  version.edits.erase(std::unique(version.edits.begin(), version.edits.end()), version.edits.end());
  return merge::to_text(version, logs_);
}

Result<ReadRecord> SqliteSpaceReader::record_of(const Query& row, const std::string& collection,
                                                merge::CollectionNumber number) {
  ReadRecord record{collection, key_text(row, 0), std::string(row.text(1)), {}, {}};
  LANYARD_TRY_SET(const Dots dots, decode_dots(row.blob(2)));
  LANYARD_TRY_SET(record.version, version_of(dots, record.json, number, record.key));
  if (dots.id_left_out) record.json = with_id(record.json, record.key);
  if (dots.is_shown && dots.has_conflicts) {
    LANYARD_TRY_SET(record.conflicts, conflict_fields(database_, number, record.key));
  }
  return record;
}

Result<ReadRecord> SqliteSpaceReader::get(const std::string& collection, const std::string& key) {
  ReadRecord record{collection, key, {}, "0", {}};
  LANYARD_TRY(at_one_moment([&]() -> Status {
    LANYARD_TRY_SET(const auto number, number_of(collection));
    if (!number) return {};
    Query query(database_,
                "SELECT key, value, dots FROM lanyard_records WHERE collection = ? AND key = ?");
    query.bind(*number);
    const RecordKey bound_key(key);
    bound_key.bind_to(query);
    LANYARD_TRY_SET(const bool found, query.next());
    if (!found) return {};
    LANYARD_TRY_SET(record, record_of(query, collection, *number));
    return {};
  }));
  return record;
}

// ---- numbers

Result<VectorClock> SqliteSpaceReader::read_clock() {
  Query query(database_, "SELECT log, seq, hash FROM lanyard_logs");
  VectorClock clock;
  while (true) {
    LANYARD_TRY_SET(const bool more, query.next());
    if (!more) return clock;
    clock[query.fixed<LogId>(0)] = {{query.natural(1)}, query.fixed<Hash>(2)};
  }
}

Status SqliteSpaceReader::read_last_writes(SpaceNumbers& numbers) {
  Query query(database_, "SELECT device, timestamp FROM lanyard_logs");
  while (true) {
    LANYARD_TRY_SET(const bool more, query.next());
    if (!more) return {};
    const auto ms = static_cast<std::int64_t>(Hlc{query.natural(1)}.ms());
    std::int64_t& last = numbers.written_ms[query.fixed<DeviceId>(0)];
    last = std::max(last, ms);
  }
}

Result<VectorClock> SqliteSpaceReader::applied() {
  VectorClock clock;
  LANYARD_TRY(at_one_moment([&]() -> Status {
    LANYARD_TRY_SET(clock, read_clock());
    return {};
  }));
  return clock;
}

Result<std::map<LogId, DeviceId>> SqliteSpaceReader::authors() {
  Query query(database_, "SELECT log, device FROM lanyard_logs");
  std::map<LogId, DeviceId> out;
  while (true) {
    LANYARD_TRY_SET(const bool more, query.next());
    if (!more) return out;
    out.emplace(query.fixed<LogId>(0), query.fixed<DeviceId>(1));
  }
}

Status SqliteSpaceReader::count_collections(SpaceNumbers& numbers) {
  Query query(database_,
              "SELECT c.name, count(*) FROM lanyard_records r JOIN lanyard_collections c ON "
              "c.number = r.collection WHERE r.value IS NOT NULL AND c.name <> ?"
              " GROUP BY c.number ORDER BY c.name");
  query.bind(std::string_view(kSpaceCollection));
  while (true) {
    LANYARD_TRY_SET(const bool more, query.next());
    if (!more) return {};
    numbers.collections.push_back({std::string(query.text(0)), query.natural(1)});
    numbers.records += query.natural(1);
  }
}

Result<SpaceNumbers> SqliteSpaceReader::numbers() {
  SpaceNumbers numbers;
  LANYARD_TRY(at_one_moment([&]() -> Status {
    LANYARD_TRY(count_collections(numbers));
    LANYARD_TRY_SET(numbers.conflicts, conflict_count());
    LANYARD_TRY_SET(numbers.applied, read_clock());
    LANYARD_TRY(read_last_writes(numbers));
    LANYARD_TRY_SET(const std::int64_t forks,
                    database_.number("SELECT count(*) FROM lanyard_forks"));
    numbers.forks = static_cast<std::uint64_t>(forks);
    for (const auto& [log, head] : numbers.applied) numbers.changes += head.seq.value;
    LANYARD_TRY_SET(const std::int64_t pages, database_.number("PRAGMA page_count"));
    LANYARD_TRY_SET(const std::int64_t page, database_.number("PRAGMA page_size"));
    numbers.file_bytes = static_cast<std::uint64_t>(pages * page);
    return {};
  }));
  return numbers;
}

}  // namespace lanyard::storage
