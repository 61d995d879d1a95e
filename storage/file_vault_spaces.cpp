#include "storage/file_vault.hpp"
#include "storage/files.hpp"
#include "storage/names.hpp"
#include "storage/space_name.hpp"

/// Founding, joining, naming and leaving spaces.
namespace lanyard::storage {
namespace {

std::string mebibytes(std::uint64_t bytes) { return std::to_string(bytes >> 20) + " MiB"; }

}  // namespace

std::string name_made_of(const SpaceId& space) { return "space " + to_text(space).substr(0, 8); }

Result<std::vector<SpaceEntry>> FileVault::spaces() {
  LANYARD_TRY_SET(auto spaces, platform_.spaces());
  for (SpaceEntry& each : spaces)
    if (each.now_part_of) each.now_part_of = stands_for(each.id);
  return spaces;
}

Status FileVault::room_to_write() {
  LANYARD_TRY(platform_.check_place());
  LANYARD_TRY_SET(const DiskSpace disk, options_.disk_space(options_.data_dir));
  return look_at_room(disk);
}

/// kDiskFull below the reserve. Others are asked for nothing then.
Status FileVault::look_at_room(const DiskSpace& disk) {
  const std::uint64_t reserve = disk_reserve(disk);
  std::optional<Error> full;
  if (disk.free_bytes < reserve)
    full = Error(Code::kDiskFull,
                 "the disk of " + options_.data_dir.string() + " has " +
                     mebibytes(disk.free_bytes) + " left; the last " + mebibytes(reserve) +
                     " are kept for deletes and recovery. Other devices are not asked for more",
                 "Free some space on this disk. What is here can still be read, deleted and sent "
                 "to other devices; what they have comes once there is room.");
  const bool had_room = std::exchange(has_room_, !full);
  if (had_room != has_room_) {
    if (options_.report_room) options_.report_room(full);
    tell_room();
  }
  return full ? Status(fail(std::move(*full))) : Status();
}

/// What was asked for before room was short may still come; it may not use up what deletes and
/// recovery need.
Status FileVault::room_to_merge() {
  LANYARD_TRY_SET(const DiskSpace disk, options_.disk_space(options_.data_dir));
  Status room = look_at_room(disk);
  return disk.free_bytes < disk_reserve(disk) / 2 ? room : Status();
}

// ---- founding

Result<Vault::Created> FileVault::create_space(const std::string& wanted, WallTime now) {
  LANYARD_TRY_SET(const std::string name, space_name(wanted));
  LANYARD_TRY_SET(const bool taken, platform_.is_name_taken(name));
  if (taken)
    return fail(Code::kExists, "there is a space " + name + " already", "Choose another name.");
  LANYARD_TRY(room_to_write());
  oplog::Founding founding;
  ports_.rng.fill(founding.bytes);
  const SpaceId space = oplog::space_id_of(ports_.signer.device(), founding, ports_.hasher);
  auto created = found_space(space, founding, {name, name}, now);
  if (!created) {
    // Nobody was told of it.
    static_cast<void>(remove_copy(space));
  }
  return created;
}

/// The file first: a space that is listed has its founder and its name.
Result<Vault::Created> FileVault::found_space(const SpaceId& space, const oplog::Founding& founding,
                                              const NewName& name, WallTime now) {
  dirty_.insert(space);
  const auto undo = [&](Error error) {
    dirty_.erase(space);
    return fail(std::move(error));
  };
  auto store = open_file(space, std::nullopt);
  if (!store) return undo(store.error());
  if (const auto founded = (*store)->found(founding, now); !founded) return undo(founded.error());
  WriteOutcome outcome = (*store)->write({name_record(name.said)}, now);
  if (!outcome.answers.front()) return undo(outcome.answers.front().error());
  Platform::Space row;
  row.id = space;
  row.name = name.here;
  row.said_name = name.said;
  row.has_data = true;
  row.is_dirty = true;
  row.created_ms = now.ms;
  if (const Status added = platform_.add_space(row, {ports_.signer.device()}); !added)
    return undo(added.error());
  files_.keep(space, std::move(*store));
  return Created{space, std::move(outcome)};
}

// ---- membership

Result<WriteOutcome> FileVault::share_space(const SpaceId& space, const DeviceId& device,
                                            WallTime now) {
  LANYARD_TRY_SET(SpaceStore * store, space_to_write(space));
  LANYARD_TRY_SET(WriteOutcome outcome, store->admit(device, now));
  // It is admitted, whatever comes of the list of members: that is made again after a crash.
  if (const auto listed = refresh_space(space); !listed) report(space, listed.error());
  return outcome;
}

Status FileVault::leave_space(const SpaceId& space, LeftCopy copy) {
  LANYARD_TRY_SET(const auto home, space_setting(kHomeSetting));
  LANYARD_TRY_SET(const auto moves_to, space_setting(kMovesToSetting));
  if (space == home || space == moves_to)
    return fail(Code::kNotAllowed, "every device has a space called \"default\"",
                "Other spaces can be left.");
  LANYARD_TRY_SET(const auto row, platform_.space(space));
  if (row && row->has_left) return put_away(space, *row, copy);
  if (copy == LeftCopy::kRemoved) LANYARD_TRY(is_elsewhere(space));
  // What is durable first is what goes on after a crash: remove_left_copies() ends what was begun.
  LANYARD_TRY(platform_.leave_space(space, copy != LeftCopy::kKept));
  LANYARD_TRY(close_for_good(space));
  return copy == LeftCopy::kKept ? Status() : remove_copy(space);
}

/// Its file is not opened again by itself, and nothing is told of it any more.
Status FileVault::close_for_good(const SpaceId& space) {
  files_.close(space);
  dirty_.erase(space);
  troubles_.erase(space);
  lost_.erase(space);
  accepted_.erase(space);
  damaged_logs_.erase(space);
  for (const char* setting : {kLostSetting, kAcceptedSetting, kDamagedLogSetting})
    LANYARD_TRY(platform_.forget_setting(setting + to_text(space)));
  return {};
}

/// The file of a space that was left before, or whose records were carried over into another one.
Status FileVault::put_away(const SpaceId& space, const Platform::Space& row, LeftCopy copy) {
  LANYARD_TRY_SET(const auto being_carried, space_setting(kMovesFromSetting));
  if (space == being_carried)
    return fail(Code::kNotAllowed, "its records are being carried over into \"default\"",
                "Try again in a moment.");
  if (!row.has_data) return fail(Code::kNotFound, "its file is gone already");
  if (copy == LeftCopy::kKept)
    return fail(Code::kNotAllowed, "it was left before, and its file is kept on this device",
                "Remove that too:  lanyard space leave " + to_text(space) + " --remove-copy");
  if (copy == LeftCopy::kRemoved) LANYARD_TRY(may_go(space, row));
  LANYARD_TRY(platform_.leave_space(space, true));
  LANYARD_TRY(close_for_good(space));
  return remove_copy(space);
}

/// Whether what the kept file of such a space holds is elsewhere too.
Status FileVault::may_go(const SpaceId& space, const Platform::Space& row) {
  constexpr const char* kFix = "Keep it, or lose them with  --remove-copy --even-if-alone";
  if (row.now_part_of) {
    if (was_never_used(space)) return {};
    return fail(
        Code::kNotAllowed,
        "its records stand in the space that took its place; their history and the trash are "
        "here alone",
        kFix);
  }
  LANYARD_TRY_SET(const auto alone, platform_.alone_when_left(space));
  if (alone == 0U) return {};
  return fail(
      Code::kNotAllowed,
      (alone ? std::to_string(*alone) + (*alone == 1 ? " change of it is" : " changes of it are")
             : std::string("changes of it may be")) +
          " on no other device, as far as this one knows",
      kFix);
}

Status FileVault::change_space(const SpaceId& space, const SpaceWish& wish) {
  LANYARD_TRY_SET(const auto row, platform_.space(space));
  if (!row || row->has_left) return fail(Code::kNotFound, "there is no such space here");
  SpaceWish tidy = wish;
  if (wish.name && *wish.name != row->name) {
    LANYARD_TRY_SET(tidy.name, space_name(*wish.name));
  }
  const bool is_renamed = tidy.name && *tidy.name != row->name;
  if (row->name == kHomeName && (is_renamed || wish.archived == true))
    return fail(Code::kNotAllowed, "every device has a space called \"default\"",
                "Other spaces can be renamed and archived.");
  if (is_renamed) {
    LANYARD_TRY_SET(const bool taken, platform_.is_name_taken(*tidy.name));
    if (taken)
      return fail(Code::kExists, "there is a space " + *tidy.name + " already",
                  "Choose another name.");
  }
  return platform_.change_space(space, tidy);
}

Result<SpaceStore*> FileVault::space_to_sync(const SpaceId& space) {
  LANYARD_TRY_SET(const auto row, platform_.space(space));
  if (row && (row->is_archived || row->mode == SyncMode::kLocalOnly))
    return fail(Code::kNotAllowed, "the space " + row->name + " is not synced on this device");
  return this->space(space);
}

Result<SpaceStore*> FileVault::space_to_write(const SpaceId& space) {
  LANYARD_TRY_SET(const auto row, platform_.space(stands_for(space)));
  if (row && row->is_archived)
    return fail(Code::kNotAllowed, "the space " + row->name + " is archived",
                "Bring it back: lanyard space unarchive " + row->name);
  return this->space(space);
}

/// Whether other members are known to have all that is here.
Status FileVault::is_elsewhere(const SpaceId& space) {
  LANYARD_TRY_SET(WatchedStore * store, open_store(space));
  LANYARD_TRY_SET(const SpaceSums sums, store->sums());
  LANYARD_TRY_SET(const SpaceCounts counts, platform_.counts_of(space, sums));
  const std::uint64_t alone = counts.unconfirmed;
  if (alone == 0) return {};
  return fail(Code::kNotAllowed,
              std::to_string(alone) + (alone == 1 ? " change of it is" : " changes of it are") +
                  " on no other device, as far as this one knows",
              "Let it sync first, or keep the copy. --remove-copy --even-if-alone loses them.");
}

Status FileVault::remove_copy(const SpaceId& space) {
  static_cast<void>(marks_.file(space)->remove());
  marks_.unwritten.erase(space);
  for (const char* ending :
       {"", "-wal", "-shm", ".rescue-part", ".rescued", ".broken", ".broken-wal"})
    LANYARD_TRY(remove_file(beside(file_of(space), ending)));
  return {};
}

Status FileVault::remove_left_copies() {
  LANYARD_TRY_SET(const auto removed, platform_.removed_spaces());
  for (const SpaceId& space : removed)
    if (const Status gone = remove_copy(space); !gone) report(space, gone.error());
  return {};
}

Result<bool> FileVault::refresh_space(const SpaceId& space) {
  LANYARD_TRY_SET(const WatchedStore* store, open_store(space));
  const oplog::SpaceLog log = store->state().log;
  LANYARD_TRY_SET(const bool has_new,
                  platform_.set_members(space, log.members(), ports_.signer.device()));
  LANYARD_TRY(look_for_excess(space, log));
  // What a member said before it was one here counts from now on.
  if (has_new) LANYARD_TRY(settle_forgotten());
  LANYARD_TRY(take_name(space));
  return has_new;
}

Status FileVault::take_name(const SpaceId& space) {
  LANYARD_TRY_SET(const auto row, platform_.space(space));
  if (!row) return fail(Code::kNotFound, "no such space");
  LANYARD_TRY_SET(const std::string said, read_space_name(file_of(space), space, ports_.hasher));
  if (said.empty() || said == row->said_name) return {};
  std::string name = row->name;
  if (said != name) {
    LANYARD_TRY_SET(name, free_space_name(said));
  }
  return platform_.rename_space(space, name, said);
}

Result<std::string> FileVault::free_space_name(const std::string& name) {
  Status asked;
  std::string free = free_name(name, [&](const std::string& candidate) {
    const auto taken = platform_.is_name_taken(candidate);
    if (!taken) asked = fail(taken.error());
    return taken && *taken;
  });
  if (!asked) return fail(asked.error());
  return free;
}

Result<std::vector<SharedSpace>> FileVault::shared_with(const DeviceId& peer) {
  while (settle_one()) {
  }
  LANYARD_TRY_SET(const auto rows, platform_.shared(ports_.signer.device(), peer));
  std::vector<SharedSpace> shared;
  for (const Platform::Shared& row : rows) {
    if (!row.is_dirty) {
      shared.push_back({row.id, row.digest, row.is_confirmed});
      continue;
    }
    WatchedStore* store = files_.look_at(row.id);
    if (store == nullptr) {
      const auto opened = open_store(row.id);
      if (!opened) continue;  // reported when it was to be settled
      store = *opened;
    }
    const auto sums = store->sums();
    if (!sums) continue;  // a disk that fails: the store has noted it
    LANYARD_TRY_SET(const SpaceCounts counts, platform_.counts_of(row.id, *sums));
    shared.push_back({row.id, digest_of(*store), !counts.missing.contains(peer)});
  }
  return shared;
}

}  // namespace lanyard::storage
