#pragma once

#include <chrono>

#include "agent/control/request.hpp"
#include "replication/types/limits.hpp"
#include "storage/space_reader.hpp"
#include "storage/sql_file.hpp"
#include "storage/vault.hpp"

/// What clients ask for and wish, as both doors take it. Pure.
namespace lanyard::agent {

/// {"where", "order", "limit", "cursor"}: which records, in which order; others may stand beside
/// them. `limit_or`: where none is said; `limit_max`: the most that can be.
[[nodiscard]] Result<storage::RecordQuery> read_record_query(
    Params& in, std::int64_t limit_or = 100,
    std::int64_t limit_max = static_cast<std::int64_t>(limits::kPageRows));

struct SqlWish {
  storage::SqlQuestion question;
  std::chrono::milliseconds most{0};
};
/// {"sql", "values": [...], "limit": 1,000 of at most 10,000 rows, "timeLimitMs": 5,000}, to their
/// end.
[[nodiscard]] Result<SqlWish> read_sql(Params& in);

/// {"name", "syncMode", "archived"}, at least one, to their end.
[[nodiscard]] Result<storage::SpaceWish> read_space_wish(Params& in);

}  // namespace lanyard::agent
