#pragma once

#include <filesystem>

#include "storage/migrations.hpp"
#include "storage/sqlite.hpp"

/// Whose file is it, of which version, and how does it get to the newest.
namespace lanyard::storage {

/// A kind of file of ours.
struct FileKind {
  std::int64_t application_id;  ///< SQLite's application_id
  std::span<const Migration> migrations;
  std::string if_damaged = {};  ///< what people can do then
  /// Reads a little of what is asked first: damage shows when the file is opened.
  const char* first_question = "SELECT count(*) FROM sqlite_schema";

  [[nodiscard]] int newest_version() const { return migrations.back().version; }
};

enum class HeaderSays { kOurs, kForeign, kNewer };

/// Reads the first bytes of a file (sqlite.org/fileformat.html, 1.3) before SQLite does, which
/// could leave its own files beside one that we may not touch. An empty file, and one whose tables
/// are still in the WAL, are ours. The WAL may hold a later version: ask again once it is open.
[[nodiscard]] HeaderSays read_header(const std::filesystem::path& file, const FileKind& kind);

/// Copies the file as it is to `<file>.before-update`, durably, in place of what an earlier update
/// left there: who has to go back to the older Lanyard has the file that it knows. Before
/// migrate().
[[nodiscard]] Status copy_before_migration(Database& database, const std::filesystem::path& file);

/// Opens a file of this kind for reading and writing, made where there is none, and brings it to
/// the newest version; one of an older version is copied first. kNewerVersion and kCorrupt: nothing
/// was changed.
[[nodiscard]] Result<Database> open_file_of(const FileKind& kind, const std::filesystem::path& file,
                                            const Database::Options& options);

/// Applies what is missing after version `from`, and notes kind and version. Inside a transaction.
[[nodiscard]] Status migrate(Database& database, const FileKind& kind, std::int64_t from);

}  // namespace lanyard::storage
