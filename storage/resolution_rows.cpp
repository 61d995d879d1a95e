#include "storage/resolution_rows.hpp"

#include "replication/types/limits.hpp"

namespace lanyard::storage {

Status ResolutionRows::note(const LocalChange& change, const Written& written, WallTime wall) {
  if (change.undoes) LANYARD_TRY(remove(*change.undoes));
  constexpr auto kKept = std::chrono::milliseconds(limits::kResolutionKept).count();
  if (!change.settled.empty())
    LANYARD_TRY(Query(database_,
                      "DELETE FROM lanyard_resolutions WHERE at_ms < ? AND number <= (SELECT number"
                      " FROM lanyard_resolutions ORDER BY number DESC LIMIT 1 OFFSET ?)")
                    .bind(wall.ms - kKept)
                    .bind(std::uint64_t{limits::kResolutionsAlwaysKept})
                    .run());
  for (std::size_t at = 0; at < change.settled.size() && at < written.versions.size(); ++at)
    if (!change.settled[at].conflict.empty())
      LANYARD_TRY(add(change.settled[at], written.versions[at], wall));
  return {};
}

Status ResolutionRows::add(const merge::Settled& settled, const std::string& version,
                           WallTime wall) {
  return Query(database_,
               "INSERT INTO lanyard_resolutions (conflict, collection, key, field, siblings,"
               " version, at_ms) VALUES (?, ?, ?, ?, ?, ?, ?)")
      .bind(settled.conflict)
      .bind(settled.collection)
      .bind(settled.key)
      .bind(settled.field)
      .bind(settled.siblings)
      .bind(version)
      .bind(wall.ms)
      .run();
}

Status ResolutionRows::remove(std::int64_t number) {
  LANYARD_TRY(
      Query(database_, "DELETE FROM lanyard_resolutions WHERE number = ?").bind(number).run());
  if (database_.changes() > 0) return {};
  return fail(Code::kNotFound, "the resolution was undone already");
}

}  // namespace lanyard::storage
