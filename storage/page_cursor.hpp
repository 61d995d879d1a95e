#pragma once

#include "replication/ports.hpp"
#include "storage/space_reader.hpp"
#include "storage/sql_value.hpp"

/// Where a page of a query ended, as the text that a client brings to get the next one. It is short
/// whatever the records hold.
namespace lanyard::storage {

struct PageCursor {
  SqlValue order;  ///< by which the last record was sorted; null where the order is by key
  std::string key;
  /// `order` is only the beginning of a text, which was this long and had this hash.
  struct Cut {
    std::uint64_t size = 0;
    Hash hash;
  };
  std::optional<Cut> cut;
};

/// What of `order` is kept, so that the cursor fits into a request.
[[nodiscard]] PageCursor cursor_at(SqlValue order, std::string key, const Hasher& hasher);

[[nodiscard]] std::string to_text(const PageCursor& cursor, const RecordQuery& query,
                                  const Hasher& hasher);
/// kUsage for what is no cursor, and for one of another query: another collection, order or where.
[[nodiscard]] Result<PageCursor> cursor_from_text(std::string_view text, const RecordQuery& query,
                                                  const Hasher& hasher);

}  // namespace lanyard::storage
