#include <algorithm>

#include "storage/file_vault.hpp"
#include "storage/rescue.hpp"

/// Opening, marking, closing and rescuing the files of spaces.
namespace lanyard::storage {

namespace fs = std::filesystem;

fs::path FileVault::file_of(const SpaceId& space) const {
  return space_file(options_.data_dir, space);
}

Result<SpaceStore*> FileVault::space(const SpaceId& space) {
  LANYARD_TRY_SET(WatchedStore * store, open_store(space));
  return store;
}

Result<WatchedStore*> FileVault::open_store(const SpaceId& space) {
  if (WatchedStore* const open = files_.use(space)) {
    if (!open->failure()) return open;
    files_.close(space);
  }
  auto opened = open_closed(space);
  note_trouble(space, opened);
  return opened;
}

Result<WatchedStore*> FileVault::open_closed(const SpaceId& space) {
  LANYARD_TRY_SET(const auto row, platform_.space(space));
  if (!row) return fail(Code::kNotFound, "there is no space " + to_text(space) + " here");
  if (row->has_left)
    return fail(Code::kNotAllowed, "the space " + row->name + " was left on this device");
  if (row->has_data) LANYARD_TRY(check_space_file(file_of(space)));
  std::optional<Error> read_only_because;
  if (row->has_failed || failed_.contains(space)) {
    if (Status rescued = rescue_file(space); !rescued) read_only_because = rescued.error();
  }
  LANYARD_TRY_SET(auto store, open_file(space, read_only_because));
  if (read_only_because) troubles_.insert_or_assign(space, SpaceTrouble{*read_only_because});
  if (!read_only_because) note_loss(space, *store, row->has_data);
  WatchedStore& kept = files_.keep(space, std::move(store));
  if (!read_only_because && damaged_logs_.contains(space)) opened_damaged(space, kept);
  return &kept;
}

/// Until it can be opened. That a disk has failed is told until the agent ends.
void FileVault::note_trouble(const SpaceId& space, const Result<WatchedStore*>& opened) {
  if (!opened) {
    const Error& error = opened.error();
    if (!error.is(Code::kNotFound) && !error.is(Code::kNotAllowed))
      troubles_.insert_or_assign(space, SpaceTrouble{error});
    return;
  }
  const auto known = troubles_.find(space);
  if (known == troubles_.end() || known->second.takes_writes || failed_.contains(space)) return;
  troubles_.erase(known);
}

Status FileVault::can_write() {
  LANYARD_TRY(room_to_write());
  if (platform_.failure())
    return fail(Code::kInputOutput,
                "the disk failed under " + (options_.data_dir / "platform.sqlite").string() + ": " +
                    platform_.failure()->detail,
                "Check the disk, then start the agent again. What was acknowledged is kept.");
  return {};
}

Result<std::unique_ptr<WatchedStore>> FileVault::open_file(
    const SpaceId& space, const std::optional<Error>& read_only_because) {
  const fs::path file = file_of(space);
  LANYARD_TRY(make_folder_inside(file.parent_path()));
  SpaceStore::Options options;
  options.read_only = read_only_because.has_value();
  options.vfs = options_.vfs;
  options.wal_long_bytes = options_.wal_long_bytes;
  const auto damaged = damaged_logs_.find(space);
  if (damaged != damaged_logs_.end()) options.damaged_rows = damaged->second.rows;
  LANYARD_TRY_SET(auto store, SpaceStore::open(file, space, ports_, options));
  if (const auto damage = store->damage()) found_damage(space, *damage);
  const auto before_write = [this, space, read_only_because]() -> Status {
    if (read_only_because) return fail(*read_only_because);
    return this->before_write(space);
  };
  auto watched = std::make_unique<WatchedStore>(std::move(store), before_write);
  watched->before_apply([this] { return room_to_merge(); });
  watched->on_damage([this, space](const Error& what) { found_damage(space, what); });
  watched->on_condition(
      [this, space, opened = watched.get()] { condition_changed(space, *opened); });
  watched->on_apply(
      [this, space, opened = watched.get()](const ApplyOutcome& outcome, WallTime wall) {
        applied(space, *opened, outcome, wall);
      });
  if (!read_only_because) {
    watched->keep_continuity(
        std::make_unique<LogContinuity>(marks_, space, watched->watched(), file,
                                        [this, space](const Error& said) { report(space, said); }));
  }
  return watched;
}

Status FileVault::before_write(const SpaceId& space) {
  if (dirty_.contains(space)) return {};
  LANYARD_TRY(platform_.mark_dirty(space));
  dirty_.insert(space);
  return {};
}

void FileVault::before_close(const SpaceId& space, WatchedStore& store) {
  forget_wal(space, store);
  for (const std::string& note : store.take_notes()) report(space, Error(Code::kUsage, note));
  if (store.continuity() != nullptr) store.continuity()->sync();
  if (store.failure()) return disk_failed(space, *store.failure());
  if (!dirty_.contains(space)) return;
  Status clean = store.make_durable();
  if (clean) {
    const auto sums = store.sums();
    clean = sums ? platform_.mark_clean(space, digest_of(store), *sums) : fail(sums.error());
  }
  if (clean) {
    dirty_.erase(space);
    unsettled_.erase(space);
    // Whoever reads at this moment, or copies the file alone, has all of it.
    static_cast<void>(store.checkpoint());
  } else if (!clean.error().is(Code::kReadOnly)) {
    report(space, clean.error());  // stays dirty: what it says is found again
  }
}

Hash FileVault::digest_of(const WatchedStore& store) const {
  return options_.digest_of(store.state().log.digest_clock(ports_.hasher));
}

bool FileVault::settle_one() {
  const auto place = std::find_if(dirty_.begin(), dirty_.end(), [&](const SpaceId& space) {
    return files_.look_at(space) == nullptr && !unsettled_.contains(space);
  });
  if (place == dirty_.end()) return false;
  const SpaceId space = *place;
  const auto refreshed = refresh_space(space);
  files_.close(space);
  if (!dirty_.contains(space)) return true;
  unsettled_.insert(space);
  // One that was left is asked for by nobody.
  if (!refreshed && !refreshed.error().is(Code::kNotAllowed)) report(space, refreshed.error());
  return true;
}

// ---- a disk that failed

void FileVault::disk_failed(const SpaceId& space, const Error& error) {
  report(space, error);
  failed_.insert(space);
  // The file must not be trusted after a restart either.
  if (const Status marked = platform_.mark_failed(space, true); !marked)
    report(space, marked.error());
}

Status FileVault::rescue_file(const SpaceId& space) {
  const fs::path file = file_of(space);
  const Status rescued = rescue(file, ports_);
  if (!rescued) {
    Error error(Code::kReadOnly,
                "the disk failed under " + file.string() +
                    ", which can be read and not be written to: " + rescued.error().detail,
                "Replace the disk, or free space on it, then restart the agent.");
    report(space, error);
    return fail(std::move(error));
  }
  const Error copied(Code::kInputOutput,
                     "the disk failed under " + file.string() + "; it was copied to a new file",
                     "Check the disk. What was acknowledged is kept.");
  report(space, copied);
  troubles_.insert_or_assign(space, SpaceTrouble{copied, true});
  failed_.erase(space);
  // If this cannot be written, the next start copies the new file once more.
  if (const Status marked = platform_.mark_failed(space, false); !marked)
    report(space, marked.error());
  return {};
}

}  // namespace lanyard::storage
