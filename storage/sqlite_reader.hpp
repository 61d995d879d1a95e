#pragma once

#include <functional>

#include "replication/merge/log_table.hpp"
#include "storage/log_rows.hpp"
#include "storage/query_parts.hpp"
#include "storage/record_rows.hpp"
#include "storage/space_reader.hpp"

namespace lanyard::storage {

class SqliteSpaceReader final : public SpaceReader {
 public:
  SqliteSpaceReader(Database database, const Hasher& hasher);

  void take_at_most(const Patience& patience) override {
    database_.limit_time(patience.most);
    database_.give_up_with(patience.is_given_up);
  }
  [[nodiscard]] bool has_moved() const override { return database_.has_moved(); }
  [[nodiscard]] Result<ReadRecord> get(const std::string& collection,
                                       const std::string& key) override;
  [[nodiscard]] Result<RecordPage> query(const RecordQuery& query) override;
  [[nodiscard]] Result<std::uint64_t> count(const RecordQuery& query) override;
  [[nodiscard]] Result<std::vector<ReadConflict>> conflicts(const std::optional<RecordOf>& record,
                                                            std::size_t limit) override;
  [[nodiscard]] Result<std::vector<ReadResolution>> resolutions(
      const std::string& conflict) override;
  [[nodiscard]] Result<std::vector<ReadTrash>> trash(const std::optional<RecordOf>& record,
                                                     std::size_t limit) override;
  [[nodiscard]] Result<std::vector<HiddenValue>> hidden(const HiddenQuestion& question) override;
  [[nodiscard]] Result<std::vector<Dot>> deleting(const std::vector<Dot>& changes,
                                                  const RecordOf& record) override;
  [[nodiscard]] Result<std::vector<std::string>> deleted(const std::string& collection) override;
  [[nodiscard]] Result<std::vector<DeclaredIndex>> indexes() override {
    return read_indexes(database_);
  }
  [[nodiscard]] Result<std::uint64_t> conflict_count() override {
    return count_conflicts(database_);
  }
  [[nodiscard]] Result<VectorClock> applied() override;
  [[nodiscard]] Result<std::map<LogId, DeviceId>> authors() override;
  [[nodiscard]] Result<SpaceNumbers> numbers() override;

 private:
  /// Everything that `read` reads is of one moment.
  [[nodiscard]] Status at_one_moment(const std::function<Status()>& read);
  /// Knows all logs that rows of this moment name.
  [[nodiscard]] Status refresh_logs();
  [[nodiscard]] Result<std::optional<merge::CollectionNumber>> number_of(
      const std::string& collection);
  [[nodiscard]] Result<std::string> name_of(merge::CollectionNumber collection);
  [[nodiscard]] Result<QueryGround> ground_of(const RecordQuery& query,
                                              merge::CollectionNumber number);
  [[nodiscard]] Status check_order(const RecordQuery& query, merge::CollectionNumber number);
  /// With the whole value that orders, if its record still has it.
  [[nodiscard]] Result<std::optional<PageCursor>> cursor_of(const RecordQuery& query,
                                                            merge::CollectionNumber number);
  [[nodiscard]] Status read_page(const RecordQuery& query, merge::CollectionNumber number,
                                 RecordPage& page);
  /// From a row (key, value, dots, ...) of lanyard_records.
  [[nodiscard]] Result<ReadRecord> record_of(const Query& row, const std::string& collection,
                                             merge::CollectionNumber number);
  [[nodiscard]] Result<std::string> version_of(const Dots& dots, std::string_view value,
                                               merge::CollectionNumber number,
                                               std::string_view key);
  [[nodiscard]] Result<std::vector<ReadConflict>> conflicts_of(merge::CollectionNumber number,
                                                               const std::string& key,
                                                               const std::vector<std::string>& of);
  [[nodiscard]] std::string conflict_id(std::string_view collection, std::string_view key,
                                        std::string_view field) const;
  [[nodiscard]] Status count_collections(SpaceNumbers& numbers);
  [[nodiscard]] Result<VectorClock> read_clock();
  [[nodiscard]] Status read_last_writes(SpaceNumbers& numbers);

  Database database_;
  const Hasher& hasher_;
  LogRows log_rows_;
  merge::LogTable logs_;
  std::vector<DeviceId> devices_;  // by log number
};

}  // namespace lanyard::storage
