#include <algorithm>

#include "storage/platform.hpp"

namespace lanyard::storage {
namespace {

SpaceId space_at(const Query& query, int column) {
  return space_id_from_text(query.text(column)).value_or(SpaceId{});
}

Status add_members(Database& database, const std::string& space,
                   const std::vector<DeviceId>& members) {
  for (const DeviceId& member : members) {
    Query insert(database, "INSERT INTO lanyard_space_members VALUES (?, ?)");
    LANYARD_TRY(insert.bind(member.view()).bind(space).run());
  }
  return {};
}

}  // namespace

Result<std::vector<SpaceEntry>> Platform::spaces() {
  std::vector<SpaceEntry> all;
  {
    Query query(database_,
                "SELECT id, name, has_left, created_at, now_part_of, sync_mode, is_archived"
                " FROM spaces"
                // The id of one that is gone still stands for another one.
                " WHERE has_left = 0 OR has_data = 1 OR now_part_of IS NOT NULL ORDER BY id");
    while (true) {
      LANYARD_TRY_SET(const bool more, query.next());
      if (!more) break;
      SpaceEntry& each = all.emplace_back();
      each.id = space_at(query, 0);
      each.name = query.text(1);
      each.left = query.integer(2) != 0;
      if (!query.is_null(4)) each.now_part_of = space_at(query, 4);
      each.created_ms = query.integer(3);
      each.mode = static_cast<SyncMode>(query.integer(5));
      each.archived = query.integer(6) != 0;
    }
  }
  // Both in the order of the ids: one walk over each.
  Query query(database_, "SELECT space, device FROM lanyard_space_members ORDER BY space, device");
  auto at = all.begin();
  while (true) {
    LANYARD_TRY_SET(const bool more, query.next());
    if (!more) return all;
    const SpaceId id = space_at(query, 0);
    while (at != all.end() && at->id < id) ++at;
    if (at == all.end()) return all;
    if (at->id == id) at->members.push_back(query.fixed<DeviceId>(1));
  }
}

Result<std::optional<Platform::Space>> Platform::space(const SpaceId& space) {
  const std::string id = to_text(space);
  Query query(database_,
              "SELECT name, said_name, has_left, has_data, is_dirty, has_failed,"
              " digest, created_at, now_part_of, sync_mode, is_archived"
              " FROM spaces WHERE id = ?");
  LANYARD_TRY_SET(const bool found, query.bind(id).next());
  if (!found) return std::nullopt;
  Space out;
  out.id = space;
  out.name = query.text(0);
  if (!query.is_null(1)) out.said_name = query.text(1);
  out.has_left = query.integer(2) != 0;
  out.has_data = query.integer(3) != 0;
  out.is_dirty = query.integer(4) != 0;
  out.has_failed = query.integer(5) != 0;
  out.digest = query.fixed<Hash>(6);
  out.created_ms = query.integer(7);
  if (!query.is_null(8)) out.now_part_of = space_at(query, 8);
  out.mode = static_cast<SyncMode>(query.integer(9));
  out.is_archived = query.integer(10) != 0;
  return out;
}

Result<bool> Platform::is_name_taken(const std::string& name) {
  return Query(database_, "SELECT 1 FROM spaces WHERE name = ?").bind(name).next();
}

Status Platform::add_space(const Space& space, const std::vector<DeviceId>& members,
                           const std::string& setting) {
  LANYARD_TRY_SET(const auto there, this->space(space.id));
  LANYARD_TRY_SET(const bool taken, is_name_taken(space.name));
  if (there || taken) return fail(Code::kExists, "there is a space of this name or id");
  const std::string id = to_text(space.id);
  return write(Sync::kFull, [&]() -> Status {
    {
      Query insert(
          database_,
          "INSERT INTO spaces (id, created_at, name, said_name, has_left, has_data, digest,"
          " is_dirty, has_failed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0)");
      insert.bind(id).bind(space.created_ms).bind(space.name);
      if (space.said_name) {
        insert.bind(*space.said_name);
      } else {
        insert.bind_null();
      }
      insert.bind(std::int64_t{space.has_left}).bind(std::int64_t{space.has_data});
      LANYARD_TRY(insert.bind(space.digest.view()).bind(std::int64_t{space.is_dirty}).run());
    }
    if (!setting.empty()) LANYARD_TRY(put_setting(setting.c_str(), ""));
    return add_members(database_, id, members);
  });
}

Status Platform::change_space(const SpaceId& space, const SpaceWish& wish) {
  const std::string id = to_text(space);
  return write(Sync::kFull, [&]() -> Status {
    Query name(database_, "UPDATE spaces SET name = ? WHERE id = ?");
    if (wish.name) LANYARD_TRY(name.bind(std::string_view(*wish.name)).bind(id).run());
    Query mode(database_, "UPDATE spaces SET sync_mode = ? WHERE id = ?");
    if (wish.mode) LANYARD_TRY(mode.bind(static_cast<std::int64_t>(*wish.mode)).bind(id).run());
    Query archived(database_, "UPDATE spaces SET is_archived = ? WHERE id = ?");
    if (wish.archived) LANYARD_TRY(archived.bind(std::int64_t{*wish.archived}).bind(id).run());
    return {};
  });
}

Status Platform::set_left(const std::string& space, bool is_removed) {
  // The row stays: whoever still counts us among the members cannot bring the space back.
  LANYARD_TRY(Query(database_, is_removed ? "UPDATE spaces SET has_left = 1, has_data = 0,"
                                            " is_dirty = 0, name = id WHERE id = ?"
                                          : "UPDATE spaces SET has_left = 1 WHERE id = ?")
                  .bind(space)
                  .run());
  if (database_.changes() == 0) return fail(Code::kNotFound, "no such space");
  return {};
}

Status Platform::leave_space(const SpaceId& space, bool is_removed) {
  const std::string id = to_text(space);
  return write(Sync::kFull, [&] { return set_left(id, is_removed); });
}

Result<std::optional<std::uint64_t>> Platform::alone_when_left(const SpaceId& space) {
  const std::string id = to_text(space);
  Query query(database_, "SELECT unconfirmed FROM spaces WHERE id = ? AND is_dirty = 0");
  LANYARD_TRY_SET(const bool is_known, query.bind(id).next());
  if (!is_known) return std::nullopt;
  return query.natural(0);
}

Result<std::vector<SpaceId>> Platform::removed_spaces() {
  return space_ids("SELECT id FROM spaces WHERE has_left = 1 AND has_data = 0");
}

Result<std::map<SpaceId, bool>> Platform::known_spaces() {
  std::map<SpaceId, bool> out;
  Query query(database_, "SELECT id, has_left = 0 AND has_data = 1 FROM spaces");
  while (true) {
    LANYARD_TRY_SET(const bool more, query.next());
    if (!more) return out;
    out.emplace(space_at(query, 0), query.integer(1) != 0);
  }
}

Status Platform::take_place(const std::string& old_id, const std::string& old_name,
                            const std::string& new_id, const std::string& name) {
  LANYARD_TRY(
      Query(database_, "UPDATE spaces SET name = ?, has_left = 1, now_part_of = ? WHERE id = ?")
          .bind(old_name)
          .bind(new_id)
          .bind(old_id)
          .run());
  LANYARD_TRY(
      Query(database_, "UPDATE spaces SET name = ? WHERE id = ?").bind(name).bind(new_id).run());
  LANYARD_TRY(drop_setting((kRenewalSetting + old_id).c_str()));
  return move_rights(old_id, new_id);
}

Status Platform::replace_space(const SpaceId& from, const std::string& old_name, const SpaceId& to,
                               const std::string& name) {
  const std::string old_id = to_text(from);
  const std::string new_id = to_text(to);
  return write(Sync::kFull, [&]() -> Status {
    LANYARD_TRY(take_place(old_id, old_name, new_id, name));
    return Query(database_, "UPDATE lanyard_settings SET value = ? WHERE key = ? AND value = ?")
        .bind(new_id)
        .bind(std::string_view(kHomeSetting))
        .bind(old_id)
        .run();
  });
}

Status Platform::take_back(const SpaceId& space) {
  const std::string id = to_text(space);
  return write(Sync::kFull, [&] {
    return Query(database_, "UPDATE spaces SET has_left = 0, now_part_of = NULL WHERE id = ?")
        .bind(id)
        .run();
  });
}

Status Platform::begin_move(const SpaceId& from, const std::string& old_name, const SpaceId& to) {
  const std::string old_id = to_text(from);
  const std::string new_id = to_text(to);
  return write(Sync::kFull, [&]() -> Status {
    LANYARD_TRY(take_place(old_id, old_name, new_id, kHomeName));
    LANYARD_TRY(put_setting(kHomeSetting, new_id));
    LANYARD_TRY(put_setting(kMovesFromSetting, old_id));
    return drop_setting(kMovesToSetting);
  });
}

Result<std::map<SpaceId, SpaceId>> Platform::parts() {
  std::map<SpaceId, SpaceId> parts;
  Query query(database_, "SELECT id, now_part_of FROM spaces WHERE now_part_of IS NOT NULL");
  while (true) {
    LANYARD_TRY_SET(const bool more, query.next());
    if (!more) return parts;
    parts.emplace(space_at(query, 0), space_at(query, 1));
  }
}

Status Platform::end_move(const SpaceId& from, bool is_removed) {
  const std::string id = to_text(from);
  return write(Sync::kFull, [&]() -> Status {
    if (is_removed) LANYARD_TRY(set_left(id, true));
    return drop_setting(kMovesFromSetting);
  });
}

Status Platform::forget_move() {
  return write(Sync::kFull, [&] { return drop_setting(kMovesToSetting); });
}

Status Platform::mark_dirty(const SpaceId& space) {
  const std::string id = to_text(space);
  return write(Sync::kFull, [&] {
    return Query(database_, "UPDATE spaces SET is_dirty = 1, has_data = 1 WHERE id = ?")
        .bind(id)
        .run();
  });
}

Status Platform::mark_clean(const SpaceId& space, const Hash& digest, const SpaceSums& sums) {
  const std::string id = to_text(space);
  return write(Sync::kNormal, [&]() -> Status {
    LANYARD_TRY(Query(database_, "UPDATE spaces SET is_dirty = 0, digest = ? WHERE id = ?")
                    .bind(digest.view())
                    .bind(id)
                    .run());
    return note_sums(id, sums);
  });
}

Status Platform::mark_failed(const SpaceId& space, bool failed) {
  const std::string id = to_text(space);
  return write(Sync::kFull, [&] {
    return Query(database_, "UPDATE spaces SET has_failed = ? WHERE id = ?")
        .bind(std::int64_t{failed})
        .bind(id)
        .run();
  });
}

Result<std::vector<SpaceId>> Platform::dirty_spaces() {
  return space_ids("SELECT id FROM spaces WHERE is_dirty = 1 ORDER BY id");
}

Result<std::vector<SpaceId>> Platform::space_ids(const char* question) {
  std::vector<SpaceId> all;
  Query query(database_, question);
  while (true) {
    LANYARD_TRY_SET(const bool more, query.next());
    if (!more) return all;
    all.push_back(space_at(query, 0));
  }
}

Status Platform::rename_space(const SpaceId& space, const std::string& name,
                              const std::string& said_name) {
  const std::string id = to_text(space);
  return write(Sync::kNormal, [&] {
    return Query(database_, "UPDATE spaces SET name = ?, said_name = ? WHERE id = ?")
        .bind(name)
        .bind(said_name)
        .bind(id)
        .run();
  });
}

Result<std::vector<DeviceId>> Platform::members_of(const SpaceId& space) {
  std::vector<DeviceId> all;
  const std::string id = to_text(space);
  Query query(database_,
              "SELECT device FROM lanyard_space_members WHERE space = ? ORDER BY device");
  query.bind(id);
  while (true) {
    LANYARD_TRY_SET(const bool more, query.next());
    if (!more) return all;
    all.push_back(query.fixed<DeviceId>(0));
  }
}

Result<bool> Platform::set_members(const SpaceId& space, const std::vector<DeviceId>& members,
                                   const DeviceId& self) {
  LANYARD_TRY_SET(const std::vector<DeviceId> before, members_of(space));
  if (before == members) return false;
  const std::string id = to_text(space);
  std::vector<DeviceId> gone;
  std::vector<DeviceId> fresh;
  std::set_difference(before.begin(), before.end(), members.begin(), members.end(),
                      std::back_inserter(gone));
  std::set_difference(members.begin(), members.end(), before.begin(), before.end(),
                      std::back_inserter(fresh));
  LANYARD_TRY(write(Sync::kNormal, [&]() -> Status {
    for (const DeviceId& member : gone) {
      Query remove(database_, "DELETE FROM lanyard_space_members WHERE device = ? AND space = ?");
      LANYARD_TRY(remove.bind(member.view()).bind(id).run());
    }
    LANYARD_TRY(add_members(database_, id, fresh));
    for (const DeviceId& member : fresh) {
      if (member == self) continue;
      Query known(database_,
                  "INSERT OR IGNORE INTO lanyard_devices VALUES (?, NULL, '', 0, 0, 0, 0)");
      LANYARD_TRY(known.bind(member.view()).run());
    }
    return {};
  }));
  return !fresh.empty();
}

Result<std::vector<Platform::Shared>> Platform::shared(const DeviceId& self, const DeviceId& peer) {
  std::vector<Shared> all;
  Query query(database_,
              "SELECT s.id, s.is_dirty, s.digest, EXISTS (SELECT 1 FROM lanyard_progress p"
              " WHERE p.space = s.id AND p.device = ?2 AND p.missing > 0)"
              " FROM lanyard_space_members theirs"
              " JOIN lanyard_space_members ours ON ours.space = theirs.space AND ours.device = ?1"
              " JOIN spaces s ON s.id = theirs.space"
              " WHERE theirs.device = ?2 AND s.has_left = 0 AND s.is_archived = 0"
              " AND s.sync_mode <> 1 AND NOT EXISTS"
              " (SELECT 1 FROM lanyard_devices WHERE device = ?2 AND forgotten = 1)"
              " ORDER BY theirs.space");
  query.bind(self.view()).bind(peer.view());
  while (true) {
    LANYARD_TRY_SET(const bool more, query.next());
    if (!more) return all;
    all.push_back(
        {space_at(query, 0), query.integer(1) != 0, query.fixed<Hash>(2), query.integer(3) == 0});
  }
}

}  // namespace lanyard::storage
