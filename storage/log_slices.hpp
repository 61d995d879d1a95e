#pragma once

#include "storage/log_rows.hpp"
#include "storage/store.hpp"

namespace lanyard::storage {

/// What is needed to open a stored pack again.
struct PackPorts {
  const Cipher& cipher;
  const Hasher& hasher;
};

struct SliceRequest {
  std::uint64_t position = 0;
  const VectorClock& held;
  std::size_t bytes_max = 0;
  bool sealed = false;
  /// What is left out: of each of these logs everything from here on.
  const std::map<LogId, Seq>& left_out;
};

/// Of a part of the log that is read row by row: the row at which that ended, since it cannot be
/// read.
using DamagedAt = std::optional<std::uint64_t>;

/// SpaceStore::read_log().
[[nodiscard]] Result<LogSlice> read_slice(LogRows& rows, const merge::LogTable& logs,
                                          const SliceRequest& request, const PackPorts& ports,
                                          DamagedAt& damaged);

/// SpaceStore::touched_since(), for changes that are few enough to be looked at.
[[nodiscard]] Result<Touched> touched_since(LogRows& rows, const merge::LogTable& logs,
                                            const VectorClock& held, const VectorClock& applied,
                                            const PackPorts& ports);

/// SpaceStore::missed_since().
[[nodiscard]] Result<Missed> missed_since(LogRows& rows, const merge::LogTable& logs,
                                          const MissedRequest& request, const VectorClock& applied,
                                          const PackPorts& ports);

/// How far folding has come: positions of the log.
struct FoldPlace {
  std::uint64_t done = 0;        ///< what lies before it needs no more work
  std::uint64_t look_again = 0;  ///< until the log ends here there is nothing to join
};

/// One piece of SpaceStore::fold(), inside the caller's transaction: joins the first few small rows
/// from `place.done` on that are worth it; false if nothing was found to join. Rows of which
/// `is_kept` says so stay as they are.
[[nodiscard]] Result<bool> fold_rows(LogRows& rows, const merge::LogTable& logs, FoldPlace& place,
                                     const PackPorts& ports,
                                     const std::function<bool(std::uint64_t)>& is_kept,
                                     DamagedAt& damaged);

}  // namespace lanyard::storage
