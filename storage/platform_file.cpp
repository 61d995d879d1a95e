#include "storage/platform_file.hpp"

#include <array>
#include <fstream>

#include "storage/files.hpp"
#include "storage/migrations.hpp"

namespace lanyard::storage {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kApplicationId = 0x4C4E5950;  // "LNYP"
constexpr std::size_t kCacheKib = 2048;
// sqlite.org/fileformat.html, 1.3.
constexpr std::size_t kHeaderBytes = 100;
constexpr std::size_t kUserVersionAt = 60;
constexpr std::size_t kApplicationIdAt = 68;

int newest_version() { return platform_migrations().back().version; }

tl::unexpected<Error> newer(const fs::path& file) {
  return fail(Code::kNewerVersion, file.string() + " was written by a newer Lanyard",
              "Update Lanyard on this device. Nothing was changed.");
}

tl::unexpected<Error> not_ours(const fs::path& file) {
  return fail(Code::kCorrupt, file.string() + " is damaged, or not a file of Lanyard",
              "Restore it from a backup. Nothing was changed, and the spaces beside it are whole.");
}

std::int64_t big_endian(const std::array<char, kHeaderBytes>& header, std::size_t at) {
  std::int64_t value = 0;
  for (std::size_t i = 0; i < 4; ++i)
    value = value << 8 | static_cast<std::uint8_t>(header[at + i]);
  return value;
}

/// Reads the first bytes before SQLite does, which would leave its own files beside one that we may
/// not touch. The WAL may hold a later version: asked again once the file is open.
Status check_header(const fs::path& file) {
  std::array<char, kHeaderBytes> header{};
  std::ifstream in(file, std::ios::binary);
  in.read(header.data(), header.size());
  if (in.gcount() == 0) return {};  // made, and nothing more
  const bool is_sqlite = in.gcount() == std::streamsize(header.size()) &&
                         std::string_view(header.data(), 15) == "SQLite format 3";
  if (!is_sqlite) return not_ours(file);
  // Of a file whose tables are still in the WAL, both are 0.
  const std::int64_t application = big_endian(header, kApplicationIdAt);
  if (application != kApplicationId && application != 0) return not_ours(file);
  if (big_endian(header, kUserVersionAt) > newest_version()) return newer(file);
  return {};
}

Status migrate(Database& database, std::int64_t from) {
  LANYARD_TRY(database.begin(Sync::kFull));
  for (const Migration& migration : platform_migrations()) {
    if (migration.version > from) LANYARD_TRY(database.execute(std::string(migration.sql)));
  }
  LANYARD_TRY(database.execute("PRAGMA user_version=" + std::to_string(newest_version()) +
                               ";PRAGMA application_id=" + std::to_string(kApplicationId)));
  return database.commit();
}

Result<Database> open_checked(const fs::path& file, const std::string& vfs) {
  std::error_code ignored;
  if (!fs::exists(file, ignored)) {
    LANYARD_TRY(make_private_file(file));
    LANYARD_TRY(sync_folder(file.parent_path()));
  }
  LANYARD_TRY(check_header(file));
  Database::Options options;
  options.cache_kib = kCacheKib;
  options.vfs = vfs;
  LANYARD_TRY_SET(Database database, Database::open(file, Database::Mode::kReadWrite, options));
  LANYARD_TRY_SET(const std::int64_t version, database.number("PRAGMA user_version"));
  if (version > newest_version()) return newer(file);
  if (version < newest_version()) LANYARD_TRY(migrate(database, version));
  // Damage of the schema shows here and not at the first question.
  LANYARD_TRY(database.number("SELECT count(*) FROM lanyard_settings"));
  return database;
}

}  // namespace

Result<Database> open_platform_file(const fs::path& file, const std::string& vfs) {
  auto database = open_checked(file, vfs);
  if (!database && database.error().is(Code::kCorrupt)) return not_ours(file);
  return database;
}

}  // namespace lanyard::storage
