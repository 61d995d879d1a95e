#include "storage/platform_file.hpp"

#include "storage/files.hpp"
#include "storage/schema_version.hpp"

namespace lanyard::storage {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kCacheKib = 2048;

FileKind platform_kind() { return {0x4C4E5950, platform_migrations()}; }  // "LNYP"

tl::unexpected<Error> newer_platform(const fs::path& file) {
  return fail(Code::kNewerVersion, file.string() + " was written by a newer Lanyard",
              "Update Lanyard on this device. Nothing was changed.");
}

tl::unexpected<Error> damaged_platform(const fs::path& file) {
  return fail(Code::kCorrupt, file.string() + " is damaged, or not a file of Lanyard",
              "Restore it from a backup. Nothing was changed, and the spaces beside it are whole.");
}

Result<Database> open_checked(const fs::path& file, const std::string& vfs) {
  std::error_code ignored;
  if (!fs::exists(file, ignored)) {
    LANYARD_TRY(make_private_file(file));
    LANYARD_TRY(sync_folder(file.parent_path()));
  }
  switch (read_header(file, platform_kind())) {
    case HeaderSays::kOurs: break;
    case HeaderSays::kForeign: return damaged_platform(file);
    case HeaderSays::kNewer: return newer_platform(file);
  }
  Database::Options options;
  options.cache_kib = kCacheKib;
  options.vfs = vfs;
  LANYARD_TRY_SET(Database database, Database::open(file, Database::Mode::kReadWrite, options));
  LANYARD_TRY_SET(const std::int64_t version, database.number("PRAGMA user_version"));
  const int newest = platform_kind().newest_version();
  if (version > newest) return newer_platform(file);
  if (version > 0 && version < newest) LANYARD_TRY(copy_before_migration(database, file));
  if (version < newest) {
    LANYARD_TRY(database.begin(Sync::kFull));
    LANYARD_TRY(migrate(database, platform_kind(), version));
    LANYARD_TRY(database.commit());
  }
  // Damage of the schema shows here and not at the first question.
  LANYARD_TRY(database.number("SELECT count(*) FROM lanyard_settings"));
  return database;
}

}  // namespace

Result<Database> open_platform_file(const fs::path& file, const std::string& vfs) {
  auto database = open_checked(file, vfs);
  if (!database && database.error().is(Code::kCorrupt)) return damaged_platform(file);
  return database;
}

}  // namespace lanyard::storage
