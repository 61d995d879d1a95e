#include "storage/platform.hpp"

#include "storage/clock_blob.hpp"
#include "storage/platform_file.hpp"

namespace lanyard::storage {
Result<Platform> Platform::open(const std::filesystem::path& file, const DeviceId& self,
                                const std::string& vfs) {
  const auto damage = find_wal_damage(file);
  LANYARD_TRY_SET(Database database, open_platform_file(file, vfs));
  // What lies behind the damage would be taken for new damage at the next start.
  if (damage) LANYARD_TRY(database.checkpoint());
  Platform platform(std::move(database), self);
  platform.wal_damage_ = damage;
  return platform;
}

Status Platform::refuse_if_failed() const {
  if (failed_) return fail(*failed_);
  return {};
}

Status Platform::commit_or_undo(Status worked) {
  if (worked) worked = database_.commit();
  if (worked) return {};
  database_.rollback();
  if (worked.error().is(Code::kInputOutput)) failed_ = worked.error();
  return worked;
}

// ---- progress and settings

Status Platform::acknowledged(const DeviceId& device, const SpaceId& space,
                              const VectorClock& durable, WallTime now) {
  const Bytes clock = encode_clock(durable);
  const std::string id = to_text(space);
  return write(Sync::kNormal, [&]() -> Status {
    LANYARD_TRY(Query(database_,
                      "INSERT INTO lanyard_progress (device, space, clock, at_ms)"
                      " VALUES (?1, ?2, ?3, ?4) ON CONFLICT (device, space) DO UPDATE"
                      " SET clock = ?3, at_ms = ?4")
                    .bind(device.view())
                    .bind(id)
                    .bind(ByteView(clock))
                    .bind(now.ms)
                    .run());
    return count_again(id);
  });
}

Result<std::vector<PeerProgress>> Platform::progress() {
  std::vector<PeerProgress> all;
  Query query(database_,
              "SELECT p.device, p.space, p.clock, p.at_ms FROM lanyard_progress p"
              " JOIN spaces s ON s.id = p.space"
              " WHERE s.has_left = 0 AND p.device NOT IN"
              " (SELECT device FROM lanyard_devices WHERE forgotten = 1)"
              " ORDER BY p.device, p.space");
  while (true) {
    LANYARD_TRY_SET(const bool more, query.next());
    if (!more) return all;
    LANYARD_TRY_SET(VectorClock clock, decode_clock(query.blob(2)));
    all.push_back({query.fixed<DeviceId>(0), space_id_from_text(query.text(1)).value_or(SpaceId{}),
                   std::move(clock), query.integer(3)});
  }
}

Result<std::optional<std::string>> Platform::setting(const std::string& key) {
  Query query(database_, "SELECT value FROM lanyard_settings WHERE key = ?");
  LANYARD_TRY_SET(const bool found, query.bind(key).next());
  if (!found) return std::nullopt;
  return std::string(query.text(0));
}

Status Platform::set_setting(const std::string& key, const std::string& value) {
  return write(Sync::kFull, [&] { return put_setting(key.c_str(), value); });
}

Result<std::map<std::string, std::string>> Platform::settings_of(const std::string& prefix) {
  std::map<std::string, std::string> out;
  Query query(database_,
              "SELECT key, value FROM lanyard_settings WHERE substr(key, 1, length(?1)) = ?1");
  query.bind(prefix);
  while (true) {
    LANYARD_TRY_SET(const bool more, query.next());
    if (!more) return out;
    out.emplace(query.text(0), query.text(1));
  }
}

Status Platform::forget_setting(const std::string& key) {
  LANYARD_TRY_SET(const auto there, setting(key));
  if (!there) return {};
  return write(Sync::kFull, [&] { return drop_setting(key.c_str()); });
}

Status Platform::put_setting(const char* key, const std::string& value) {
  return Query(database_, "INSERT OR REPLACE INTO lanyard_settings VALUES (?, ?)")
      .bind(std::string_view(key))
      .bind(value)
      .run();
}

Status Platform::drop_setting(const char* key) {
  return Query(database_, "DELETE FROM lanyard_settings WHERE key = ?")
      .bind(std::string_view(key))
      .run();
}

void Platform::close() {
  // What fails here was durable before: the WAL is read again at the next start.
  if (!failed_) static_cast<void>(database_.checkpoint());
}

}  // namespace lanyard::storage
