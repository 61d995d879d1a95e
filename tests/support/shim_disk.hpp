#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>

struct sqlite3_vfs;

namespace lanyard::support {

/// A disk for SQLite that counts syncs and fails on order: an sqlite3_vfs over the system's own.
/// Outlives the connections that were opened with its name.
class ShimDisk {
 public:
  explicit ShimDisk(std::string name);
  ~ShimDisk();
  ShimDisk(const ShimDisk&) = delete;
  ShimDisk& operator=(const ShimDisk&) = delete;

  /// For Options::vfs.
  [[nodiscard]] const std::string& name() const { return name_; }

  /// Syncs of files whose names end so ("-wal", ".db"), since the last reset().
  [[nodiscard]] std::size_t syncs(const std::string& ending) const;
  /// The same of writes.
  [[nodiscard]] std::size_t writes(const std::string& ending) const;
  void reset();

  /// From now on every sync of a file whose path contains this fails with EIO; empty: none does.
  void fail_syncs_of(std::string part);
  /// The same for writes.
  void fail_writes_of(std::string part);
  /// From now on every write fails with ENOSPC.
  void be_full(bool full) { full_after_ = full ? 0 : kNeverFull; }
  /// Once so many writes are done.
  void be_full_after(long writes) { full_after_ = writes; }
  /// From now on syncs are counted and not done: for tests that ask nothing of the disk.
  void skip_syncs() { skips_syncs_ = true; }

  // For the shim itself: what a call on this file is to answer, 0 for "go on".
  [[nodiscard]] int before_sync(const std::string& path);
  [[nodiscard]] bool skips_syncs() const { return skips_syncs_; }
  [[nodiscard]] int before_write(const std::string& path);

 private:
  std::string name_;
  std::unique_ptr<sqlite3_vfs> vfs_;
  mutable std::mutex mutex_;
  std::map<std::string, std::size_t> syncs_;
  std::map<std::string, std::size_t> writes_;
  std::string failing_syncs_;
  std::string failing_writes_;
  static constexpr long kNeverFull = -1;
  std::atomic<long> full_after_{kNeverFull};  ///< writes
  std::atomic<bool> skips_syncs_{false};
};

}  // namespace lanyard::support
