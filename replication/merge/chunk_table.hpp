#pragma once

#include <optional>

#include "replication/merge/local_dot.hpp"
#include "replication/types/bytes.hpp"
#include "replication/types/ids.hpp"
#include "replication/types/result.hpp"

namespace lanyard::merge {

/// Where a store keeps the parts of values that are too large for one op: by the log that brought
/// them, the hash of the whole value, and their place in it. Parts stay for ever, as what a record
/// was is read from them. Errors are those of the disk.
class ChunkTable {
 public:
  virtual ~ChunkTable() = default;

  struct Known {
    std::uint64_t unused = 0;  ///< how many values it may still be put into
    bool is_same = false;      ///< its bytes are those that were asked about
  };
  [[nodiscard]] virtual Result<std::optional<Known>> known_chunk(LogNumber log, const Hash& hash,
                                                                 std::uint64_t index,
                                                                 ByteView bytes) = 0;
  [[nodiscard]] virtual Result<std::optional<Bytes>> chunk(LogNumber log, const Hash& hash,
                                                           std::uint64_t index) = 0;
  /// Stores a part, in place of an earlier one of the same name: each log has one order, so
  /// everyone ends with the same.
  [[nodiscard]] virtual Status put_chunk(LogNumber log, const Hash& hash, std::uint64_t index,
                                         ByteView bytes, std::uint64_t unused) = 0;
  /// The part is there, and its bytes stay.
  [[nodiscard]] virtual Status count_chunk(LogNumber log, const Hash& hash, std::uint64_t index,
                                           std::uint64_t unused) = 0;
};

}  // namespace lanyard::merge
