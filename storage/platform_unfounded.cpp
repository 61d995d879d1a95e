#include "storage/platform.hpp"
#include "storage/vault.hpp"

/// Spaces that others made known to this device, and with which nothing has happened here.
namespace lanyard::storage {
namespace {

std::string made_known_key(const DeviceId& device, const SpaceId& space) {
  return kMadeKnownSetting + to_hex(device.view()) + "_" + to_text(space);
}

}  // namespace

Status Platform::add_space_of(const Space& space, const DeviceId& from) {
  return add_space(space, {}, made_known_key(from, space.id));
}

Result<std::map<DeviceId, std::set<SpaceId>>> Platform::made_known() {
  std::map<DeviceId, std::set<SpaceId>> out;
  LANYARD_TRY_SET(const auto settings, settings_of(kMadeKnownSetting));
  constexpr std::size_t kBegin = std::string_view(kMadeKnownSetting).size();
  constexpr std::size_t kHex = DeviceId::kSize * 2;
  for (const auto& [key, value] : settings) {
    if (key.size() <= kBegin + kHex) continue;
    const auto bytes = from_hex(std::string_view(key).substr(kBegin, kHex));
    const auto device = bytes ? DeviceId::from(*bytes) : std::nullopt;
    const auto space = space_id_from_text(key.substr(kBegin + kHex + 1));
    if (device && space) out[*device].insert(*space);
  }
  return out;
}

Result<std::set<SpaceId>> Platform::untouched_spaces() {
  LANYARD_TRY_SET(const auto all,
                  space_ids("SELECT id FROM spaces s WHERE has_left = 0 AND is_archived = 0"
                            " AND sync_mode = 0 AND now_part_of IS NULL AND has_failed = 0"
                            " AND id NOT IN (SELECT space FROM lanyard_token_spaces)"
                            " AND id NOT IN (SELECT space FROM lanyard_invitations)"
                            // Our `default`, one that is to be it, and others of some part.
                            " AND id NOT IN (SELECT value FROM lanyard_settings)"
                            " AND NOT EXISTS (SELECT 1 FROM spaces p WHERE p.now_part_of = s.id)"
                            // Not named here: at most told apart from another one by a number.
                            " AND (said_name IS NULL OR said_name = name OR name GLOB"
                            " '* ([0-9]*)')"));
  return std::set<SpaceId>(all.begin(), all.end());
}

Status Platform::begin_drop(const SpaceId& space) {
  const std::string id = to_text(space);
  return write(Sync::kFull, [&]() -> Status {
    LANYARD_TRY(set_left(id, true));
    return put_setting((kDroppingSetting + id).c_str(), "");
  });
}

Result<std::vector<SpaceId>> Platform::half_dropped() {
  std::vector<SpaceId> out;
  LANYARD_TRY_SET(const auto settings, settings_of(kDroppingSetting));
  for (const auto& [key, value] : settings) {
    const auto space = space_id_from_text(key.substr(std::string_view(kDroppingSetting).size()));
    if (space) out.push_back(*space);
  }
  return out;
}

Status Platform::drop_space(const SpaceId& space) {
  const std::string id = to_text(space);
  return write(Sync::kFull, [&]() -> Status {
    for (const char* each :
         {"DELETE FROM spaces WHERE id = ?", "DELETE FROM lanyard_space_members WHERE space = ?",
          "DELETE FROM lanyard_progress WHERE space = ?",
          "DELETE FROM lanyard_settings WHERE substr(key, -length(?1)) = ?1"})
      LANYARD_TRY(Query(database_, each).bind(id).run());
    return {};
  });
}

}  // namespace lanyard::storage
