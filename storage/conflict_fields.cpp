#include "storage/conflict_fields.hpp"

#include "storage/record_key.hpp"

namespace lanyard::storage {

Result<std::vector<std::string>> conflict_fields(Database& database,
                                                 merge::CollectionNumber collection,
                                                 std::string_view key) {
  Query query(database,
              "SELECT DISTINCT field FROM lanyard_conflicts WHERE collection = ? AND key = ? "
              "ORDER BY field");
  const RecordKey bound_key(key);
  query.bind(collection);
  bound_key.bind_to(query);
  std::vector<std::string> out;
  while (true) {
    LANYARD_TRY_SET(const bool more, query.next());
    if (!more) return out;
    out.emplace_back(query.text(0));
  }
}

}  // namespace lanyard::storage
