#include "storage/schema_version.hpp"

#include <array>

#include "storage/files.hpp"
#include "storage/sqlite_header.hpp"

namespace lanyard::storage {
namespace {

constexpr std::size_t kHeaderBytes = 100;
constexpr std::size_t kUserVersionAt = 60;
constexpr std::size_t kApplicationIdAt = 68;

std::int64_t big_endian(const std::array<char, kHeaderBytes>& header, std::size_t at) {
  std::int64_t value = 0;
  for (std::size_t i = 0; i < 4; ++i)
    value = value << 8 | static_cast<std::uint8_t>(header[at + i]);
  return value;
}

tl::unexpected<Error> written_by_newer(const std::filesystem::path& file) {
  return fail(Code::kNewerVersion, file.string() + " was written by a newer Lanyard",
              "Update Lanyard on this device. Nothing was changed.");
}

tl::unexpected<Error> damaged(const FileKind& kind, const std::filesystem::path& file) {
  return fail(Code::kCorrupt, file.string() + " is damaged, or not a file of Lanyard",
              kind.if_damaged);
}

Result<Database> open_newest(const FileKind& kind, const std::filesystem::path& file,
                             const Database::Options& options) {
  LANYARD_TRY_SET(Database database, Database::open(file, Database::Mode::kReadWrite, options));
  LANYARD_TRY_SET(const std::int64_t version, database.number("PRAGMA user_version"));
  const int newest = kind.newest_version();
  if (version > newest) return written_by_newer(file);
  if (version > 0 && version < newest) LANYARD_TRY(copy_before_migration(database, file));
  if (version < newest) {
    LANYARD_TRY(database.begin(Sync::kFull));
    LANYARD_TRY(migrate(database, kind, version));
    LANYARD_TRY(database.commit());
  }
  LANYARD_TRY(database.number(kind.first_question));
  return database;
}

}  // namespace

HeaderSays read_header(const std::filesystem::path& file, const FileKind& kind) {
  std::array<char, kHeaderBytes> header{};
  const std::size_t size = read_beginning(file, header);
  if (size == 0) return HeaderSays::kOurs;  // made, and nothing more
  const bool is_sqlite =
      size == header.size() && std::string_view(header.data(), 15) == "SQLite format 3";
  if (!is_sqlite) return HeaderSays::kForeign;
  const std::int64_t application = big_endian(header, kApplicationIdAt);
  if (application != kind.application_id && application != 0) return HeaderSays::kForeign;
  const bool newer = big_endian(header, kUserVersionAt) > kind.newest_version();
  return newer ? HeaderSays::kNewer : HeaderSays::kOurs;
}

Status copy_before_migration(Database& database, const std::filesystem::path& file) {
  const std::filesystem::path part = beside(file, ".before-update-part");
  LANYARD_TRY(remove_file(part));
  LANYARD_TRY(make_private_file(part));
  LANYARD_TRY(database.execute("VACUUM INTO " + sql_quoted(part.string(), '\'')));
  LANYARD_TRY(sync_file(part));
  LANYARD_TRY(move_file(part, beside(file, ".before-update")));
  return sync_folder(file.parent_path());
}

Status migrate(Database& database, const FileKind& kind, std::int64_t from) {
  for (const Migration& migration : kind.migrations)
    if (migration.version > from) LANYARD_TRY(database.execute(std::string(migration.sql)));
  return database.execute("PRAGMA user_version=" + std::to_string(kind.newest_version()) +
                          ";PRAGMA application_id=" + std::to_string(kind.application_id));
}

Result<Database> open_file_of(const FileKind& kind, const std::filesystem::path& file,
                              const Database::Options& options) {
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) {
    LANYARD_TRY(make_private_file(file));
    LANYARD_TRY(sync_folder(file.parent_path()));
  }
  switch (read_header(file, kind)) {
    case HeaderSays::kOurs: break;
    case HeaderSays::kForeign: return damaged(kind, file);
    case HeaderSays::kNewer: return written_by_newer(file);
  }
  auto database = open_newest(kind, file, options);
  if (!database && database.error().is(Code::kCorrupt)) return damaged(kind, file);
  return database;
}

}  // namespace lanyard::storage
