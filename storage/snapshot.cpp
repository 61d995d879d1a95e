#include "storage/snapshot.hpp"

#include <algorithm>
#include <vector>

#include "storage/files.hpp"
#include "storage/sqlite.hpp"

namespace lanyard::storage {
namespace {

namespace fs = std::filesystem;

/// The space's id and 15 digits of milliseconds: names sort by time.
fs::path snapshot_name(const SpaceId& space, std::int64_t now_ms) {
  std::string digits = std::to_string(now_ms);
  digits.insert(0, digits.size() < 15 ? 15 - digits.size() : 0, '0');
  return to_text(space) + "-" + digits + ".db";
}

Status make_snapshot_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directory(folder, error);
  if (error) return fail(Code::kInputOutput, folder.string() + ": " + error.message());
  fs::permissions(folder, fs::perms::owner_all, error);
  return {};
}

Status copy_database(const fs::path& file, const fs::path& to) {
  LANYARD_TRY(remove_file(to));
  LANYARD_TRY(make_private_file(to));
  LANYARD_TRY_SET(Database source, Database::open(file, Database::Mode::kReadOnly, {}));
  {
    LANYARD_TRY_SET(Database target, Database::open(to, Database::Mode::kReadWrite, {}));
    LANYARD_TRY(source.copy_into(target));
    // One file, which can be copied elsewhere by itself.
    LANYARD_TRY(target.checkpoint());
  }
  return sync_file(to);
}

Status forget_oldest(const SpaceId& space, const fs::path& folder) {
  std::vector<fs::path> kept;
  std::error_code error;
  const std::string beginning = to_text(space) + "-";
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(beginning) && name.ends_with(".db")) kept.push_back(entry.path());
  }
  std::sort(kept.begin(), kept.end());
  while (kept.size() > kSnapshotsKept) {
    LANYARD_TRY(remove_file(kept.front()));
    kept.erase(kept.begin());
  }
  return {};
}

}  // namespace

Result<fs::path> take_snapshot(const fs::path& file, const SpaceId& space, const fs::path& folder,
                               std::int64_t now_ms) {
  LANYARD_TRY(make_snapshot_folder(folder));
  const fs::path to = folder / snapshot_name(space, now_ms);
  const fs::path part = beside(to, ".part");
  Status copied = copy_database(file, part);
  if (copied) copied = move_file(part, to);
  if (copied) copied = sync_folder(folder);
  if (!copied) {
    static_cast<void>(remove_file(part));
    return fail(copied.error());
  }
  LANYARD_TRY(forget_oldest(space, folder));
  return to;
}

}  // namespace lanyard::storage
