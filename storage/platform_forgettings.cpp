// What devices say of each other, and who was invited again.
#include "storage/platform.hpp"

namespace lanyard::storage {

Result<std::vector<oplog::Forgetting>> Platform::forgettings() {
  std::vector<oplog::Forgetting> all;
  Query query(database_,
              "SELECT device, author, at_ms, is_forgotten, signature FROM lanyard_forgettings"
              " ORDER BY device, author");
  while (true) {
    LANYARD_TRY_SET(const bool more, query.next());
    if (!more) return all;
    all.push_back({query.fixed<DeviceId>(0), query.fixed<DeviceId>(1), query.integer(2),
                   query.integer(3) != 0, query.fixed<Signature>(4)});
  }
}

Result<bool> Platform::keep_forgettings(const std::vector<oplog::Forgetting>& words) {
  bool has_new = false;
  LANYARD_TRY(write(Sync::kFull, [&]() -> Status {
    for (const oplog::Forgetting& word : words) {
      LANYARD_TRY(Query(database_,
                        "INSERT INTO lanyard_forgettings VALUES (?, ?, ?, ?, ?)"
                        " ON CONFLICT (device, author) DO UPDATE SET at_ms = excluded.at_ms,"
                        " is_forgotten = excluded.is_forgotten, signature = excluded.signature"
                        " WHERE excluded.at_ms > at_ms")
                      .bind(word.device.view())
                      .bind(word.author.view())
                      .bind(word.at_ms)
                      .bind(std::int64_t{word.is_forgotten})
                      .bind(word.signature.view())
                      .run());
      has_new = has_new || database_.changes() > 0;
    }
    return {};
  }));
  return has_new;
}

Status Platform::drop_forgettings_of(const DeviceId& author) {
  return write(Sync::kFull, [&] {
    return Query(database_, "DELETE FROM lanyard_forgettings WHERE author = ?")
        .bind(author.view())
        .run();
  });
}

Result<bool> Platform::set_forgotten(const std::map<DeviceId, bool>& devices) {
  bool has_changed = false;
  LANYARD_TRY(write(Sync::kFull, [&]() -> Status {
    for (const auto& [device, is_forgotten] : devices) {
      Query change(database_,
                   is_forgotten
                       ? "INSERT INTO lanyard_devices VALUES (?, NULL, '', 1, 0, 0, 0)"
                         " ON CONFLICT (device) DO UPDATE SET forgotten = 1 WHERE forgotten = 0"
                       : "UPDATE lanyard_devices SET forgotten = 0"
                         " WHERE device = ? AND forgotten = 1");
      LANYARD_TRY(change.bind(device.view()).run());
      if (database_.changes() == 0) continue;
      has_changed = true;
      LANYARD_TRY(count_spaces_with(device));
    }
    return {};
  }));
  return has_changed;
}

Status Platform::invite(const DeviceId& device, const SpaceId& space) {
  const std::string id = to_text(space);
  return write(Sync::kFull, [&] {
    return Query(database_, "INSERT OR IGNORE INTO lanyard_invitations VALUES (?, ?)")
        .bind(device.view())
        .bind(id)
        .run();
  });
}

Status Platform::invited(const DeviceId& device, const SpaceId& space) {
  const std::string id = to_text(space);
  return write(Sync::kNormal, [&] {
    return Query(database_, "DELETE FROM lanyard_invitations WHERE device = ? AND space = ?")
        .bind(device.view())
        .bind(id)
        .run();
  });
}

Result<std::vector<SpaceId>> Platform::invitations(const DeviceId& device) {
  std::vector<SpaceId> all;
  Query query(database_,
              "SELECT i.space FROM lanyard_invitations i JOIN spaces s ON s.id = i.space"
              " WHERE i.device = ? AND s.has_left = 0 ORDER BY i.space");
  query.bind(device.view());
  while (true) {
    LANYARD_TRY_SET(const bool more, query.next());
    if (!more) return all;
    if (const auto id = space_id_from_text(query.text(0))) all.push_back(*id);
  }
}

Status Platform::rejoin_space(const SpaceId& space) {
  const std::string id = to_text(space);
  return write(Sync::kFull, [&] {
    // What was counted when it was left may be old.
    return Query(database_,
                 "UPDATE spaces SET has_left = 0, is_archived = 0, is_dirty = 1,"
                 " sync_mode = CASE sync_mode WHEN 1 THEN 0 ELSE sync_mode END WHERE id = ?")
        .bind(id)
        .run();
  });
}

Status Platform::rejoin_empty(const SpaceId& space, const std::string& name, const Hash& digest) {
  const std::string id = to_text(space);
  return write(Sync::kFull, [&]() -> Status {
    LANYARD_TRY(drop_setting((kDroppingSetting + id).c_str()));
    return Query(database_,
                 "UPDATE spaces SET has_left = 0, is_archived = 0, sync_mode = 0, is_dirty = 0,"
                 " has_failed = 0, name = ?, said_name = NULL, digest = ?, applied = NULL,"
                 " conflicts = 0, forks = 0, own_ms = 0, unconfirmed = 0 WHERE id = ?")
        .bind(name)
        .bind(digest.view())
        .bind(id)
        .run();
  });
}

}  // namespace lanyard::storage
