#include <sys/stat.h>

#include <algorithm>

#include "storage/file_vault.hpp"
#include "storage/files.hpp"
#include "storage/space_file.hpp"
#include "storage/space_name.hpp"
#include "storage/wal_damage.hpp"

/// What the files of a data folder hold when an agent starts, against what platform.sqlite and the
/// high-water marks say of them: rotten, restored and lost files are found before somebody misses
/// what was in them.
namespace lanyard::storage {
namespace {

namespace fs = std::filesystem;

/// Clocks of two machines that are both right.
constexpr std::chrono::milliseconds kClocksApart{1000};

std::string counted(std::uint64_t count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

bool has_bytes(const fs::path& file) {
  struct stat found {};
  return ::stat(file.c_str(), &found) == 0 && found.st_size > 0;
}

SpaceTrouble trouble_of(const LostWrites& lost) {
  return {Error(Code::kCorrupt,
                counted(lost.count(), "change") +
                    " that this device wrote here and acknowledged are not in the file any more: "
                    "it was restored from a backup, or its last bytes were damaged",
                "Link a device that has the space: what it holds of them comes back from there. Or "
                "stop the agent and restore a newer backup. If nobody has them:  lanyard space "
                "accept-loss SPACE"),
          true};
}

std::string text_of(const LostWrites& lost) {
  return to_hex(lost.last.log.view()) + " " + std::to_string(lost.last.seq.value) + " " +
         std::to_string(lost.held.value);
}

std::optional<LostWrites> lost_from_text(const std::string& text) {
  const std::size_t hex = LogId::kSize * 2;
  const auto bytes = from_hex(std::string_view(text).substr(0, hex));
  if (text.size() <= hex || !bytes) return std::nullopt;
  LostWrites lost{{*LogId::from(*bytes), {}}, {}};
  char* behind = nullptr;
  lost.last.seq.value = std::strtoull(text.c_str() + hex, &behind, 10);
  lost.held.value = std::strtoull(behind, nullptr, 10);
  return lost;
}

}  // namespace

// ---- at the start

Status FileVault::look_over() {
  LANYARD_TRY(load_losses());
  LANYARD_TRY(load_log_damage());
  if (platform_.wal_damage()) {
    warnings_.emplace_back(
        Code::kCorrupt,
        "the write-ahead log of platform.sqlite is damaged: " +
            counted(platform_.wal_damage()->commits_lost, "commit") + " at its end cannot be read",
        "Look at  lanyard devices  and  lanyard token list : pair again, and allow again, what is "
        "missing. Check the disk.");
  }
  LANYARD_TRY_SET(const auto known, platform_.known_spaces());
  LANYARD_TRY_SET(const bool wants_open, is_put_back());
  for (const auto& [space, has_data] : known)
    if (has_data) look_at_file(space, wants_open);
  std::vector<SpaceId> unknown;
  for (const SpaceId& space : spaces_on_disk(options_.data_dir))
    if (!known.contains(space)) unknown.push_back(space);
  return unknown.empty() ? Status() : take_in(unknown);
}

/// Whether platform.sqlite is not as the last start left it: an older copy, or that of another one.
/// Where inodes say nothing (overlays, FAT) that is all that a folder shows which was put back.
/// From now on it is as this start leaves it.
Result<bool> FileVault::is_put_back() {
  if (!marks_.is_kept()) return false;
  const auto file = marks_.start_file();
  LANYARD_TRY_SET(const auto here, platform_.setting(kStartSetting));
  const auto outside = file->read();
  const bool is_same = here && outside && from_hex(*here) == *outside;
  FixedBytes<struct StartTag, 16> start;
  ports_.rng.fill(start.bytes);
  // Where one of the two cannot be written they differ at the next start, which opens more files.
  if (file->write(start.view()))
    static_cast<void>(platform_.set_setting(kStartSetting, to_hex(start.view())));
  return here && !is_same;
}

/// Opens it soon if it may not be what platform.sqlite takes it for; reports it if it is gone.
void FileVault::look_at_file(const SpaceId& space, bool wants_open) {
  const fs::path file = file_of(space);
  if (const Status there = check_space_file(file); !there) {
    troubles_.insert_or_assign(space, SpaceTrouble{there.error()});
    return report(space, there.error());
  }
  const auto damage = find_wal_damage(file);
  if (damage)
    report(space,
           Error(Code::kCorrupt,
                 "the write-ahead log of the space is damaged: " +
                     counted(damage->commits_lost, "commit") +
                     " at its end cannot be read. What other devices have is fetched again"));
  const auto mark_bytes = marks_.file(space)->read();
  const auto mark = mark_bytes ? decode_mark(*mark_bytes, ports_.hasher) : std::nullopt;
  const bool is_another = wants_open || (mark && mark->inode != lasting_inode(file));
  if (!is_another && has_bytes(file) && !has_bytes(beside(file, "-wal"))) return;
  if (const Status marked = before_write(space); !marked) return report(space, marked.error());
  if (!damage) return;
  // What lies behind the damage would be taken for new damage at the next start.
  if (const auto store = open_store(space)) static_cast<void>((*store)->checkpoint());
}

/// Files of spaces that platform.sqlite does not list: it lost its last bytes, or an older copy of
/// it was put here, or a new one made.
Status FileVault::take_in(const std::vector<SpaceId>& found) {
  std::vector<std::pair<std::size_t, SpaceId>> taken;
  for (const SpaceId& space : found) {
    const auto opened =
        open_space_file({file_of(space), space, true, 64, options_.vfs}, ports_.rng);
    if (!opened) {
      report(space, opened.error());
      continue;
    }
    Platform::Space row;
    row.id = space;
    LANYARD_TRY_SET(row.name, free_space_name(name_made_of(space)));
    row.has_data = true;
    row.is_dirty = true;
    LANYARD_TRY(platform_.add_space(row, {}));
    dirty_.insert(space);
    const auto store = open_store(space);
    if (!store) {
      report(space, store.error());
      continue;
    }
    const std::vector<DeviceId> members = (*store)->state().log.members();
    LANYARD_TRY(platform_.set_members(space, members, ports_.signer.device()));
    taken.emplace_back(members.size(), space);
  }
  // Of two that have one name, and be it `default`, the one with more members gets it.
  std::stable_sort(taken.begin(), taken.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  std::string names;
  for (const auto& [members, space] : taken) {
    LANYARD_TRY(take_name(space));
    LANYARD_TRY_SET(const auto row, platform_.space(space));
    if (row) names += (names.empty() ? "" : ", ") + row->name;
  }
  if (taken.empty()) return {};
  warnings_.emplace_back(Code::kCorrupt,
                         "platform.sqlite did not know " + counted(taken.size(), "space") +
                             " whose files are here, and took them in again: " + names,
                         "Look at  lanyard space list  and  lanyard devices : give names, pair and "
                         "allow again what is missing.");
  return {};
}

// ---- what was acknowledged and is not here

Status FileVault::load_losses() {
  for (const auto& [prefix, losses] : {std::pair(std::string_view(kLostSetting), &lost_),
                                       std::pair(std::string_view(kAcceptedSetting), &accepted_)}) {
    LANYARD_TRY_SET(const auto settings, platform_.settings_of(std::string(prefix)));
    for (const auto& [key, value] : settings) {
      const auto space = space_id_from_text(key.substr(prefix.size()));
      const auto lost = lost_from_text(value);
      if (space && lost) losses->emplace(*space, *lost);
    }
  }
  return {};
}

/// A store was opened just now.
void FileVault::note_loss(const SpaceId& space, WatchedStore& store, bool had_data) {
  if (had_data && store.state().is_new) {
    if (const Status marked = before_write(space); !marked) report(space, marked.error());
    report(space,
           Error(Code::kCorrupt,
                 "the file of the space is empty: what other devices have is fetched again"));
  }
  const auto& lost = store.continuity()->lost();
  if (!lost) return look_for_lost(space, store);
  const auto known = lost_.find(space);
  if (known != lost_.end() && known->second.last == lost->last) return look_for_lost(space, store);
  const auto accepted = accepted_.find(space);
  if (accepted != accepted_.end() && accepted->second.last == lost->last &&
      accepted->second.held.value <= lost->held.value)
    return;
  lost_.insert_or_assign(space, *lost);
  report(space, trouble_of(*lost).error);
  // Where nobody else has the space nothing brings it back, and it is told until the agent ends.
  if (!has_other_members(space)) return;
  const Status kept = platform_.set_setting(kLostSetting + to_text(space), text_of(*lost));
  if (!kept) report(space, kept.error());
}

Result<std::uint64_t> FileVault::accept_loss(const SpaceId& space) {
  const auto known = lost_.find(space);
  if (known == lost_.end())
    return fail(Code::kNotFound, "nothing that this device wrote to the space is missing");
  const LostWrites lost = known->second;
  LANYARD_TRY(platform_.set_setting(kAcceptedSetting + to_text(space), text_of(lost)));
  LANYARD_TRY(platform_.forget_setting(kLostSetting + to_text(space)));
  accepted_.insert_or_assign(space, lost);
  lost_.erase(known);
  return lost.count();
}

void FileVault::look_for_lost(const SpaceId& space, const WatchedStore& store) {
  const auto known = lost_.find(space);
  if (known == lost_.end()) return;
  const VectorClock held = store.state().log.clock();
  const auto log = held.find(known->second.last.log);
  if (log == held.end() || log->second.seq < known->second.last.seq) return;
  const std::string what = counted(known->second.count(), "change");
  report(space, Error(Code::kExists, what + " that the file of the space had lost came back"));
  lost_.erase(known);
  if (const Status dropped = platform_.forget_setting(kLostSetting + to_text(space)); !dropped)
    report(space, dropped.error());
}

bool FileVault::has_other_members(const SpaceId& space) {
  const auto members = platform_.members_of(space);
  return members && members->size() > 1;
}

// ---- what is told

void FileVault::applied(const SpaceId& space, const WatchedStore& store,
                        const ApplyOutcome& outcome, WallTime wall) {
  look_for_lost(space, store);
  // When this vault was opened, by the clock of now: that may have been set since.
  const auto open_for = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - opened_);
  if (outcome.own_elsewhere_ms <= wall.ms - open_for.count() + kClocksApart.count()) return;
  const auto copied = Error(
      Code::kForked,
      "a copy of this device's data folder is running: it wrote to the space, with the identity of "
      "this device, after this agent was started",
      "Keep one of the two. At the other one:  lanyard down , move its identity.key out of the "
      "data "
      "folder, lanyard up , and pair it: it is a device of its own then, with its data.");
  if (copies_.emplace(space, SpaceTrouble{copied, true}).second) report(space, copied);
}

void FileVault::found_damage(const SpaceId& space, const Error& what) {
  Error told(Code::kCorrupt, "the file of the space is damaged: " + what.detail,
             "Run  lanyard check : it names what is damaged, and what to do.");
  if (damaged_.emplace(space, SpaceTrouble{told}).second) report(space, told);
}

std::map<SpaceId, SpaceTrouble> FileVault::troubles() {
  std::map<SpaceId, SpaceTrouble> all = troubles_;
  for (auto& [space, error] : files_.failures()) all.insert_or_assign(space, SpaceTrouble{error});
  all.insert(damaged_.begin(), damaged_.end());
  for (const auto& [space, lost] : lost_) all.emplace(space, trouble_of(lost));
  for (const auto& [space, damage] : damaged_logs_)
    if (damage.of > 0) all.emplace(space, log_trouble(file_of(space), damage));
  for (const auto& [space, wal] : files_.held_wals())
    all.emplace(space, wal_trouble(file_of(space), wal));
  all.insert(copies_.begin(), copies_.end());
  return all;
}

}  // namespace lanyard::storage
