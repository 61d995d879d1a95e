#pragma once

#include <map>
#include <set>
#include <tuple>

#include "storage/log_care.hpp"
#include "storage/space_tables.hpp"

namespace lanyard::storage {

/// Whether the file has parts of values from before it was counted how often each may be used.
[[nodiscard]] Result<bool> has_uncounted_chunks(Database& database);
/// The last damaged row of the log was put right, inside the caller's transaction: if rows were
/// passed over when the parts were counted, all are to be counted again.
[[nodiscard]] Status count_chunks_again(Database& database);

/// The parts as counting finds them, a row of the log at a time, over what stands in the file. In
/// memory until write(): SQLite commits nothing once it came upon a damaged page.
class CountedChunks final : public merge::ChunkTable {
 public:
  /// Outlives this.
  explicit CountedChunks(merge::ChunkTable& stored) : stored_(stored) {}

  [[nodiscard]] Result<std::optional<Known>> known_chunk(merge::LogNumber log, const Hash& hash,
                                                         std::uint64_t index,
                                                         ByteView bytes) override;
  [[nodiscard]] Result<std::optional<Bytes>> chunk(merge::LogNumber log, const Hash& hash,
                                                   std::uint64_t index) override;
  [[nodiscard]] Status put_chunk(merge::LogNumber log, const Hash& hash, std::uint64_t index,
                                 ByteView bytes, std::uint64_t unused) override;
  [[nodiscard]] Status count_chunk(merge::LogNumber log, const Hash& hash, std::uint64_t index,
                                   std::uint64_t unused) override;

  /// Since the last keep_row() or drop_row() bytes came that are not those in the file: of a log
  /// that has sent two parts under one name, or of a row that rotted.
  [[nodiscard]] bool has_other_bytes() const { return has_other_bytes_; }
  void keep_row();
  void drop_row();
  /// Memory that waits for write(), about.
  [[nodiscard]] std::size_t kept_bytes() const { return kept_bytes_; }
  /// What was kept, into the file; inside the caller's transaction.
  [[nodiscard]] Status write();

 private:
  using Name = std::tuple<merge::LogNumber, Hash, std::uint64_t>;
  struct Part {
    std::uint64_t unused = 0;
    std::optional<Bytes> bytes;  ///< other ones than those in the file
  };
  [[nodiscard]] const Part* find(const Name& name) const;

  merge::ChunkTable& stored_;
  std::map<Name, Part> kept_;
  std::map<Name, Part> row_;
  std::size_t kept_bytes_ = 0;
  bool has_other_bytes_ = false;
};

/// Counts how often each part was sent and not used yet, as a store does that merges the same
/// changes today, a piece of the log at a time: what was counted stands in the file with the place
/// that was reached, and the next opening goes on from there.
///
///   load(); while (!is_over()) { count_some(); write() in a transaction }
///
/// A piece is bounded in what it reads, in what that is once it is unpacked, and in what waits to
/// be written.
///
/// Of rows that are damaged nobody can say what they sent and used. Their authors' parts may be
/// used as often as the rows had room to send them, so that nothing honest is without its effect
/// here, and all is counted again when the last of them is put right. kCorrupt where the table of
/// the parts is damaged itself.
class ChunkCounter {
 public:
  /// All outlive this.
  ChunkCounter(Database& database, SpaceTables& tables, LogCare& care, const PackPorts& ports)
      : database_(database),
        tables_(tables),
        care_(care),
        ports_(ports),
        chunks_(tables.records()) {}

  [[nodiscard]] Status load();
  [[nodiscard]] bool is_over() const { return !next_; }
  /// In no transaction, as LogCare wants it.
  [[nodiscard]] Status count_some();
  [[nodiscard]] Status write();

  /// False: some change that had an effect here when it was merged would have none today, which is
  /// the work of a member who names again what it sent once.
  [[nodiscard]] bool is_as_merged() const { return is_as_merged_; }
  [[nodiscard]] std::uint64_t passed_over() const { return passed_over_; }
  /// Memory that waits for write(), about.
  [[nodiscard]] std::size_t kept_bytes() const { return chunks_.kept_bytes(); }

 private:
  [[nodiscard]] static bool may_be_in(const LogRow& row, merge::LogNumber log);
  [[nodiscard]] bool concerns(const LogRow& row) const;
  [[nodiscard]] bool is_piece_full() const;
  [[nodiscard]] Result<std::vector<LogRow>> next_rows();
  [[nodiscard]] Status take(const LogRow& row);
  [[nodiscard]] Result<bool> take_changes(const LogRow& row, bool& is_other);
  [[nodiscard]] Result<bool> take(const oplog::Change& change);
  void pass_over(const LogRow& row);
  [[nodiscard]] Status let_be_used(merge::LogNumber log);

  Database& database_;
  SpaceTables& tables_;
  LogCare& care_;
  PackPorts ports_;
  CountedChunks chunks_;
  std::set<merge::LogNumber> logs_;            ///< that have sent parts
  std::optional<std::uint64_t> next_;          ///< position
  std::size_t plain_bytes_ = 0;                ///< of this piece
  std::vector<merge::LogNumber> let_be_used_;  ///< whose row was passed over last, until write()
  std::uint64_t passed_over_ = 0;
  bool is_as_merged_ = true;
};

}  // namespace lanyard::storage
