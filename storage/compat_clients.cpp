#include <array>

#include "replication/types/limits.hpp"
#include "storage/compat_store.hpp"

/// Who speaks to the compatibility listeners. A client is what it calls itself, so there may be a
/// new one with every request: of those that were not heard of for long nothing is remembered.
namespace lanyard::storage {

Result<std::int64_t> CompatStore::client_number(const std::string& client) {
  {
    Query query(database_,
                "SELECT number, heard = (SELECT max(heard) FROM lanyard_clients)"
                " FROM lanyard_clients WHERE name = ?");
    LANYARD_TRY_SET(const bool found, query.bind(client).next());
    if (found && query.integer(1) != 0) return query.integer(0);
  }
  LANYARD_TRY(Query(database_,
                    "INSERT INTO lanyard_clients (name, heard)"
                    " SELECT ?, coalesce(max(heard), 0) + 1 FROM lanyard_clients WHERE true"
                    " ON CONFLICT (name) DO UPDATE SET heard = excluded.heard")
                  .bind(client)
                  .run());
  LANYARD_TRY(forget_clients());
  Query query(database_, "SELECT number FROM lanyard_clients WHERE name = ?");
  LANYARD_TRY(query.bind(client).next());
  return query.integer(0);
}

Status CompatStore::forget_clients() {
  std::vector<std::int64_t> gone;
  Query oldest(database_,
               "SELECT number FROM lanyard_clients ORDER BY heard DESC LIMIT -1 OFFSET ?");
  oldest.bind(static_cast<std::int64_t>(limits::kCompatClientsMax));
  while (true) {
    LANYARD_TRY_SET(const bool more, oldest.next());
    if (!more) break;
    gone.push_back(oldest.integer(0));
  }
  constexpr std::array kRows{"DELETE FROM lanyard_believed WHERE client = ?",
                             "DELETE FROM lanyard_pulls WHERE client = ?",
                             "DELETE FROM lanyard_state_parts WHERE state IN"
                             " (SELECT number FROM lanyard_states WHERE client = ?)",
                             "DELETE FROM lanyard_states WHERE client = ?",
                             "DELETE FROM lanyard_clients WHERE number = ?"};
  for (const std::int64_t client : gone)
    for (const char* rows : kRows) LANYARD_TRY(Query(database_, rows).bind(client).run());
  return {};
}

}  // namespace lanyard::storage
