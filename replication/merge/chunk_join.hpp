#pragma once

#include <map>
#include <vector>

#include "replication/merge/chunk_table.hpp"
#include "replication/oplog/change.hpp"
#include "replication/oplog/op.hpp"

namespace lanyard::merge {

/// Puts the chunked values of one change together, and counts what it uses up: a part that was sent
/// once goes into one value (ADR 0038). So what a change makes others store is at most what its log
/// sent for it.
///
///   for each op in order: take(op); then settle()
class ChunkJoin {
 public:
  /// References outlive this, and so do the ops that are taken. `depth_max`: of a value.
  ChunkJoin(ChunkTable& table, const Hasher& hasher, LogNumber log, std::size_t depth_max)
      : table_(table), hasher_(hasher), log_(log), depth_max_(depth_max) {}

  /// Notes the part that a chunk op brings; gives the fields of a put or patch that name chunked
  /// values those values, as views into values(). False: one of them is not whole, or all of them
  /// come to more than a change may. No more ops are taken then.
  [[nodiscard]] Result<bool> take(oplog::Op& op);
  /// Writes down what was brought and what was used. Of a change without effect nothing that it
  /// brought counts; what was sent before is used up all the same, as others have looked at it.
  [[nodiscard]] Status settle(bool has_effect);
  /// What was put together, and its size.
  [[nodiscard]] std::vector<Bytes>& values() { return values_; }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  /// One part, as the change has left it so far.
  struct Part {
    bool is_stored = false;
    std::uint64_t stored = 0;         ///< unused, before this change
    std::uint64_t used = 0;           ///< of those
    std::optional<ByteView> brought;  ///< other bytes than those that are stored
    std::uint64_t more = 0;           ///< brought by this change, and not used
    [[nodiscard]] bool use();
  };
  [[nodiscard]] Status bring(const oplog::Op& chunk);
  [[nodiscard]] Result<bool> join(oplog::FieldValue& field);
  [[nodiscard]] Result<Part*> part_of(const Hash& hash, std::uint64_t index);
  [[nodiscard]] Result<std::optional<Bytes>> use(const Hash& hash, std::uint64_t index);

  ChunkTable& table_;
  const Hasher& hasher_;
  LogNumber log_;
  std::size_t depth_max_;
  std::map<std::pair<Hash, std::uint64_t>, Part> parts_;
  std::vector<Bytes> values_;
  std::size_t bytes_ = 0;
};

}  // namespace lanyard::merge
