#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "replication/merge/chunk_table.hpp"
#include "replication/merge/record.hpp"
#include "replication/oplog/op.hpp"

namespace lanyard::merge {

/// A store's own number for a collection, from 0, in the order in which effective changes first
/// name them.
using CollectionNumber = std::uint32_t;

/// A record as a table gave it. `row` and `marks` are the table's own: give them back unchanged.
struct StoredRecord {
  Record record;  ///< empty if there is none
  std::int64_t row = 0;
  std::uint32_t marks = 0;
  std::size_t shown_bytes = 0;  ///< of the JSON that it shows; 0 where the table does not know
};

/// Where a store keeps records: SQLite in lanyard::storage, maps in the simulator. Everything that
/// merging asks of a disk. Errors are those of the disk; after one, the whole batch is given up.
class RecordTable : public ChunkTable {
 public:
  [[nodiscard]] virtual Result<std::optional<CollectionNumber>> find_collection(
      std::string_view name) = 0;
  /// The collection's number; the next free one if it has none.
  [[nodiscard]] virtual Result<CollectionNumber> make_collection(std::string_view name) = 0;
  [[nodiscard]] virtual CollectionNumber collection_count() const = 0;
  [[nodiscard]] virtual const std::string& collection_name(CollectionNumber collection) const = 0;
  /// An effective op writes to these fields. Called for every op: must cost little.
  [[nodiscard]] virtual Status saw_fields(CollectionNumber collection, const oplog::Op& op) = 0;

  [[nodiscard]] virtual Result<StoredRecord> load(CollectionNumber collection,
                                                  std::string_view key) = 0;
  /// Stores the record, which is not empty.
  [[nodiscard]] virtual Status save(CollectionNumber collection, std::string_view key,
                                    const StoredRecord& stored) = 0;
  /// The fast path of bulk: stores a record that comes from one put or patch without chunked
  /// values. False, and nothing done, if there is one already, or it may not be shown whole.
  [[nodiscard]] virtual Result<bool> insert_fresh(CollectionNumber collection, std::string_view key,
                                                  const LocalDot& dot, Hlc timestamp,
                                                  const oplog::Op& op) = 0;
  /// Up to `limit` keys of records, hidden ones too, in the table's own order, behind `after`.
  [[nodiscard]] virtual Result<std::vector<std::string>> keys(
      CollectionNumber collection, const std::optional<std::string>& after, std::size_t limit) = 0;
};

}  // namespace lanyard::merge
