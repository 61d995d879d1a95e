#include <algorithm>

#include "storage/file_vault.hpp"
#include "storage/files.hpp"
#include "storage/space_file.hpp"

/// Spaces that another device made known: how many, and what becomes of those that never came to
/// anything.
namespace lanyard::storage {
namespace {

/// Whether a file has no change in its log. False where that cannot be read: then it is kept.
bool has_no_change(const std::filesystem::path& file, const SpaceId& space, const std::string& vfs,
                   Rng& rng) {
  auto opened = open_space_file({file, space, true, 64, vfs}, rng);
  if (!opened) return opened.error().is(Code::kNotFound);
  Query query(opened->database,
              "SELECT NOT EXISTS (SELECT 1 FROM lanyard_log)"
              " AND NOT EXISTS (SELECT 1 FROM lanyard_mutations)");
  const auto found = query.next();
  return found && *found && query.integer(0) != 0;
}

}  // namespace

Result<bool> FileVault::has_space(const SpaceId& space) {
  LANYARD_TRY_SET(const auto row, platform_.space(space));
  return row.has_value();
}

Status FileVault::join_space(const SpaceId& space, const DeviceId& from, WallTime now) {
  LANYARD_TRY_SET(const auto there, platform_.space(space));
  if (there && there->has_left)
    return fail(Code::kNotAllowed, "the space " + there->name + " was left on this device");
  if (there) return {};
  std::set<SpaceId>& known = made_known_[from];
  if (known.size() >= options_.spaces_per_device_max) {
    LANYARD_TRY(note_excess(
        from, space, "made " + std::to_string(known.size()) + " spaces known, and tells of"));
    return fail(Code::kTooLarge, "the device has made " + std::to_string(known.size()) +
                                     " spaces known here, as many as are taken from one");
  }
  Platform::Space row;
  row.id = space;
  LANYARD_TRY_SET(row.name, free_space_name(name_made_of(space)));
  row.digest = options_.digest_of({});
  row.created_ms = now.ms;
  LANYARD_TRY(platform_.add_space_of(row, from));
  known.insert(space);
  return {};
}

/// What is durable first is what goes on after a crash: end_drops() ends what was begun, and
/// nobody writes to it meanwhile. The row goes last: a file without one would be taken in.
Status FileVault::drop_space(const SpaceId& space) {
  LANYARD_TRY(platform_.begin_drop(space));
  LANYARD_TRY(close_for_good(space));
  return end_drop(space);
}

Status FileVault::end_drops() {
  LANYARD_TRY_SET(const auto spaces, platform_.half_dropped());
  for (const SpaceId& space : spaces) {
    LANYARD_TRY_SET(const bool is_begun, is_drop_begun(space));
    if (const Status ended = is_begun ? end_drop(space) : forget_drop(space); !ended)
      report(space, ended.error());
  }
  return {};
}

/// The mark alone deletes nothing: what was begun has said in its row too that no data is here.
Result<bool> FileVault::is_drop_begun(const SpaceId& space) {
  LANYARD_TRY_SET(const auto row, platform_.space(space));
  return row && row->has_left && !row->has_data;
}

/// Of a space that came back after its dropping was begun: lest the mark counts another time.
Status FileVault::forget_drop(const SpaceId& space) {
  report(space, Error(Code::kExists, "it was to be dropped once, and is in use: it is kept"));
  return platform_.forget_setting(kDroppingSetting + to_text(space));
}

Status FileVault::end_drop(const SpaceId& space) {
  LANYARD_TRY(remove_copy(space));
  // Lest a power cut brings it back without its row.
  LANYARD_TRY(sync_folder(file_of(space).parent_path()));
  LANYARD_TRY(platform_.drop_space(space));
  for (auto& [device, spaces] : made_known_) spaces.erase(space);
  return {};
}

/// As its high-water mark says; true where that cannot be read.
bool FileVault::has_written(const SpaceId& space) const {
  const auto bytes = marks_.file(space)->read();
  if (!bytes) return true;
  const auto mark = decode_mark(*bytes, ports_.hasher);
  return !bytes->empty() && (!mark || mark->head.seq.value > 0);
}

/// At the start: spaces that were announced, have no founder, and were not used by anybody here.
/// Earlier programs made a file for each that they heard of.
Status FileVault::drop_unfounded() {
  LANYARD_TRY_SET(made_known_, platform_.made_known());
  LANYARD_TRY_SET(const std::set<SpaceId> untouched, platform_.untouched_spaces());
  for (const SpaceId& space : untouched) {
    LANYARD_TRY_SET(const auto row, platform_.space(space));
    LANYARD_TRY_SET(const auto members, platform_.members_of(space));
    const std::filesystem::path file = file_of(space);
    std::error_code ignored;
    const bool is_gone = row->has_data && !std::filesystem::exists(file, ignored);
    // Whoever has written there, or has lost what was there, has members, a name, or a mark.
    if (row->said_name || !row->name.starts_with(name_made_of(space)) || !members.empty() ||
        is_gone || has_written(space) || !has_no_change(file, space, options_.vfs, ports_.rng))
      continue;
    if (const Status gone = drop_space(space); !gone) report(space, gone.error());
  }
  for (auto& [device, spaces] : made_known_) {
    LANYARD_TRY_SET(const auto known, platform_.known_spaces());
    std::erase_if(spaces, [&](const SpaceId& each) { return !known.contains(each); });
  }
  return find_forsaken();
}

/// Those that a device which is forgotten now made known: looked at one by one in upkeep.
Status FileVault::find_forsaken() {
  LANYARD_TRY_SET(const auto devices, platform_.devices());
  for (const KnownDevice& each : devices) {
    const auto known = made_known_.find(each.id);
    if (!each.forgotten || known == made_known_.end()) continue;
    for (const SpaceId& space : known->second) forsaken_.emplace(space, each.id);
  }
  return {};
}

/// Drops one of them, if nobody but the forgotten device and us was ever in it, and nothing is.
/// True if there was one to look at.
bool FileVault::look_at_forsaken() {
  if (forsaken_.empty()) return false;
  const auto [space, device] = *forsaken_.begin();
  forsaken_.erase(forsaken_.begin());
  const auto dropped = drop_if_forsaken(space, device);
  if (!dropped) report(space, dropped.error());
  return true;
}

Status FileVault::drop_if_forsaken(const SpaceId& space, const DeviceId& device) {
  LANYARD_TRY_SET(const auto devices, platform_.devices());
  const bool is_forgotten = std::any_of(devices.begin(), devices.end(), [&](const auto& each) {
    return each.id == device && each.forgotten;
  });
  LANYARD_TRY_SET(const auto untouched, platform_.untouched_spaces());
  if (!is_forgotten || !untouched.contains(space)) return {};
  // Members and records as they are, not as they were counted last.
  LANYARD_TRY(refresh_space(space));
  LANYARD_TRY_SET(const auto members, platform_.members_of(space));
  const bool is_ours_alone = std::all_of(members.begin(), members.end(), [&](const auto& each) {
    return each == device || each == ports_.signer.device();
  });
  files_.close(space);
  return is_ours_alone && was_never_used(space) ? drop_space(space) : Status();
}

}  // namespace lanyard::storage
