// What spaces add to the sums of a status, while their files are closed.
#include "storage/clock_blob.hpp"
#include "storage/platform.hpp"

namespace lanyard::storage {
namespace {

/// What one other member is known to hold.
struct Known {
  DeviceId device;
  VectorClock clock;
  bool is_forgotten = false;
};

/// `shown`: what changes show; nothing: as it was written down when the space was closed.
Result<std::vector<Known>> known_of(Database& database, const std::string& space,
                                    const DeviceId& self, const merge::AuthorClocks* shown) {
  std::vector<Known> all;
  Query query(database,
              "SELECT m.device, p.clock, p.shown, ifnull(d.forgotten, 0)"
              " FROM lanyard_space_members m LEFT JOIN lanyard_progress p"
              " ON p.device = m.device AND p.space = m.space"
              " LEFT JOIN lanyard_devices d ON d.device = m.device"
              " WHERE m.space = ?1 AND m.device <> ?2");
  query.bind(space).bind(self.view());
  while (true) {
    LANYARD_TRY_SET(const bool more, query.next());
    if (!more) return all;
    Known& known = all.emplace_back(Known{query.fixed<DeviceId>(0), {}, query.integer(3) != 0});
    if (!query.is_null(1)) {
      LANYARD_TRY_SET(known.clock, decode_clock(query.blob(1)));
    }
    if (shown == nullptr && !query.is_null(2)) {
      LANYARD_TRY_SET(const VectorClock written, decode_clock(query.blob(2)));
      raise(known.clock, written);
    } else if (shown != nullptr && shown->contains(known.device)) {
      raise(known.clock, shown->at(known.device));
    }
  }
}

void count(const VectorClock& applied, const std::vector<Known>& all, SpaceCounts& counts) {
  VectorClock elsewhere;
  for (const Known& known : all) {
    if (known.is_forgotten) continue;
    raise(elsewhere, known.clock);
    const std::uint64_t missing = missing_count(applied, known.clock);
    if (missing > 0) counts.missing[known.device] = missing;
  }
  counts.unconfirmed = missing_count(applied, elsewhere);
}

Status write_counts(Database& database, const std::string& space, const std::vector<Known>& all,
                    const SpaceCounts& counts) {
  for (const Known& known : all) {
    const auto missing = counts.missing.find(known.device);
    Query row(database,
              "UPDATE lanyard_progress SET missing = ?1 WHERE device = ?2 AND space = ?3"
              " AND missing <> ?1");
    LANYARD_TRY(row.bind(missing == counts.missing.end() ? std::uint64_t{0} : missing->second)
                    .bind(known.device.view())
                    .bind(space)
                    .run());
  }
  return Query(database, "UPDATE spaces SET unconfirmed = ?1 WHERE id = ?2 AND unconfirmed <> ?1")
      .bind(counts.unconfirmed)
      .bind(space)
      .run();
}

}  // namespace

Status Platform::count_again(const std::string& space) {
  VectorClock applied;
  {
    Query query(database_, "SELECT applied FROM spaces WHERE id = ? AND applied IS NOT NULL");
    LANYARD_TRY_SET(const bool is_known, query.bind(space).next());
    if (!is_known) return {};
    LANYARD_TRY_SET(applied, decode_clock(query.blob(0)));
  }
  LANYARD_TRY_SET(const auto known, known_of(database_, space, self_, nullptr));
  SpaceCounts counts;
  count(applied, known, counts);
  return write_counts(database_, space, known, counts);
}

Status Platform::note_sums(const std::string& space, const SpaceSums& sums) {
  const Bytes applied = encode_clock(sums.applied);
  LANYARD_TRY(Query(database_,
                    "UPDATE spaces SET applied = ?, conflicts = ?, forks = ?, own_ms = ?"
                    " WHERE id = ?")
                  .bind(ByteView(applied))
                  .bind(sums.conflicts)
                  .bind(sums.forks)
                  .bind(sums.own_ms)
                  .bind(space)
                  .run());
  const Bytes nothing = encode_clock({});
  LANYARD_TRY(Query(database_,
                    "INSERT OR IGNORE INTO lanyard_progress (device, space, clock, at_ms)"
                    " SELECT device, space, ?1, 0 FROM lanyard_space_members"
                    " WHERE space = ?2 AND device <> ?3")
                  .bind(ByteView(nothing))
                  .bind(space)
                  .bind(self_.view())
                  .run());
  for (const auto& [device, clock] : sums.shown) {
    const Bytes shown = encode_clock(clock);
    Query row(database_, "UPDATE lanyard_progress SET shown = ? WHERE device = ? AND space = ?");
    LANYARD_TRY(row.bind(ByteView(shown)).bind(device.view()).bind(space).run());
  }
  return count_again(space);
}

Result<SpaceCounts> Platform::counts_of(const SpaceId& space, const SpaceSums& sums) {
  LANYARD_TRY_SET(const auto known, known_of(database_, to_text(space), self_, &sums.shown));
  SpaceCounts counts;
  counts.conflicts = sums.conflicts;
  counts.forks = sums.forks;
  counts.own_ms = sums.own_ms;
  count(sums.applied, known, counts);
  return counts;
}

Result<std::map<SpaceId, SpaceCounts>> Platform::counts() {
  std::map<SpaceId, SpaceCounts> all;
  {
    Query query(database_,
                "SELECT id, conflicts, forks, own_ms, unconfirmed FROM spaces"
                " WHERE has_left = 0 ORDER BY id");
    while (true) {
      LANYARD_TRY_SET(const bool more, query.next());
      if (!more) break;
      const auto id = space_id_from_text(query.text(0));
      if (!id) continue;
      SpaceCounts& each = all.emplace_hint(all.end(), *id, SpaceCounts{})->second;
      each.conflicts = query.natural(1);
      each.forks = query.natural(2);
      each.own_ms = query.integer(3);
      each.unconfirmed = query.natural(4);
    }
  }
  Query query(database_,
              "SELECT p.space, p.device, p.missing FROM lanyard_progress p"
              " LEFT JOIN lanyard_devices d ON d.device = p.device"
              " WHERE p.missing > 0 AND ifnull(d.forgotten, 0) = 0");
  while (true) {
    LANYARD_TRY_SET(const bool more, query.next());
    if (!more) return all;
    const auto id = space_id_from_text(query.text(0));
    const auto space = id ? all.find(*id) : all.end();
    if (space != all.end()) space->second.missing[query.fixed<DeviceId>(1)] = query.natural(2);
  }
}

/// Who is forgotten does not count as one that holds something.
Status Platform::count_spaces_with(const DeviceId& device) {
  std::vector<std::string> spaces;
  {
    Query query(database_,
                "SELECT m.space FROM lanyard_space_members m JOIN spaces s ON s.id = m.space"
                " WHERE m.device = ? AND s.has_left = 0");
    query.bind(device.view());
    while (true) {
      LANYARD_TRY_SET(const bool more, query.next());
      if (!more) break;
      spaces.emplace_back(query.text(0));
    }
  }
  for (const std::string& space : spaces) LANYARD_TRY(count_again(space));
  return {};
}

Result<std::map<DeviceId, std::int64_t>> Platform::told_ms() {
  std::map<DeviceId, std::int64_t> all;
  Query query(database_, "SELECT device, max(at_ms) FROM lanyard_progress GROUP BY device");
  while (true) {
    LANYARD_TRY_SET(const bool more, query.next());
    if (!more) return all;
    all.emplace(query.fixed<DeviceId>(0), query.integer(1));
  }
}

}  // namespace lanyard::storage
