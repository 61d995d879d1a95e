#pragma once

#include <string>

struct sqlite3;

/// SQLite writes each page of a commit to the WAL by itself, and a line of 24 bytes before it. To
/// the kernel many small writes cost several times what one large one does, so what a transaction
/// writes there is gathered, and handed over in large pieces: at the latest when the WAL is synced,
/// which is before anybody is told of the commit or can see it (ADR 0034). Codes are SQLite's.
namespace lanyard::storage {

/// The name of a VFS that is as the one named `base` (empty: the system's), but can gather what is
/// written to a WAL; or else `base` itself.
[[nodiscard]] std::string gathering_vfs(const std::string& base);

/// A transaction of the connection has begun. `gathers`: it ends with a sync, and what it writes to
/// the WAL is gathered; nothing but that sync hands over what others are to see.
void begin_wal_writes(sqlite3* connection, bool gathers);
/// It is committed: nothing is gathered any more, and nothing is left that the sync has not handed
/// over.
[[nodiscard]] int end_wal_writes(sqlite3* connection);
/// It is about to be rolled back: what was gathered is dropped.
void drop_wal_writes(sqlite3* connection);

}  // namespace lanyard::storage
