#pragma once

#include <chrono>

#include "agent/control/request.hpp"
#include "storage/long_reading.hpp"
#include "storage/vault.hpp"

/// What clients ask for and wish, as both doors take it. Pure.
namespace lanyard::agent {

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
