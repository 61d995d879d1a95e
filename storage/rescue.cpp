#include "storage/rescue.hpp"

#include "storage/file_swap.hpp"
#include "storage/files.hpp"
#include "storage/space_file.hpp"

namespace lanyard::storage {
namespace {

namespace fs = std::filesystem;

fs::path part_of(const fs::path& file) { return beside(file, ".rescue-part"); }
fs::path whole_of(const fs::path& file) { return beside(file, ".rescued"); }

Status copy_out(const fs::path& file, const fs::path& to) {
  LANYARD_TRY(remove_file(to));
  LANYARD_TRY(make_private_file(to));
  LANYARD_TRY_SET(Database database, Database::open(file, Database::Mode::kReadOnly, {}));
  // What is written is another file.
  LANYARD_TRY(database.execute("PRAGMA query_only=OFF"));
  return database.execute("VACUUM INTO " + sql_quoted(to.string(), '\''));
}

/// What the old file's last transactions wrote may be lost or may come back: the copy does not go
/// on with its own log.
Status start_anew(const fs::path& copy, Rng& rng) {
  LANYARD_TRY_SET(Database database, Database::open(copy, Database::Mode::kReadWrite, {}));
  LANYARD_TRY_SET(const auto incarnations, read_incarnations(database));
  LANYARD_TRY(database.begin(Sync::kFull));
  LANYARD_TRY(incarnations.back().log ? add_incarnation(database, rng)
                                      : renew_incarnation(database, rng));
  LANYARD_TRY(database.commit());
  return database.checkpoint();
}

}  // namespace

Status finish_rescue(const fs::path& file) {
  std::error_code ignored;
  if (!fs::exists(whole_of(file), ignored)) return {};
  const auto swap = begin_swap();
  if (fs::exists(file, ignored)) {
    LANYARD_TRY(remove_file(beside(file, ".broken-wal")));
    LANYARD_TRY(move_file(file, beside(file, ".broken")));
  }
  // A WAL that outlived its file would be replayed into the copy. It goes with the file: what was
  // written last stands only there.
  if (fs::exists(beside(file, "-wal"), ignored))
    LANYARD_TRY(move_file(beside(file, "-wal"), beside(file, ".broken-wal")));
  LANYARD_TRY(remove_file(beside(file, "-shm")));
  LANYARD_TRY(sync_folder(file.parent_path()));
  LANYARD_TRY(move_file(whole_of(file), file));
  return sync_folder(file.parent_path());
}

Status rescue(const fs::path& file, const Ports& ports) {
  const fs::path part = part_of(file);
  LANYARD_TRY(copy_out(file, part));
  LANYARD_TRY(start_anew(part, ports.rng));
  LANYARD_TRY(remove_file(beside(part, "-wal")));
  LANYARD_TRY(remove_file(beside(part, "-shm")));
  LANYARD_TRY(sync_file(part));
  // From here on the copy is the file, whatever happens.
  LANYARD_TRY(move_file(part, whole_of(file)));
  LANYARD_TRY(sync_folder(file.parent_path()));
  return finish_rescue(file);
}

}  // namespace lanyard::storage
