#pragma once

#include <filesystem>
#include <map>

#include "storage/store.hpp"

/// How far this device has written in a space, kept outside the data folder (ADR 0011,
/// docs/STORAGE.md): a store that was restored, copied or rolled back does not fit to it, and so
/// learns that its own log may go on elsewhere.
namespace lanyard::storage {

/// What one mark says. Store, machine and inode name the one file that may go on with the log.
struct HighWaterMark {
  StoreId store;
  LogId log;                ///< of the present incarnation, from before its first change on
  Head head;                ///< of that log; seq 0: nothing is written yet
  Hash machine;             ///< of /etc/machine-id
  std::uint64_t inode = 0;  ///< of the space's file; 0 where the file system does not keep it
  friend bool operator==(const HighWaterMark&, const HighWaterMark&) = default;
};

/// The bytes of a mark, its checksum included: less than a sector, so that a disk writes all of
/// them or none.
inline constexpr std::size_t kMarkBytes = 168;
static_assert(kMarkBytes < 512);
[[nodiscard]] Bytes encode(const HighWaterMark& mark, const Hasher& hasher);
/// Nothing for bytes that encode() did not write.
[[nodiscard]] std::optional<HighWaterMark> decode_mark(ByteView bytes, const Hasher& hasher);

/// The identity of this machine's system, hashed: marks are not to tell it. The same for all
/// machines that have none (/etc/machine-id is missing in some containers).
[[nodiscard]] Hash machine_of(const Hasher& hasher);

/// The file's inode where the file system keeps it as long as the file lives: those that store it
/// (ext, XFS, Btrfs, F2FS, ZFS) or hold the file in memory (tmpfs). 0 for all others: FAT, exFAT,
/// NTFS, FUSE and overlays make numbers up when a file is looked at, so that the same file has
/// another one tomorrow.
[[nodiscard]] std::uint64_t lasting_inode(const std::filesystem::path& file);

/// One mark's file, written in place. The first write makes it, and its folder.
class MarkFile {
 public:
  explicit MarkFile(std::filesystem::path path) : path_(std::move(path)) {}
  ~MarkFile();
  MarkFile(const MarkFile&) = delete;
  MarkFile& operator=(const MarkFile&) = delete;

  /// Empty: there is no such file. An error: there is one, and what it says is not known.
  [[nodiscard]] Result<Bytes> read() const;
  /// One pwrite, no sync.
  [[nodiscard]] Status write(ByteView bytes);
  /// What was written survives a power cut. Nothing to do if nothing was written since.
  [[nodiscard]] Status sync();
  [[nodiscard]] bool is_synced() const { return is_synced_; }
  /// Gone for good, also after a power cut. Fine if there is none.
  [[nodiscard]] Status remove();

 private:
  [[nodiscard]] Status open();

  std::filesystem::path path_;
  int file_ = -1;
  bool is_synced_ = true;
};

/// The marks of one data folder: `<marks>/<hash of the data folder's path>/<space id>`. A folder
/// that was moved, or copied on the same machine, has no marks where it is now.
class MarkFolder {
 public:
  /// An empty `marks`: nothing is kept beyond the life of this object.
  MarkFolder(const std::filesystem::path& marks, const std::filesystem::path& data_dir,
             const Hasher& hasher);

  [[nodiscard]] std::unique_ptr<MarkFile> file(const SpaceId& space) const;
  /// Beside those of the spaces: which start of an agent on this data folder was the last.
  [[nodiscard]] std::unique_ptr<MarkFile> start_file() const;
  [[nodiscard]] bool is_kept() const { return !folder_.empty(); }
  [[nodiscard]] const Hash& machine() const { return machine_; }
  [[nodiscard]] const Hasher& hasher() const { return hasher_; }

  /// Marks that could not be written to the disk: as good, until this process ends.
  std::map<SpaceId, HighWaterMark> unwritten;

 private:
  std::filesystem::path folder_;
  const Hasher& hasher_;
  Hash machine_;
};

}  // namespace lanyard::storage
