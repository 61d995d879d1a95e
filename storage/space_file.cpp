#include "storage/space_file.hpp"

#include "storage/files.hpp"
#include "storage/schema_version.hpp"

namespace lanyard::storage {
namespace {

FileKind space_kind() { return {0x4C4E5944, migrations()}; }  // "LNYD"

tl::unexpected<Error> newer(const std::filesystem::path& file) {
  return fail(Code::kNewerVersion,
              file.filename().string() + " was written by a newer Lanyard. Nothing was changed.",
              "Update Lanyard on this device.");
}

tl::unexpected<Error> not_ours(const std::filesystem::path& file) {
  return fail(Code::kCorrupt, file.filename().string() + " is not a space of Lanyard",
              "Move the file away, or restore it from a backup or a peer.");
}

Status check_header(const std::filesystem::path& file) {
  switch (read_header(file, space_kind())) {
    case HeaderSays::kOurs: return {};
    case HeaderSays::kForeign: return not_ours(file);
    case HeaderSays::kNewer: return newer(file);
  }
  return {};
}

/// The WAL may hold what was committed without a sync before a crash of the process alone: it is
/// there to be read, and a power cut could still take it.
Status sync_what_is_there(const std::filesystem::path& file) {
  const std::filesystem::path wal = beside(file, "-wal");
  std::error_code ignored;
  if (!std::filesystem::exists(wal, ignored)) return {};
  return sync_file(wal);
}

}  // namespace

Status make_tables(Database& database, const SpaceId& space, Rng& rng) {
  LANYARD_TRY(database.begin(Sync::kFull));
  LANYARD_TRY(migrate(database, space_kind(), 0));
  LANYARD_TRY(database.execute("DELETE FROM lanyard_chunk_count"));  // nothing is from before
  StoreId store;
  rng.fill(store.bytes);
  Query query(database, "INSERT INTO lanyard_space (one, space, store) VALUES (1, ?, ?)");
  LANYARD_TRY(query.bind(space.view()).bind(store.view()).run());
  LANYARD_TRY(add_incarnation(database, rng));
  return database.commit();
}

Result<SpaceFile> open_space_file(const OpenFile& what, Rng& rng) {
  std::error_code ignored;
  const bool exists = std::filesystem::exists(what.file, ignored);
  if (!exists && what.read_only)
    return fail(Code::kNotFound, "there is no file " + what.file.filename().string());
  if (!exists) {
    LANYARD_TRY(make_private_file(what.file));
    LANYARD_TRY(sync_folder(what.file.parent_path()));
  }
  LANYARD_TRY(check_header(what.file));
  if (!what.read_only) LANYARD_TRY(sync_what_is_there(what.file));
  const auto mode = what.read_only ? Database::Mode::kReadOnly : Database::Mode::kReadWrite;
  Database::Options options;
  options.cache_kib = what.cache_kib;
  options.vfs = what.vfs;
  LANYARD_TRY_SET(Database database, Database::open(what.file, mode, options));
  LANYARD_TRY_SET(const std::int64_t version, database.number("PRAGMA user_version"));
  if (version > schema_version()) return newer(what.file);
  if (version == 0) {
    if (what.read_only) return fail(Code::kNotFound, "the space is not made yet");
    LANYARD_TRY(make_tables(database, what.space, rng));
  } else if (version < schema_version() && !what.read_only) {
    LANYARD_TRY(database.begin(Sync::kFull));
    LANYARD_TRY(migrate(database, space_kind(), version));
    LANYARD_TRY(database.commit());
  }
  Query query(database, "SELECT space FROM lanyard_space");
  LANYARD_TRY_SET(const bool found, query.next());
  if (!found) return not_ours(what.file);
  if (query.fixed<SpaceId>(0) != what.space)
    return fail(Code::kWrongSpace, what.file.filename().string() + " holds another space");
  return SpaceFile{std::move(database), version == 0};
}

Result<StoreId> read_store_id(Database& database) {
  Query query(database, "SELECT store FROM lanyard_space");
  LANYARD_TRY_SET(const bool found, query.next());
  if (!found) return fail(Code::kCorrupt, "the file does not say which space it holds");
  return query.fixed<StoreId>(0);
}

Result<std::vector<IncarnationRow>> read_incarnations(Database& database) {
  Query query(database, "SELECT incarnation, log FROM lanyard_incarnations ORDER BY turn");
  std::vector<IncarnationRow> out;
  while (true) {
    LANYARD_TRY_SET(const bool more, query.next());
    if (!more) break;
    IncarnationRow& row = out.emplace_back();
    row.incarnation = query.fixed<Incarnation>(0);
    if (!query.is_null(1)) row.log = static_cast<std::uint32_t>(query.integer(1));
  }
  if (out.empty()) return fail(Code::kCorrupt, "the file does not say which incarnation writes");
  return out;
}

Status add_incarnation(Database& database, Rng& rng) {
  Incarnation incarnation;
  rng.fill(incarnation.bytes);
  Query query(database, "INSERT INTO lanyard_incarnations (incarnation, log) VALUES (?, NULL)");
  return query.bind(incarnation.view()).run();
}

Status renew_incarnation(Database& database, Rng& rng) {
  Incarnation incarnation;
  rng.fill(incarnation.bytes);
  Query query(database,
              "UPDATE lanyard_incarnations SET incarnation = ? WHERE turn = (SELECT max(turn) FROM "
              "lanyard_incarnations)");
  return query.bind(incarnation.view()).run();
}

Status set_own_log(Database& database, std::uint32_t log) {
  Query query(database,
              "UPDATE lanyard_incarnations SET log = ? WHERE turn = (SELECT max(turn) FROM "
              "lanyard_incarnations)");
  return query.bind(log).run();
}

}  // namespace lanyard::storage
