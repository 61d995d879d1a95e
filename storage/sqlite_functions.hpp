#pragma once

struct sqlite3;

namespace lanyard::storage {

/// What a Where is called when it is bound to a statement.
inline constexpr const char* kWherePointer = "lanyard::storage::Where";

/// Database::offer_record_functions(), as a code of SQLite.
[[nodiscard]] int make_record_functions(sqlite3* handle);

}  // namespace lanyard::storage
