#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "replication/oplog/op.hpp"
#include "storage/patience.hpp"
#include "storage/sqlite.hpp"

/// Readings of one space that may take their time: each opens a connection of its own, so that
/// nobody waits for it but who asked. From any thread.
namespace lanyard::storage {

// ---- history

/// What one change did to a record.
struct HistoryOp {
  oplog::OpKind kind{};
  /// JSON: of a put or patch its members, of an unset the list of names, {"field": amount} of an
  /// add, {"field": [element]} of the set ops, null of a delete or clear.
  std::string json;
};
struct HistoryEntry {
  Dot dot;
  DeviceId device;
  std::int64_t time_ms = 0;  ///< by the author's clock, which may be years wrong
  std::vector<HistoryOp> ops;
};
struct HistoryQuestion {
  std::string collection;
  std::string key;
  std::size_t limit = 50;  ///< entries
  std::string cursor;      ///< of the page before; empty: from the newest on
};
struct HistoryPage {
  /// In the opposite order of their application here.
  std::vector<HistoryEntry> entries;
  /// Not empty: there may be more, also where the page holds less than was asked for, because the
  /// patience was at its end.
  std::string cursor;
};
/// The changes of one record that are still in the log, deletes and clears too. Reads the whole log
/// for a record that nothing changed for long. kUsage for a cursor that is none.
[[nodiscard]] Result<HistoryPage> read_history(const std::filesystem::path& file,
                                               const HistoryQuestion& question,
                                               const Patience& patience);

// ---- what was before a conflict

/// A field whose values parted.
struct BaseQuestion {
  std::string collection;
  std::string key;
  std::string field;
  std::vector<Dot> edits;  ///< of all visible values
};
/// The value that all who made those edits had before them.
struct ConflictBase {
  std::string json;
  DeviceId device;
  std::int64_t time_ms = 0;  ///< by the author's clock, which may be years wrong
};
/// The last edit of the field that lies in the past of all these edits, and that none of their
/// clients had not seen. Nothing: the field was not there, was no plain value, or the log does not
/// say. Reads the log as far as it must. kInterrupted where the patience is at its end.
[[nodiscard]] Result<std::optional<ConflictBase>> read_base(const std::filesystem::path& file,
                                                            const BaseQuestion& question,
                                                            const Patience& patience);

}  // namespace lanyard::storage
