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

void FileVault::condition_changed(const SpaceId& space, const WatchedStore& store) {
  const WalState wal = store.wal();
  const bool was_full = full_wals_.contains(space);
  wal.is_full ? void(full_wals_.insert(space)) : void(full_wals_.erase(space));
  if (was_full != wal.is_full && options_.report_condition)
    options_.report_condition(space, store.condition());
  if (wal.is_held) {
    const bool is_new = held_wals_.insert(space).second;
    if (is_new || (wal.is_full && !was_full)) report(space, wal_trouble(file_of(space), wal).error);
  } else if (held_wals_.erase(space) > 0) {
    report(space, Error(Code::kExists, "nothing keeps " + file_of(space).string() +
                                           "-wal from being copied into the file any more"));
  }
}

}  // namespace lanyard::storage
