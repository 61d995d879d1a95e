#include "storage/sqlite_header.hpp"

#include <sqlite3.h>

#include <memory>
#include <vector>

namespace lanyard::storage {
namespace {

/// How many bytes the file has; 0 where that cannot be found out.
std::size_t length_of_file(sqlite3_file* file) {
  sqlite3_int64 size = 0;
  return file->pMethods->xFileSize(file, &size) == SQLITE_OK && size > 0
             ? static_cast<std::size_t>(size)
             : 0;
}

}  // namespace

std::size_t read_beginning(const std::filesystem::path& file, std::span<char> into) {
  sqlite3_vfs* const vfs = sqlite3_vfs_find(nullptr);
  if (vfs == nullptr) return 0;
  // SQLite wants a name with nothing behind it, which it looks for there.
  const std::unique_ptr<const char, void (*)(const char*)> name(
      sqlite3_create_filename(file.c_str(), "", "", 0, nullptr), sqlite3_free_filename);
  std::vector<std::max_align_t> memory(
      static_cast<std::size_t>(vfs->szOsFile) / sizeof(std::max_align_t) + 1);
  auto* const opened = reinterpret_cast<sqlite3_file*>(memory.data());
  const int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_MAIN_DB;
  if (name == nullptr || vfs->xOpen(vfs, name.get(), opened, flags, nullptr) != SQLITE_OK) return 0;
  std::size_t size = std::min(into.size(), length_of_file(opened));
  if (opened->pMethods->xRead(opened, into.data(), static_cast<int>(size), 0) != SQLITE_OK)
    size = 0;
  opened->pMethods->xClose(opened);
  return size;
}

}  // namespace lanyard::storage
