#pragma once

#include <map>

#include "replication/merge/record_table.hpp"

namespace lanyard::support {

/// Records in maps: what SQLite is to a real store. Never fails.
class MapTable final : public merge::RecordTable {
 public:
  using Name = std::pair<merge::CollectionNumber, std::string>;
  [[nodiscard]] const std::map<Name, merge::Record>& records() const { return records_; }

  Result<std::optional<merge::CollectionNumber>> find_collection(std::string_view name) override;
  Result<merge::CollectionNumber> make_collection(std::string_view name) override;
  merge::CollectionNumber collection_count() const override {
    return static_cast<merge::CollectionNumber>(collections_.size());
  }
  const std::string& collection_name(merge::CollectionNumber collection) const override {
    return collections_.at(collection);
  }
  Status saw_fields(merge::CollectionNumber /*collection*/, const oplog::Op& /*op*/) override {
    return {};
  }

  Result<merge::StoredRecord> load(merge::CollectionNumber collection,
                                   std::string_view key) override;
  Status save(merge::CollectionNumber collection, std::string_view key,
              const merge::StoredRecord& stored) override;
  Result<bool> insert_fresh(merge::CollectionNumber collection, std::string_view key,
                            const merge::LocalDot& dot, Hlc timestamp,
                            const oplog::Op& op) override;
  Result<std::vector<std::string>> keys(merge::CollectionNumber collection,
                                        const std::optional<std::string>& after,
                                        std::size_t limit) override;

  Result<std::optional<Known>> known_chunk(merge::LogNumber log, const Hash& hash,
                                           std::uint64_t index, ByteView bytes) override;
  Result<std::optional<Bytes>> chunk(merge::LogNumber log, const Hash& hash,
                                     std::uint64_t index) override;
  Status put_chunk(merge::LogNumber log, const Hash& hash, std::uint64_t index, ByteView bytes,
                   std::uint64_t unused) override;
  Status count_chunk(merge::LogNumber log, const Hash& hash, std::uint64_t index,
                     std::uint64_t unused) override;

 private:
  using ChunkName = std::tuple<merge::LogNumber, Hash, std::uint64_t>;
  std::vector<std::string> collections_;
  std::map<Name, merge::Record> records_;
  struct Chunk {
    Bytes bytes;
    std::uint64_t unused = 0;
  };
  std::map<ChunkName, Chunk> chunks_;
};

}  // namespace lanyard::support
