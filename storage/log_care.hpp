#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <set>

#include "storage/log_slices.hpp"
#include "storage/space_tables.hpp"

namespace lanyard::storage {

/// What is damaged in the log of one open file: finding it, sending the rest, and putting it right
/// with what a peer has of it (ADR 0021).
class LogCare {
 public:
  /// All outlive this.
  LogCare(SpaceTables& tables, const PackPorts& ports, const Verifier& verifier)
      : tables_(tables), ports_(ports), verifier_(verifier) {}

  /// Rows that were found damaged before: those that are still. Like check_some() and found() in no
  /// transaction: SQLite commits none in which it came upon a damaged page.
  [[nodiscard]] Status load(const std::vector<std::uint64_t>& rows);

  void begin_check();
  [[nodiscard]] bool is_checking() const { return checking_.has_value(); }
  /// A piece of looking at every row; true if there is more.
  [[nodiscard]] Result<bool> check_some();
  /// Looks at one row, as check_some() does at all.
  [[nodiscard]] Result<bool> is_whole(std::uint64_t position);
  /// This row cannot be read.
  [[nodiscard]] Status found(std::uint64_t position);

  [[nodiscard]] const LogDamage& damage() const { return damage_; }
  /// Rows from here on stay as they are: left_out() is about them.
  [[nodiscard]] bool keeps(std::uint64_t position) const {
    return !rows_.empty() && position >= rows_.begin()->first;
  }
  /// What cannot be sent to one who holds so much, as SliceRequest::left_out has it: what is
  /// damaged, and all that was written by somebody who had it. Nothing for one who has it too.
  [[nodiscard]] Result<std::map<LogId, Seq>> left_out(const VectorClock& held);

  /// SpaceStore::mend_log(), inside the caller's transaction; after that, settle().
  [[nodiscard]] Status mend(ByteView pack);
  /// It has put the last row right that was damaged.
  [[nodiscard]] bool has_mended_all() const {
    return !mended_.empty() && mended_.size() == rows_.size();
  }
  /// The caller's transaction is committed, or undone. True if it had to be undone for a damaged
  /// row that was not known, and is now.
  [[nodiscard]] Result<bool> settle(bool is_committed);

 private:
  enum class RowIs { kWhole, kDamaged, kMislabelled };

  [[nodiscard]] Result<std::optional<LogRow>> row_at(std::uint64_t position);
  [[nodiscard]] Result<RowIs> look_at(const LogRow& row);
  [[nodiscard]] bool is_proven(const oplog::Pack& pack) const;
  [[nodiscard]] Status look_closer(const LogRow& row);
  [[nodiscard]] Status add(const LogRow& row);
  [[nodiscard]] Status count();
  [[nodiscard]] Result<bool> leave_out(const LogRow& row);
  void leave_out(const LogId& log, Seq from);
  [[nodiscard]] bool has_all(const VectorClock& held) const;
  [[nodiscard]] bool is_damaged(std::uint64_t position) const { return rows_.contains(position); }
  [[nodiscard]] bool is_left_out(const LogId& log, Seq seq) const;
  [[nodiscard]] Result<bool> mend_row(const LogRow& row);

  SpaceTables& tables_;
  PackPorts ports_;
  const Verifier& verifier_;
  std::map<std::uint64_t, LogRow> rows_;  ///< damaged, by position
  std::vector<std::uint64_t> mended_;     ///< in the transaction that is open
  std::set<std::uint64_t> unreadable_;    ///< of rows_: by SQLite too, which cannot remove them
  DamagedAt came_upon_;                   ///< in the transaction that is open
  LogDamage damage_;
  std::optional<std::uint64_t> checking_;  ///< the next position
  std::optional<std::chrono::steady_clock::time_point> checked_;
  std::map<LogId, Seq> left_out_;
  std::uint64_t left_out_up_to_ = 0;  ///< rows before this were looked at for it
  std::deque<oplog::Pack> given_;     ///< that hold some of what is damaged, or follow it
};

}  // namespace lanyard::storage
