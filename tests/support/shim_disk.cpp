#include "tests/support/shim_disk.hpp"

#include <sqlite3.h>

#include <new>

#include "replication/types/check.hpp"

namespace lanyard::support {
namespace {

/// Lies in front of the system's own file object, in memory that SQLite allots.
struct File {
  sqlite3_file base;
  ShimDisk* disk;
  const char* path;  // SQLite keeps it until the file is closed
};
constexpr int kFileBytes = (sizeof(File) + 15) / 16 * 16;

File* ours(sqlite3_file* file) { return reinterpret_cast<File*>(file); }
sqlite3_file* real(sqlite3_file* file) {
  return reinterpret_cast<sqlite3_file*>(reinterpret_cast<char*>(file) + kFileBytes);
}
std::string path_of(sqlite3_file* file) {
  const char* path = ours(file)->path;
  return path == nullptr ? std::string() : path;
}

int on_close(sqlite3_file* file) { return real(file)->pMethods->xClose(real(file)); }
int on_read(sqlite3_file* file, void* into, int size, sqlite3_int64 at) {
  return real(file)->pMethods->xRead(real(file), into, size, at);
}
int on_write(sqlite3_file* file, const void* from, int size, sqlite3_int64 at) {
  if (const int failed = ours(file)->disk->before_write(path_of(file))) return failed;
  return real(file)->pMethods->xWrite(real(file), from, size, at);
}
int on_truncate(sqlite3_file* file, sqlite3_int64 size) {
  return real(file)->pMethods->xTruncate(real(file), size);
}
int on_sync(sqlite3_file* file, int flags) {
  if (const int failed = ours(file)->disk->before_sync(path_of(file))) return failed;
  if (ours(file)->disk->skips_syncs()) return SQLITE_OK;
  return real(file)->pMethods->xSync(real(file), flags);
}
int on_size(sqlite3_file* file, sqlite3_int64* size) {
  return real(file)->pMethods->xFileSize(real(file), size);
}
int on_lock(sqlite3_file* file, int kind) { return real(file)->pMethods->xLock(real(file), kind); }
int on_unlock(sqlite3_file* file, int kind) {
  return real(file)->pMethods->xUnlock(real(file), kind);
}
int on_check_lock(sqlite3_file* file, int* out) {
  return real(file)->pMethods->xCheckReservedLock(real(file), out);
}
int on_control(sqlite3_file* file, int op, void* argument) {
  return real(file)->pMethods->xFileControl(real(file), op, argument);
}
int on_sector(sqlite3_file* file) { return real(file)->pMethods->xSectorSize(real(file)); }
int on_device(sqlite3_file* file) {
  return real(file)->pMethods->xDeviceCharacteristics(real(file));
}
int on_shm_map(sqlite3_file* file, int page, int size, int extend, void volatile** out) {
  return real(file)->pMethods->xShmMap(real(file), page, size, extend, out);
}
int on_shm_lock(sqlite3_file* file, int offset, int count, int flags) {
  return real(file)->pMethods->xShmLock(real(file), offset, count, flags);
}
void on_shm_barrier(sqlite3_file* file) { real(file)->pMethods->xShmBarrier(real(file)); }
int on_shm_unmap(sqlite3_file* file, int remove) {
  return real(file)->pMethods->xShmUnmap(real(file), remove);
}
int on_fetch(sqlite3_file* file, sqlite3_int64 at, int size, void** out) {
  return real(file)->pMethods->xFetch(real(file), at, size, out);
}
int on_unfetch(sqlite3_file* file, sqlite3_int64 at, void* page) {
  return real(file)->pMethods->xUnfetch(real(file), at, page);
}

const sqlite3_io_methods kMethods = {
    3,           on_close,       on_read,       on_write,   on_truncate, on_sync,   on_size,
    on_lock,     on_unlock,      on_check_lock, on_control, on_sector,   on_device, on_shm_map,
    on_shm_lock, on_shm_barrier, on_shm_unmap,  on_fetch,   on_unfetch};

sqlite3_vfs* system_disk() { return sqlite3_vfs_find("unix"); }

int on_open(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* out) {
  const int opened = system_disk()->xOpen(system_disk(), path, real(file), flags, out);
  new (file) File{
      {opened == SQLITE_OK ? &kMethods : nullptr}, static_cast<ShimDisk*>(vfs->pAppData), path};
  return opened;
}

bool ends_with(const std::string& text, const std::string& ending) {
  return text.size() >= ending.size() &&
         text.compare(text.size() - ending.size(), ending.size(), ending) == 0;
}

std::size_t sum_of(const std::map<std::string, std::size_t>& counts, const std::string& ending) {
  std::size_t sum = 0;
  for (const auto& [path, count] : counts) sum += ends_with(path, ending) ? count : 0;
  return sum;
}

}  // namespace

ShimDisk::ShimDisk(std::string name)
    : name_(std::move(name)), vfs_(std::make_unique<sqlite3_vfs>(*system_disk())) {
  vfs_->zName = name_.c_str();
  vfs_->szOsFile = kFileBytes + system_disk()->szOsFile;
  vfs_->pAppData = this;
  vfs_->pNext = nullptr;
  vfs_->xOpen = on_open;
  LANYARD_CHECK(sqlite3_vfs_register(vfs_.get(), 0) == SQLITE_OK, "a disk can be added");
}

ShimDisk::~ShimDisk() { sqlite3_vfs_unregister(vfs_.get()); }

std::size_t ShimDisk::syncs(const std::string& ending) const {
  const std::lock_guard lock(mutex_);
  return sum_of(syncs_, ending);
}

std::size_t ShimDisk::writes(const std::string& ending) const {
  const std::lock_guard lock(mutex_);
  return sum_of(writes_, ending);
}

void ShimDisk::reset() {
  const std::lock_guard lock(mutex_);
  syncs_.clear();
  writes_.clear();
}

void ShimDisk::fail_syncs_of(std::string part) {
  const std::lock_guard lock(mutex_);
  failing_syncs_ = std::move(part);
}

void ShimDisk::fail_writes_of(std::string part) {
  const std::lock_guard lock(mutex_);
  failing_writes_ = std::move(part);
}

int ShimDisk::before_sync(const std::string& path) {
  const std::lock_guard lock(mutex_);
  ++syncs_[path];
  const bool fails = !failing_syncs_.empty() && path.find(failing_syncs_) != std::string::npos;
  return fails ? SQLITE_IOERR_FSYNC : SQLITE_OK;
}

int ShimDisk::before_write(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (full_after_ == 0) return SQLITE_FULL;
  if (full_after_ > 0) --full_after_;
  ++writes_[path];
  const bool fails = !failing_writes_.empty() && path.find(failing_writes_) != std::string::npos;
  return fails ? SQLITE_IOERR_WRITE : SQLITE_OK;
}

}  // namespace lanyard::support
