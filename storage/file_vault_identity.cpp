#include <algorithm>

#include "replication/types/limits.hpp"
#include "storage/file_vault.hpp"
#include "storage/record_source.hpp"
#include "storage/space_name.hpp"

/// A data folder whose device has a new identity: its spaces know only the old one, which nobody
/// has any more.
namespace lanyard::storage {
namespace {

constexpr const char* kIdentitySetting = "identity";
/// Plain bytes of one transaction, while nobody waits.
constexpr std::size_t kRenewalPieceBytes = 4 * limits::kMiB;

/// Under which a space stays that went on as another one.
std::string old_name_of(const std::string& name) { return name + " before the new identity"; }

/// Nobody but devices that this one was: none is there who could admit us.
bool is_left_behind(const SpaceState& state, const DeviceId& self) {
  const std::vector<DeviceId> members = state.log.members();
  return !members.empty() && !state.log.is_member(self) &&
         std::all_of(members.begin(), members.end(),
                     [&](const DeviceId& member) { return state.earlier_selves.contains(member); });
}

}  // namespace

Status FileVault::settle_identity(WallTime now) {
  LANYARD_TRY(say_of_old(now));
  const std::string self = to_hex(ports_.signer.device().view());
  LANYARD_TRY_SET(const auto known, platform_.setting(kIdentitySetting));
  if (known == self) return {};
  bool is_settled = true;
  LANYARD_TRY_SET(const auto spaces, platform_.spaces());
  for (const SpaceEntry& each : spaces) {
    if (!known || each.left) continue;
    const Status renewed = renew_if_left_behind(each, now);
    if (renewed) continue;
    is_settled = false;  // the others go on; this one is tried again at the next start
    report(each.id, renewed.error());
  }
  return !is_settled ? Status() : platform_.set_setting(kIdentitySetting, self);
}

Status FileVault::renew_if_left_behind(const SpaceEntry& entry, WallTime now) {
  LANYARD_TRY_SET(const WatchedStore* store, open_store(entry.id));
  if (!is_left_behind(store->state(), ports_.signer.device())) return {};
  LANYARD_TRY_SET(const SpaceId renewed, found_renewal(entry.id, entry.name, now));
  files_.close(entry.id);
  while (true) {
    LANYARD_TRY_SET(const HomeMove piece, carry_some(entry.id, renewed, kRenewalPieceBytes, now));
    if (piece.state == HomeMove::State::kOver) break;
  }
  LANYARD_TRY_SET(const std::string old_name, free_space_name(old_name_of(entry.name)));
  LANYARD_TRY(platform_.replace_space(entry.id, old_name, renewed, entry.name));
  parts_[entry.id] = renewed;
  report(entry.id, Error(Code::kExists,
                         "this device has a new identity, and only the old one was a member of " +
                             entry.name + ": its records go on in a new space of that name"));
  return {};
}

/// The space in which another one goes on, founded if a start before this one has not done it.
Result<SpaceId> FileVault::found_renewal(const SpaceId& old, const std::string& wanted,
                                         WallTime now) {
  const std::string setting = kRenewalSetting + to_text(old);
  LANYARD_TRY_SET(const auto begun, space_setting(setting.c_str()));
  if (begun) {
    LANYARD_TRY_SET(const auto row, platform_.space(*begun));
    if (row) return *begun;
    LANYARD_TRY(remove_copy(*begun));
  }
  oplog::Founding founding;
  ports_.rng.fill(founding.bytes);
  const SpaceId space = oplog::space_id_of(ports_.signer.device(), founding, ports_.hasher);
  LANYARD_TRY(platform_.set_setting(setting, to_text(space)));
  LANYARD_TRY_SET(const std::string free, free_space_name(wanted));
  LANYARD_TRY(found_space(space, founding, {free, wanted}, now));
  return space;
}

Result<Home> FileVault::home_for(const DeviceId& peer, WallTime now) {
  LANYARD_TRY_SET(const Home ours, home(now));
  LANYARD_TRY_SET(const WatchedStore* store, open_store(ours.id));
  const oplog::SpaceLog log = store->state().log;
  // Whom the other one would have to admit us to is told so: it can.
  const bool is_of_use = !log.founder || log.is_member(ports_.signer.device());
  if (is_of_use || log.is_member(peer)) return ours;
  LANYARD_TRY_SET(const auto row, platform_.space(ours.id));
  LANYARD_TRY_SET(const SpaceId renewed, found_renewal(ours.id, row->name, now));
  LANYARD_TRY_SET(const std::string old_name, free_space_name(old_name_of(row->name)));
  files_.close(ours.id);
  LANYARD_TRY(platform_.begin_move(ours.id, old_name, renewed));
  parts_[ours.id] = renewed;
  move_is_untold_ = true;
  return Home{renewed, false, true};
}

}  // namespace lanyard::storage
