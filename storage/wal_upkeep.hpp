#pragma once

#include <chrono>

#include "storage/sqlite.hpp"
#include "storage/wal_copy.hpp"
#include "storage/wal_state.hpp"

namespace lanyard::storage {

/// Keeps the WAL of one open file short (ADR 0018, 0020): a little is copied by the thread that
/// writes, when it has nothing else to do; much by a thread of its own, beside what is written.
class WalUpkeep {
 public:
  /// From now on commits of the database copy nothing by themselves. It outlives this.
  WalUpkeep(Database& database, WalCopy copy, std::uint64_t long_bytes);

  /// After a commit. Takes no longer than the copying of 32 MB.
  void committed();
  /// The same when nothing waits; what failed since the last call, a copy that ran by itself too.
  [[nodiscard]] Status idle();
  /// Before the file is closed because nobody uses it: whether little is left to copy. If not, what
  /// can be copied is copied by and by.
  [[nodiscard]] bool may_close();
  /// Waits for a copy that runs.
  void finish();
  [[nodiscard]] WalState state() const;

 private:
  void take_result(std::optional<Result<WalCopied>> result);
  void copy_now();
  void copy_beside();

  Database& database_;
  WalCopy copy_;
  WalLength length_;
  std::chrono::steady_clock::time_point tried_;
  std::optional<Error> failed_;
  bool was_in_vain_ = false;  ///< copying failed: it is tried again after a while
  bool wants_end_ = false;    ///< much was copied beside; a little that came meanwhile is left
};

}  // namespace lanyard::storage
