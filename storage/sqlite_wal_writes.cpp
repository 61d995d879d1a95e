#include "storage/sqlite_wal_writes.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <utility>

#include "replication/types/bytes.hpp"

namespace lanyard::storage {
namespace {

/// Of one write: some thirty pages. A small commit has fewer, and a large one gains little more.
constexpr std::size_t kGatheredMax = std::size_t{128} << 10;

/// How much longer than its contents a WAL is made: as much again, so that those of little used
/// files stay small.
constexpr sqlite3_int64 kAheadMin = sqlite3_int64{32} << 10;
constexpr sqlite3_int64 kAheadMax = sqlite3_int64{256} << 10;

/// Lies in front of the WAL's own file object, in memory that SQLite allots.
struct WalFile {
  sqlite3_file base;
  bool gathers = false;
  bool is_large = false;  ///< this transaction does not fit into what is gathered
  sqlite3_int64 at = 0;   ///< where in the file what was gathered belongs
  Bytes gathered{};
  sqlite3_int64 end = 0;  ///< of what this transaction has written so far
  /// Of the first piece that the disk did not take. The transaction cannot be committed any more,
  /// whatever became of the call in which that was found out.
  int failed = SQLITE_OK;
};
constexpr int kWalFileBytes = (sizeof(WalFile) + 15) / 16 * 16;

WalFile& ours(sqlite3_file* file) { return *reinterpret_cast<WalFile*>(file); }
sqlite3_file* real(sqlite3_file* file) {
  return reinterpret_cast<sqlite3_file*>(reinterpret_cast<char*>(file) + kWalFileBytes);
}

/// Before anything else is done with the file: nobody finds it other than it should be.
int hand_over(sqlite3_file* file) {
  WalFile& wal = ours(file);
  if (wal.gathered.empty()) return SQLITE_OK;
  const int written = real(file)->pMethods->xWrite(real(file), wal.gathered.data(),
                                                   static_cast<int>(wal.gathered.size()), wal.at);
  wal.gathered.clear();
  if (written != SQLITE_OK) wal.failed = written;
  return written;
}

int on_write(sqlite3_file* file, const void* from, int size, sqlite3_int64 at) {
  WalFile& wal = ours(file);
  if (wal.failed != SQLITE_OK) return wal.failed;
  const auto bytes = static_cast<std::size_t>(size);
  const bool follows = at == wal.at + static_cast<sqlite3_int64>(wal.gathered.size());
  const bool fits = wal.gathered.size() + bytes <= kGatheredMax;
  if (!fits) wal.is_large = true;
  if (!follows || !fits) {
    if (const int failed = hand_over(file)) return failed;
  }
  if (!wal.gathers || bytes > kGatheredMax)
    return real(file)->pMethods->xWrite(real(file), from, size, at);
  wal.end = std::max(wal.end, at + size);
  if (wal.gathered.empty()) wal.at = at;
  append(wal.gathered, {static_cast<const std::uint8_t*>(from), bytes});
  return SQLITE_OK;
}

/// A commit leaves nothing gathered: what is here is of no transaction, and others may have written
/// where it belongs.
int on_close(sqlite3_file* file) {
  const int closed = real(file)->pMethods->xClose(real(file));
  ours(file).~WalFile();
  return closed;
}

int on_read(sqlite3_file* file, void* into, int size, sqlite3_int64 at) {
  if (const int failed = hand_over(file)) return failed;
  return real(file)->pMethods->xRead(real(file), into, size, at);
}

int on_truncate(sqlite3_file* file, sqlite3_int64 size) {
  if (const int failed = hand_over(file)) return failed;
  return real(file)->pMethods->xTruncate(real(file), size);
}

/// Makes room for the commits that follow, so that their syncs find a file of the same length with
/// all its blocks, and have nothing of the file system's own to write (ADR 0044). Only once a small
/// commit has used up what there was. Without room for it on the disk everything goes on as it is.
void lengthen(sqlite3_file* file) {
  static constexpr std::array<char, 32 << 10> kZeros{};
  WalFile& wal = ours(file);
  sqlite3_int64 length = 0;
  if (!wal.gathers || wal.is_large || wal.end == 0) return;
  if (real(file)->pMethods->xFileSize(real(file), &length) != SQLITE_OK || length > wal.end) return;
  // Once for a transaction: behind its commit the file may be another writer's.
  const sqlite3_int64 from = std::exchange(wal.end, 0);
  const sqlite3_int64 wanted = from + std::clamp(from, kAheadMin, kAheadMax);
  constexpr int kAtOnce = kZeros.size();
  for (sqlite3_int64 at = from; at < wanted; at += kAtOnce) {
    if (real(file)->pMethods->xWrite(real(file), kZeros.data(), kAtOnce, at) != SQLITE_OK) return;
  }
}

int on_sync(sqlite3_file* file, int flags) {
  if (const int failed = hand_over(file)) return failed;
  if (ours(file).failed != SQLITE_OK) return ours(file).failed;
  lengthen(file);
  return real(file)->pMethods->xSync(real(file), flags);
}

int on_size(sqlite3_file* file, sqlite3_int64* size) {
  if (const int failed = hand_over(file)) return failed;
  return real(file)->pMethods->xFileSize(real(file), size);
}

int on_control(sqlite3_file* file, int op, void* argument) {
  if (const int failed = hand_over(file)) return failed;
  return real(file)->pMethods->xFileControl(real(file), op, argument);
}

// What follows has nothing to do with what the file holds.
int on_lock(sqlite3_file* file, int kind) { return real(file)->pMethods->xLock(real(file), kind); }
int on_unlock(sqlite3_file* file, int kind) {
  return real(file)->pMethods->xUnlock(real(file), kind);
}
int on_check_lock(sqlite3_file* file, int* out) {
  return real(file)->pMethods->xCheckReservedLock(real(file), out);
}
int on_sector(sqlite3_file* file) { return real(file)->pMethods->xSectorSize(real(file)); }
int on_device(sqlite3_file* file) {
  return real(file)->pMethods->xDeviceCharacteristics(real(file));
}

/// Of the first version: shared memory and mapped pages are asked of databases, not of their WALs.
constexpr sqlite3_io_methods kWalMethods = {
    .iVersion = 1,
    .xClose = on_close,
    .xRead = on_read,
    .xWrite = on_write,
    .xTruncate = on_truncate,
    .xSync = on_sync,
    .xFileSize = on_size,
    .xLock = on_lock,
    .xUnlock = on_unlock,
    .xCheckReservedLock = on_check_lock,
    .xFileControl = on_control,
    .xSectorSize = on_sector,
    .xDeviceCharacteristics = on_device,
    .xShmMap = nullptr,
    .xShmLock = nullptr,
    .xShmBarrier = nullptr,
    .xShmUnmap = nullptr,
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

/// A VFS, and the name of the one that it stands before.
struct Gathering {
  std::string name;
  std::string base;
  sqlite3_vfs vfs{};
};

int on_open(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* out) {
  const auto& gathering = *static_cast<const Gathering*>(vfs->pAppData);
  sqlite3_vfs* const base = sqlite3_vfs_find(gathering.base.c_str());
  if (base == nullptr) return SQLITE_CANTOPEN;
  if ((flags & SQLITE_OPEN_WAL) == 0) return base->xOpen(base, path, file, flags, out);
  file->pMethods = nullptr;
  const int opened = base->xOpen(base, path, real(file), flags, out);
  if (opened == SQLITE_OK) new (file) WalFile{.base = {&kWalMethods}};
  return opened;
}

/// Null before the first reading of the connection has opened its WAL, and for any other VFS.
sqlite3_file* wal_of(sqlite3* connection) {
  sqlite3_file* file = nullptr;
  if (sqlite3_file_control(connection, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file) != SQLITE_OK)
    return nullptr;
  return file != nullptr && file->pMethods == &kWalMethods ? file : nullptr;
}

}  // namespace

std::string gathering_vfs(const std::string& base) {
  static std::mutex mutex;
  static std::map<std::string, std::unique_ptr<Gathering>> made;  // SQLite keeps their addresses
  sqlite3_vfs* const real = sqlite3_vfs_find(base.empty() ? nullptr : base.c_str());
  if (real == nullptr) return base;
  const std::lock_guard lock(mutex);
  std::unique_ptr<Gathering>& gathering = made[real->zName];
  if (gathering) return gathering->name;
  gathering = std::make_unique<Gathering>();
  gathering->base = real->zName;
  gathering->name = "lanyard-" + gathering->base;
  gathering->vfs = *real;
  gathering->vfs.zName = gathering->name.c_str();
  gathering->vfs.szOsFile = kWalFileBytes + real->szOsFile;
  gathering->vfs.pNext = nullptr;
  gathering->vfs.pAppData = gathering.get();
  gathering->vfs.xOpen = on_open;
  if (sqlite3_vfs_register(&gathering->vfs, 0) == SQLITE_OK) return gathering->name;
  made.erase(gathering->base);
  return base;
}

void begin_wal_writes(sqlite3* connection, bool gathers) {
  sqlite3_file* const file = wal_of(connection);
  if (file == nullptr) return;
  WalFile& wal = ours(file);
  wal.failed = SQLITE_OK;
  wal.is_large = false;
  wal.end = 0;
  // Elsewhere SQLite fills up the sector, a part of it behind the sync.
  const int device = real(file)->pMethods->xDeviceCharacteristics(real(file));
  wal.gathers = gathers && (device & SQLITE_IOCAP_POWERSAFE_OVERWRITE) != 0;
  if (wal.gathers) wal.gathered.reserve(kGatheredMax);  // takes memory as far as it is filled
}

int end_wal_writes(sqlite3* connection) {
  sqlite3_file* const file = wal_of(connection);
  if (file == nullptr) return SQLITE_OK;
  ours(file).gathers = false;
  return hand_over(file);
}

void drop_wal_writes(sqlite3* connection) {
  sqlite3_file* const file = wal_of(connection);
  if (file == nullptr) return;
  ours(file).gathers = false;
  ours(file).gathered.clear();
}

}  // namespace lanyard::storage
