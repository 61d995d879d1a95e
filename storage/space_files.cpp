#include "storage/space_files.hpp"

#include <algorithm>

#include "replication/types/limits.hpp"
#include "storage/descriptors.hpp"
#include "storage/rescue.hpp"

namespace lanyard::storage {

std::filesystem::path space_file(const std::filesystem::path& folder, const SpaceId& space) {
  const std::string id = to_text(space);
  return folder / id.substr(0, 2) / (id + ".db");
}

std::vector<SpaceId> spaces_on_disk(const std::filesystem::path& folder) {
  namespace fs = std::filesystem;
  std::vector<SpaceId> out;
  std::error_code ignored;
  for (const auto& part : fs::directory_iterator(folder, ignored)) {
    const std::string name = part.path().filename().string();
    if (name.size() != 2 || !part.is_directory(ignored)) continue;
    for (const auto& file : fs::directory_iterator(part.path(), ignored)) {
      const auto space = space_id_from_text(file.path().stem().string());
      // In another folder, or with capital letters, nobody would find it.
      if (space && file.path() == space_file(folder, *space)) out.push_back(*space);
    }
  }
  std::sort(out.begin(), out.end());
  return out;
}

Error space_file_gone(const std::filesystem::path& file) {
  return Error(Code::kCorrupt, "the file " + file.string() + " is gone",
               "Restore it from a backup. Or fetch the space again from your other devices:  "
               "lanyard down , make an empty file of this name, lanyard up");
}

Status check_space_file(const std::filesystem::path& file) {
  LANYARD_TRY(finish_rescue(file));
  std::error_code ignored;
  if (std::filesystem::exists(file, ignored)) return {};
  return fail(space_file_gone(file));
}

SpaceFiles::Place SpaceFiles::find(const SpaceId& space) {
  return std::find_if(open_.begin(), open_.end(),
                      [&](const Open& each) { return each.space == space; });
}

WatchedStore* SpaceFiles::use(const SpaceId& space) {
  const Place place = find(space);
  if (place == open_.end()) return nullptr;
  place->is_used = true;
  open_.splice(open_.begin(), open_, place);
  return place->store.get();
}

WatchedStore* SpaceFiles::look_at(const SpaceId& space) {
  const Place place = find(space);
  return place == open_.end() ? nullptr : place->store.get();
}

WatchedStore& SpaceFiles::keep(const SpaceId& space, std::unique_ptr<WatchedStore> store) {
  const std::size_t most = within_descriptors(2, limits::kOpenSpacesMax);
  while (open_.size() >= most) close(std::prev(open_.end()));
  open_.push_front({space, std::move(store), true, {}});
  return *open_.front().store;
}

void SpaceFiles::close(const SpaceId& space) {
  const Place place = find(space);
  if (place != open_.end()) close(place);
}

void SpaceFiles::close(Place place) {
  before_close_(place->space, *place->store);
  open_.erase(place);
}

void SpaceFiles::close_all() {
  while (!open_.empty()) close(open_.begin());
}

bool SpaceFiles::close_idle(WallTime now) {
  const std::chrono::milliseconds limit = limits::kSpaceIdleClose;
  for (Place each = open_.begin(); each != open_.end(); ++each) {
    // A clock that was set back begins a new count.
    if (each->is_used || now < each->last_used) each->last_used = now;
    each->is_used = false;
  }
  const Place idle = std::find_if(open_.begin(), open_.end(), [&](const Open& each) {
    return now.ms - each.last_used.ms >= limit.count() && each.store->may_close();
  });
  if (idle == open_.end()) return false;
  close(idle);
  return true;
}

bool SpaceFiles::sync_mark(WallTime now) {
  return std::any_of(open_.begin(), open_.end(), [&](const Open& each) {
    LogContinuity* const continuity = each.store->continuity();
    return continuity != nullptr && continuity->sync_if_due(now);
  });
}

void SpaceFiles::tend_wals() {
  // What fails is noted by the store, and reported when it is closed.
  for (const Open& each : open_) static_cast<void>(each.store->tend_wal());
}

bool SpaceFiles::wants_look() const {
  return std::any_of(open_.begin(), open_.end(),
                     [](const Open& each) { return each.store->wal().wants_look; });
}

std::vector<std::pair<SpaceId, WalState>> SpaceFiles::held_wals() const {
  std::vector<std::pair<SpaceId, WalState>> out;
  for (const Open& each : open_)
    if (each.store->wal().is_held) out.emplace_back(each.space, each.store->wal());
  return out;
}

std::vector<std::pair<SpaceId, Error>> SpaceFiles::failures() const {
  std::vector<std::pair<SpaceId, Error>> out;
  for (const Open& each : open_)
    if (each.store->failure()) out.emplace_back(each.space, *each.store->failure());
  return out;
}

WatchedStore* SpaceFiles::wanting_tidy() {
  const Place place = std::find_if(open_.begin(), open_.end(),
                                   [](const Open& each) { return each.store->wants_tidy(); });
  return place == open_.end() ? nullptr : place->store.get();
}

}  // namespace lanyard::storage
