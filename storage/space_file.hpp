#pragma once

#include "replication/ports.hpp"
#include "storage/sqlite.hpp"
#include "storage/store.hpp"

/// Opening the file of one space: is it ours, is it of this version, which incarnation writes.
namespace lanyard::storage {

struct OpenFile {
  std::filesystem::path file;
  SpaceId space;
  bool read_only = false;
  std::size_t cache_kib = 0;
  std::string vfs;
};

struct SpaceFile {
  Database database;
  bool is_new = false;  ///< it was made now
};

/// Opens the file; makes it, with all tables, if it is missing and not to be read only. kNotFound,
/// kNewerVersion (nothing was touched), kWrongSpace, kCorrupt, and what the disk says.
[[nodiscard]] Result<SpaceFile> open_space_file(const OpenFile& what, Rng& rng);

/// A file with all tables and no rows but the one that names the space.
[[nodiscard]] Status make_tables(Database& database, const SpaceId& space, Rng& rng);

[[nodiscard]] Result<StoreId> read_store_id(Database& database);

struct IncarnationRow {
  Incarnation incarnation;
  std::optional<std::uint32_t> log;  ///< its number; nothing before its first change
};
/// Oldest first.
[[nodiscard]] Result<std::vector<IncarnationRow>> read_incarnations(Database& database);
[[nodiscard]] Status add_incarnation(Database& database, Rng& rng);
/// For one that has not written yet: draws its bytes again.
[[nodiscard]] Status renew_incarnation(Database& database, Rng& rng);
/// The present incarnation got its log.
[[nodiscard]] Status set_own_log(Database& database, std::uint32_t log);

}  // namespace lanyard::storage
