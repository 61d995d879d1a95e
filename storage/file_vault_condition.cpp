#include <cstdlib>

#include "storage/file_vault.hpp"
#include "storage/wal_readers.hpp"

/// What is told of the stores that are open, beside what they hold.
namespace lanyard::storage {
namespace {

std::string who_reads(const std::filesystem::path& file) {
  const auto reader = other_reader_of(file);
  if (!reader) return "a program";
  const std::string process = "process " + std::to_string(reader->process);
  return "a program (" + (reader->name.empty() ? process : reader->name + ", " + process) + ")";
}

std::string text_of(const LogDamage& damage) {
  std::string out;
  for (const std::uint64_t row : damage.rows) out += std::to_string(row) + " ";
  return out;
}

std::vector<std::uint64_t> rows_from_text(const std::string& text) {
  std::vector<std::uint64_t> out;
  const char* at = text.c_str();
  while (true) {
    char* behind = nullptr;
    const std::uint64_t row = std::strtoull(at, &behind, 10);
    if (behind == at) return out;
    out.push_back(row);
    at = behind;
  }
}

}  // namespace

SpaceTrouble wal_trouble(const std::filesystem::path& file, const WalState& wal) {
  return {
      Error(Code::kBusy,
            who_reads(file) + " keeps a read transaction open in " + file.string() +
                ": what was written since then cannot be copied into the file, and " +
                file.filename().string() + "-wal has grown to " + std::to_string(wal.bytes >> 20) +
                " MiB" + (wal.is_full ? ". Other devices are not asked for more" : ""),
            "End that program, or the transaction in it. The rest goes by itself then. Until "
            "then changes are taken here as long as the disk has room."),
      true};
}

/// The row is named as `lanyard check --rebuild` names it.
SpaceTrouble log_trouble(const std::filesystem::path& file, const LogDamage& damage) {
  const std::size_t more = damage.rows.size() - 1;
  std::string rows = "the row of change " + std::to_string(damage.rows.front() + 1) + " of " +
                     std::to_string(damage.of);
  if (more > 0) rows += " and " + std::to_string(more) + (more == 1 ? " other row" : " other rows");
  const bool is_one = damage.changes == 1;
  return {Error(Code::kCorrupt,
                "lanyard_log in " + file.string() + " is damaged, " + rows + ": " +
                    std::to_string(damage.changes) + (is_one ? " change" : " changes") +
                    " cannot be sent to devices that lack " + (is_one ? "it" : "them") +
                    ", nor what was written on top. The records here are whole",
                "Link a device that has the space: what is damaged is fetched from it. If there is "
                "none, restore the file from a backup."),
          true};
}

void FileVault::condition_changed(const SpaceId& space, const WatchedStore& store) {
  const bool is_other_wal = wal_changed(space, store);
  const bool is_other_damage = log_damage_changed(space, store.log_damage());
  if (is_other_wal || is_other_damage) tell_condition(space, store.condition());
}

/// Nobody is asked for more while the disk has no room for it.
void FileVault::tell_condition(const SpaceId& space, StoreCondition condition) const {
  condition.may_ask = condition.may_ask && has_room_;
  if (options_.report_condition) options_.report_condition(space, condition);
}

/// There is room again, or none any more. Whom this cannot be told now is told in upkeep.
void FileVault::tell_room() {
  if (is_closed_) return;
  const auto spaces = platform_.spaces();
  is_room_untold_ = !spaces;
  if (!spaces) return;
  for (const SpaceEntry& each : *spaces) {
    const auto damaged = damaged_logs_.find(each.id);
    StoreCondition condition{!full_wals_.contains(each.id), {}};
    if (damaged != damaged_logs_.end()) condition.damaged = damaged->second.before;
    tell_condition(each.id, std::move(condition));
  }
}

/// A file that was damaged when it was open last.
void FileVault::opened_damaged(const SpaceId& space, const WatchedStore& store) {
  condition_changed(space, store);
  if (damaged_logs_.contains(space)) tell_condition(space, store.condition());
}

/// What a closed file's WAL was is no reason to ask nobody for the space: it is looked at anew when
/// the file is open again.
void FileVault::forget_wal(const SpaceId& space, const WatchedStore& store) {
  held_wals_.erase(space);
  const bool was_full = full_wals_.erase(space) > 0;
  if (was_full && !is_closed_) tell_condition(space, {true, store.log_damage().before});
}

/// Kept in platform.sqlite too: a file of which nobody knows is not opened, and not mended. True if
/// it is another thing than before.
bool FileVault::log_damage_changed(const SpaceId& space, const LogDamage& damage) {
  const auto known = damaged_logs_.find(space);
  const bool was_damaged = known != damaged_logs_.end();
  const std::vector<std::uint64_t> before =
      was_damaged ? known->second.rows : std::vector<std::uint64_t>{};
  if (damage.rows == before) {
    if (was_damaged) known->second = damage;
    return false;
  }
  const std::string key = kDamagedLogSetting + to_text(space);
  Status kept;
  if (damage.rows.empty()) {
    damaged_logs_.erase(space);
    kept = platform_.forget_setting(key);
    report(space, Error(Code::kExists, "what was damaged in lanyard_log in " +
                                           file_of(space).string() + " is whole again"));
  } else {
    damaged_logs_.insert_or_assign(space, damage);
    kept = platform_.set_setting(key, text_of(damage));
    report(space, log_trouble(file_of(space), damage).error);
  }
  if (!kept) report(space, kept.error());
  return true;
}

/// Those files are opened soon, so that somebody who is linked is asked for what is damaged.
Status FileVault::load_log_damage() {
  LANYARD_TRY_SET(const auto settings, platform_.settings_of(kDamagedLogSetting));
  for (const auto& [key, value] : settings) {
    const auto space = space_id_from_text(key.substr(std::string_view(kDamagedLogSetting).size()));
    LogDamage damage;
    damage.rows = rows_from_text(value);
    if (!space || damage.rows.empty()) continue;
    damaged_logs_.emplace(*space, std::move(damage));
    if (const Status marked = before_write(*space); !marked) report(*space, marked.error());
  }
  return {};
}

/// True if peers may be asked again, or not any more.
bool FileVault::wal_changed(const SpaceId& space, const WatchedStore& store) {
  const WalState wal = store.wal();
  const bool was_full = full_wals_.contains(space);
  wal.is_full ? void(full_wals_.insert(space)) : void(full_wals_.erase(space));
  if (wal.is_held) {
    const bool is_new = held_wals_.insert(space).second;
    if (is_new || (wal.is_full && !was_full)) report(space, wal_trouble(file_of(space), wal).error);
  } else if (held_wals_.erase(space) > 0) {
    report(space, Error(Code::kExists, "nothing keeps " + file_of(space).string() +
                                           "-wal from being copied into the file any more"));
  }
  return was_full != wal.is_full;
}

}  // namespace lanyard::storage
