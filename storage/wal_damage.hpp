#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

namespace lanyard::storage {

/// Commits that stand in a write-ahead log and that SQLite does not read, because something before
/// or in them has other bytes than were written. It ends at the first such frame without a word:
/// to it a rotten byte looks like the end of what was written before a power cut.
struct WalDamage {
  std::uint64_t frame = 0;         ///< the first that is no good, from 1; 0: the header
  std::uint64_t commits_lost = 0;  ///< at least 1
};

/// Reads the WAL beside a database (sqlite.org/fileformat.html, 4) that nobody writes to now.
/// Nothing: it is whole, there is none, or it cannot be read. A power cut can leave the same
/// picture of commits that were not synced, or not acknowledged.
[[nodiscard]] std::optional<WalDamage> find_wal_damage(const std::filesystem::path& database);

}  // namespace lanyard::storage
