#pragma once

#include <functional>
#include <map>
#include <span>

#include "replication/merge/log_table.hpp"
#include "replication/oplog/pack.hpp"
#include "storage/sqlite.hpp"

namespace lanyard::storage {

/// Which changes of one log a pack holds.
struct LogPart {
  merge::LogNumber log = 0;
  std::uint64_t first = 0;
  std::uint64_t count = 0;
  friend bool operator==(const LogPart&, const LogPart&) = default;
};

/// A row of lanyard_log without its body.
struct LogRow {
  std::uint64_t position = 0;
  std::uint64_t changes = 0;
  std::uint64_t body_bytes = 0;
  /// Of logs that are known, `changes` in all; empty if nothing in the file says it.
  std::vector<LogPart> parts;
};

/// The parts of changes in their order, by first appearance, and their hashes in that order.
struct LogRowContent {
  std::vector<LogPart> parts;
  Bytes hashes;
};
[[nodiscard]] LogRowContent content_of(std::span<const oplog::Change> changes,
                                       const merge::LogTable& logs);
[[nodiscard]] Bytes encode_parts(const std::vector<LogPart>& parts);
[[nodiscard]] Result<std::vector<LogPart>> decode_parts(ByteView blob);

/// The order of application as it lies in the file: lanyard_log and its index. Writes inside the
/// caller's transaction; after a rollback, load() again.
class LogRows {
 public:
  /// Outlives this.
  explicit LogRows(Database& database) : database_(database) {}
  [[nodiscard]] Status load();

  /// Appends a pack of these changes, whose logs are numbered.
  [[nodiscard]] Status append(ByteView body, std::span<const oplog::Change> changes,
                              const merge::LogTable& logs);
  /// Puts packs in the place of rows that follow each other, which together hold the same changes.
  struct NewRow {
    Bytes body;
    std::span<const oplog::Change> changes;
  };
  [[nodiscard]] Status replace(std::span<const LogRow> rows, std::span<const NewRow> by,
                               const merge::LogTable& logs);
  /// Writes anew what a row says of its body.
  [[nodiscard]] Status label(const LogRow& row, const LogRowContent& content);
  /// Number of changes, which is the next position.
  [[nodiscard]] std::uint64_t end() const { return end_; }

  /// The hash of a held change. kCorrupt if the log does not hold it.
  [[nodiscard]] Result<Hash> hash_of(const merge::LocalDot& dot);
  /// The position of the row that holds a change. kCorrupt if none does.
  [[nodiscard]] Result<std::uint64_t> row_of(const merge::LocalDot& dot);
  /// A change that is numbered, but not appended yet: hash_of() knows it until the next append.
  void note(const merge::LocalDot& dot, const Hash& hash) { noted_[dot] = hash; }

  /// Calls `use` for rows from the one that holds `position` on, in order, until it says false.
  [[nodiscard]] Status for_each(std::uint64_t position,
                                const std::function<Result<bool>(const LogRow&)>& use);
  [[nodiscard]] Result<Bytes> body(std::uint64_t position);
  /// The same, but empty if the file is damaged there: no pack is empty, so it does not read.
  [[nodiscard]] Result<Bytes> readable_body(std::uint64_t position);
  /// The hashes of a row's changes, as LogRowContent has them.
  [[nodiscard]] Result<Bytes> hashes(std::uint64_t position);

 private:
  [[nodiscard]] Result<std::vector<LogPart>> parts_of(const LogRow& row, ByteView label,
                                                      std::uint64_t logs);
  [[nodiscard]] Result<std::vector<LogPart>> parts_by_index(std::uint64_t position);
  [[nodiscard]] Status insert(std::uint64_t position, ByteView body,
                              std::span<const oplog::Change> changes, const merge::LogTable& logs);

  Database& database_;
  std::uint64_t end_ = 0;
  std::map<merge::LocalDot, Hash> noted_;
};

}  // namespace lanyard::storage
