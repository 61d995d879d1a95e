#include "storage/platform.hpp"

namespace lanyard::storage {
namespace {

/// Addresses kept of one device: enough for a home, an office and a cable.
constexpr std::int64_t kAddressesKept = 8;

}  // namespace

Result<std::vector<KnownDevice>> Platform::devices() {
  std::vector<KnownDevice> all;
  Query query(database_,
              "SELECT d.device, d.given_name, d.said_name, d.forgotten, d.added_ms,"
              " d.last_seen_ms, a.address, max(a.turn), d.paired,"
              " (SELECT t.name FROM lanyard_told_names t WHERE t.device = d.device"
              " AND t.teller NOT IN (SELECT device FROM lanyard_devices WHERE forgotten = 1)"
              " ORDER BY t.told_ms DESC, t.teller LIMIT 1) FROM lanyard_devices d"
              " LEFT JOIN lanyard_addresses a ON a.device = d.device"
              " WHERE d.paired = 1 OR d.forgotten = 1 OR EXISTS (SELECT 1 FROM"
              " lanyard_space_members m JOIN spaces s ON s.id = m.space"
              " WHERE m.device = d.device AND s.has_left = 0)"
              " GROUP BY d.device ORDER BY d.device");
  while (true) {
    LANYARD_TRY_SET(const bool more, query.next());
    if (!more) return all;
    KnownDevice& each = all.emplace_back();
    each.id = query.fixed<DeviceId>(0);
    each.named_here = !query.is_null(1);
    each.name = query.text(each.named_here ? 1 : 2);
    each.named_by_others = each.name.empty() && !query.is_null(9);
    if (each.named_by_others) each.name = query.text(9);
    each.forgotten = query.integer(3) != 0;
    each.added_ms = query.integer(4);
    each.last_seen_ms = query.integer(5);
    each.address = query.text(6);
    each.paired = query.integer(8) != 0;
  }
}

Status Platform::add_device(const DeviceId& device, const std::string& address, WallTime now) {
  return write(Sync::kFull, [&]() -> Status {
    LANYARD_TRY(Query(database_,
                      "INSERT INTO lanyard_devices VALUES (?, NULL, '', 0, ?, 0, 1)"
                      " ON CONFLICT (device) DO UPDATE SET forgotten = 0, paired = 1")
                    .bind(device.view())
                    .bind(now.ms)
                    .run());
    LANYARD_TRY(count_spaces_with(device));
    return set_address(device, address);
  });
}

Status Platform::add_pairing(const NewPairing& pairing, bool moves, WallTime now) {
  return write(Sync::kFull, [&]() -> Status {
    LANYARD_TRY(Query(database_,
                      "INSERT INTO lanyard_devices VALUES (?1, NULL, ?2, 0, ?3, ?3, 1)"
                      " ON CONFLICT (device) DO UPDATE SET forgotten = 0, paired = 1,"
                      " said_name = CASE ?2 WHEN '' THEN said_name ELSE ?2 END")
                    .bind(pairing.device.view())
                    .bind(pairing.says_name)
                    .bind(now.ms)
                    .run());
    LANYARD_TRY(count_spaces_with(pairing.device));
    LANYARD_TRY(set_address(pairing.device, pairing.address));
    return moves ? put_setting(kMovesToSetting, to_text(pairing.their_home)) : Status();
  });
}

Status Platform::rename_device(const DeviceId& device, const std::string& name) {
  return write(Sync::kFull, [&]() -> Status {
    LANYARD_TRY(Query(database_, "UPDATE lanyard_devices SET given_name = ? WHERE device = ?")
                    .bind(name)
                    .bind(device.view())
                    .run());
    if (database_.changes() == 0) return fail(Code::kNotFound, "no such device");
    return {};
  });
}

Status Platform::saw_device(const DeviceId& device, const std::string& says_name,
                            const std::string& address, WallTime now) {
  return write(Sync::kNormal, [&]() -> Status {
    LANYARD_TRY(Query(database_,
                      "UPDATE lanyard_devices SET last_seen_ms = ?1,"
                      " said_name = CASE ?2 WHEN '' THEN said_name ELSE ?2 END WHERE device = ?3")
                    .bind(now.ms)
                    .bind(says_name)
                    .bind(device.view())
                    .run());
    if (database_.changes() == 0) return fail(Code::kNotFound, "no such device");
    return set_address(device, address);
  });
}

Result<std::map<DeviceId, std::string>> Platform::said_names() {
  std::map<DeviceId, std::string> out;
  Query query(database_,
              "SELECT device, said_name FROM lanyard_devices"
              " WHERE said_name <> '' AND forgotten = 0");
  while (true) {
    LANYARD_TRY_SET(const bool more, query.next());
    if (!more) return out;
    out.emplace(query.fixed<DeviceId>(0), query.text(1));
  }
}

Status Platform::set_told_names(const DeviceId& teller,
                                const std::map<DeviceId, std::string>& names, WallTime now) {
  std::map<DeviceId, std::string> before;
  Query query(database_, "SELECT device, name FROM lanyard_told_names WHERE teller = ?");
  query.bind(teller.view());
  while (true) {
    LANYARD_TRY_SET(const bool more, query.next());
    if (!more) break;
    before.emplace(query.fixed<DeviceId>(0), query.text(1));
  }
  if (before == names) return {};
  return write(Sync::kNormal, [&]() -> Status {
    for (const auto& [device, name] : before) {
      if (names.contains(device)) continue;
      LANYARD_TRY(Query(database_, "DELETE FROM lanyard_told_names WHERE teller = ? AND device = ?")
                      .bind(teller.view())
                      .bind(device.view())
                      .run());
    }
    for (const auto& [device, name] : names) {
      const auto old = before.find(device);
      if (old != before.end() && old->second == name) continue;  // said since then
      LANYARD_TRY(Query(database_, "INSERT OR REPLACE INTO lanyard_told_names VALUES (?, ?, ?, ?)")
                      .bind(device.view())
                      .bind(teller.view())
                      .bind(name)
                      .bind(now.ms)
                      .run());
    }
    return {};
  });
}

Status Platform::reached_device(const DeviceId& device, const std::string& address) {
  return write(Sync::kNormal, [&] { return set_address(device, address); });
}

Status Platform::set_address(const DeviceId& device, const std::string& address) {
  if (address.empty()) return {};
  LANYARD_TRY(Query(database_,
                    "INSERT OR REPLACE INTO lanyard_addresses SELECT ?1, ?2,"
                    " 1 + ifnull(max(turn), 0) FROM lanyard_addresses WHERE device = ?1")
                  .bind(device.view())
                  .bind(address)
                  .run());
  return Query(database_,
               "DELETE FROM lanyard_addresses WHERE device = ?1 AND address NOT IN"
               " (SELECT address FROM lanyard_addresses WHERE device = ?1"
               " ORDER BY turn DESC LIMIT ?2)")
      .bind(device.view())
      .bind(kAddressesKept)
      .run();
}

}  // namespace lanyard::storage
