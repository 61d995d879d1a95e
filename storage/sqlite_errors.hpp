#pragma once

#include <string>

#include "replication/types/result.hpp"

namespace lanyard::storage {

/// Which of our codes stands for one of SQLite's, extended or not (sqlite.org/rescode.html).
[[nodiscard]] Code code_of_sqlite(int sqlite_code);
/// Whether it is the statement that is wrong, and not the file or the disk.
[[nodiscard]] bool is_about_sql(int sqlite_code);
/// What to do about it; empty if nobody knows.
[[nodiscard]] std::string fix_for(Code code);

}  // namespace lanyard::storage
