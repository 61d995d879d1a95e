#pragma once

#include <map>

#include "storage/page_cursor.hpp"
#include "storage/sql_range.hpp"

/// A query over one collection as statements. Each finds its records in the query's order, no
/// record is found by two, and together they find every one: merged, they are the answer. There
/// is more than one where no single index has the order, as with ids: most are keys, of which UUIDs
/// are stored apart from texts, and some are members of their own.
namespace lanyard::storage {

/// What the file has for a query.
struct QueryGround {
  std::int64_t collection = 0;  ///< its number
  bool has_own_ids = false;     ///< the table lanyard_own_ids; files of older versions lack it
  /// The expression of the index by each field that has one.
  std::map<std::string, std::string> indexed;
};

struct QueryPart {
  std::string order;     ///< the value that orders; NULL where that is the key
  std::string order_by;  ///< with its directions
  SqlText rows;          ///< FROM and WHERE, with lanyard_records as r; the first ? is the Where
};

/// `cursor`: whose order is whole, or what there is of it.
[[nodiscard]] std::vector<QueryPart> parts_of(const RecordQuery& query, const QueryGround& ground,
                                              const std::optional<PageCursor>& cursor);

/// The value by which a record is sorted in the query; null where that is its key.
[[nodiscard]] SqlValue order_value(const RecordQuery& query, std::string_view json,
                                   std::string_view key);

}  // namespace lanyard::storage
