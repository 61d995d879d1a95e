#include "storage/mutation_rows.hpp"

namespace lanyard::storage {

Result<std::optional<Written>> MutationRows::find(const merge::Mutation& mutation) {
  Query query(database_, "SELECT content, log, seq FROM lanyard_mutations WHERE id = ?");
  LANYARD_TRY_SET(const bool found, query.bind(mutation.id.view()).next());
  if (!found) return std::nullopt;
  if (query.fixed<merge::MutationContent>(0) != mutation.content)
    return fail(Code::kConflict, "this mutation id was used for another change",
                "Give each change an id of its own, and send it again only as it was.");
  return Written{{query.fixed<LogId>(1), {query.natural(2)}}, {}, true};
}

Status MutationRows::add(const KnownMutation& mutation) {
  // A clock that stepped back does not put it before what was written earlier.
  return Query(database_,
               "INSERT OR IGNORE INTO lanyard_mutations VALUES (?1, ?2, ?3, ?4, ?5,"
               " max(?6, ifnull((SELECT max(at_ms) FROM lanyard_mutations) + 1, ?6)))")
      .bind(mutation.mutation.id.view())
      .bind(mutation.mutation.content.view())
      .bind(mutation.dot.log.view())
      .bind(mutation.dot.seq.value)
      .bind(mutation.ops)
      .bind(mutation.at_ms)
      .run();
}

Result<std::uint64_t> MutationRows::count() {
  LANYARD_TRY_SET(const std::int64_t count,
                  database_.number("SELECT count(*) FROM lanyard_mutations"));
  return static_cast<std::uint64_t>(count);
}

Status MutationRows::forget(std::uint64_t count) {
  return Query(database_,
               "DELETE FROM lanyard_mutations WHERE id IN (SELECT id FROM lanyard_mutations"
               " ORDER BY at_ms LIMIT ?)")
      .bind(count)
      .run();
}

Result<std::vector<KnownMutation>> MutationRows::newest(std::size_t at_most) {
  std::vector<KnownMutation> out;
  LANYARD_TRY_SET(
      const std::int64_t is_there,
      database_.number("SELECT count(*) FROM sqlite_schema WHERE name = 'lanyard_mutations'"));
  if (is_there == 0) return out;
  Query query(database_,
              "SELECT id, content, log, seq, ops, at_ms FROM (SELECT * FROM lanyard_mutations"
              " ORDER BY at_ms DESC LIMIT ?) ORDER BY at_ms");
  query.bind(std::uint64_t{at_most});
  while (true) {
    LANYARD_TRY_SET(const bool more, query.next());
    if (!more) return out;
    KnownMutation& each = out.emplace_back();
    each.mutation = {query.fixed<merge::MutationId>(0), query.fixed<merge::MutationContent>(1)};
    each.dot = {query.fixed<LogId>(2), {query.natural(3)}};
    each.ops = query.natural(4);
    each.at_ms = query.integer(5);
  }
}

}  // namespace lanyard::storage
