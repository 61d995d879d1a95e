#include <algorithm>

#include "storage/file_vault.hpp"

/// Devices that were forgotten, here and on others of the same person (ADR 0029).
namespace lanyard::storage {

Result<std::set<DeviceId>> FileVault::kin() {
  std::set<DeviceId> out;
  const auto add = [&](const SpaceId& space) -> Status {
    LANYARD_TRY_SET(const auto members, platform_.members_of(space));
    out.insert(members.begin(), members.end());
    return {};
  };
  LANYARD_TRY_SET(const auto home, space_setting(kHomeSetting));
  if (home) LANYARD_TRY(add(*home));
  LANYARD_TRY_SET(const auto moves_to, space_setting(kMovesToSetting));
  if (moves_to) {
    // Ours is to become a part of it: whoever we were paired with is there, before it is here.
    LANYARD_TRY(add(*moves_to));
    LANYARD_TRY_SET(const auto devices, platform_.devices());
    for (const KnownDevice& each : devices)
      if (each.paired) out.insert(each.id);
  }
  out.erase(ports_.signer.device());
  return out;
}

Result<bool> FileVault::settle_forgotten() {
  LANYARD_TRY_SET(const auto words, platform_.forgettings());
  if (words.empty()) return false;
  LANYARD_TRY_SET(const auto trusted, kin());
  const DeviceId self = ports_.signer.device();
  const auto forgotten = oplog::forgotten_devices(words, self, trusted);
  std::map<DeviceId, bool> devices;
  for (const oplog::Forgetting& each : words) {
    if (each.device == self) continue;
    const bool counts = each.author == self || trusted.contains(each.author);
    // One of whom only strangers speak stays as it is.
    if (counts) devices[each.device] = forgotten.contains(each.device);
    // What it says of others may make it one that nobody has decided on.
    if (counts && each.author != self)
      devices.try_emplace(each.author, forgotten.contains(each.author));
  }
  LANYARD_TRY_SET(const bool has_changed, platform_.set_forgotten(devices));
  if (has_changed) LANYARD_TRY(find_forsaken());
  return has_changed;
}

Status FileVault::say(const DeviceId& device, bool is_forgotten, WallTime now) {
  LANYARD_TRY_SET(const auto words, platform_.forgettings());
  std::int64_t at = now.ms;
  for (const oplog::Forgetting& each : words)
    if (each.device == device) at = std::max(at, each.at_ms + 1);
  at = std::clamp<std::int64_t>(at, 0, oplog::kForgettingAtMax);
  LANYARD_TRY(platform_.keep_forgettings(
      {oplog::make_forgetting(device, is_forgotten, at, ports_.signer)}));
  LANYARD_TRY(settle_forgotten());
  return {};
}

Status FileVault::say_known(const DeviceId& device, WallTime now) {
  LANYARD_TRY_SET(const auto words, platform_.forgettings());
  const bool was_forgotten = std::any_of(words.begin(), words.end(), [&](const auto& each) {
    return each.device == device && each.is_forgotten;
  });
  return was_forgotten ? say(device, false, now) : Status();
}

Status FileVault::say_of_old(WallTime now) {
  LANYARD_TRY_SET(const auto words, platform_.forgettings());
  LANYARD_TRY_SET(const auto devices, platform_.devices());
  for (const KnownDevice& each : devices) {
    const bool is_said = std::any_of(words.begin(), words.end(), [&](const auto& word) {
      return word.device == each.id || word.author == each.id;
    });
    if (each.forgotten && !is_said) LANYARD_TRY(say(each.id, true, now));
  }
  return {};
}

Result<std::vector<oplog::Forgetting>> FileVault::forgettings_for(const DeviceId& peer) {
  LANYARD_TRY_SET(auto words, platform_.forgettings());
  if (words.empty()) return words;
  LANYARD_TRY_SET(const auto trusted, kin());
  if (!trusted.contains(peer)) return std::vector<oplog::Forgetting>();
  if (words.size() > oplog::kForgettingsMax) words.resize(oplog::kForgettingsMax);
  return words;
}

Result<bool> FileVault::hear_forgettings(const DeviceId& from,
                                         std::vector<oplog::Forgetting> words) {
  LANYARD_TRY_SET(const auto trusted, kin());
  if (!trusted.contains(from)) return false;
  LANYARD_TRY_SET(auto known, platform_.forgettings());
  const auto is_known = [&](const oplog::Forgetting& word) {
    return std::any_of(known.begin(), known.end(), [&](const oplog::Forgetting& each) {
      return each.device == word.device && each.author == word.author;
    });
  };
  const auto fresh = static_cast<std::size_t>(
      std::count_if(words.begin(), words.end(), [&](const auto& word) { return !is_known(word); }));
  if (known.size() + fresh > oplog::kForgettingsMax) {
    // Words that count for nothing make room for others.
    LANYARD_TRY_SET(const auto devices, platform_.devices());
    std::set<DeviceId> out;
    for (const KnownDevice& each : devices)
      if (each.forgotten) out.insert(each.id);
    for (const oplog::Forgetting& each : known)
      if (each.author != ports_.signer.device() &&
          (!trusted.contains(each.author) || out.contains(each.author)))
        LANYARD_TRY(platform_.drop_forgettings_of(each.author));
    LANYARD_TRY_SET(known, platform_.forgettings());
    std::erase_if(words, [&](const oplog::Forgetting& word) {
      return !trusted.contains(word.author) || out.contains(word.author);
    });
    const std::size_t room =
        oplog::kForgettingsMax - std::min(known.size(), oplog::kForgettingsMax);
    std::size_t taken = 0;
    std::erase_if(words, [&](const auto& word) { return !is_known(word) && ++taken > room; });
  }
  LANYARD_TRY_SET(const bool has_new, platform_.keep_forgettings(words));
  return has_new ? settle_forgotten() : Result<bool>(false);
}

// ---- spaces that were left

Status FileVault::invite(const DeviceId& device, const SpaceId& space) {
  return platform_.invite(device, space);
}

Status FileVault::invited(const DeviceId& device, const SpaceId& space) {
  return platform_.invited(device, space);
}

Result<std::vector<SpaceId>> FileVault::invitations(const DeviceId& device) {
  return platform_.invitations(device);
}

Result<bool> FileVault::rejoin_space(const SpaceId& space, const DeviceId& from) {
  LANYARD_TRY_SET(const auto row, platform_.space(space));
  if (!row || !row->has_left || row->now_part_of) return false;
  LANYARD_TRY_SET(const auto members, platform_.members_of(space));
  const bool is_member = std::find(members.begin(), members.end(), from) != members.end();
  if (!is_member)
    return fail(Code::kNotAllowed,
                "whoever shares the space again is no member of it, as it was "
                "when it was left");
  if (!row->has_data) {
    // The copy is gone, and its name with it; both come with the data.
    LANYARD_TRY_SET(const std::string name, free_space_name(name_made_of(space)));
    LANYARD_TRY(platform_.rejoin_empty(space, name, options_.digest_of({})));
    return true;
  }
  LANYARD_TRY(platform_.rejoin_space(space));
  dirty_.insert(space);
  unsettled_.erase(space);
  return true;
}

}  // namespace lanyard::storage
