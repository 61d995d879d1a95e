#include "storage/platform_file.hpp"

#include "storage/schema_version.hpp"

namespace lanyard::storage {
namespace {

constexpr std::size_t kCacheKib = 2048;

FileKind platform_kind() {
  return {0x4C4E5950, platform_migrations(),  // "LNYP"
          "Nothing was changed. Restore it from a backup, or move it away: " +
              std::string(kWithoutPlatform),
          "SELECT count(*) FROM lanyard_settings"};
}

}  // namespace

Result<Database> open_platform_file(const std::filesystem::path& file, const std::string& vfs) {
  Database::Options options;
  options.cache_kib = kCacheKib;
  options.vfs = vfs;
  options.wal_bytes = Database::kShortWalBytes;
  return open_file_of(platform_kind(), file, options);
}

}  // namespace lanyard::storage
