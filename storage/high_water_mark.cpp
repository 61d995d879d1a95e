#include "storage/high_water_mark.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>

#include "storage/files.hpp"

namespace lanyard::storage {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMagic = "LNYMARK1";

void append_number(Bytes& out, std::uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8)
    out.push_back(static_cast<std::uint8_t>(value >> shift));
}

std::uint64_t number_at(ByteView bytes, std::size_t at) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < 8; ++i) value = value << 8 | bytes[at + i];
  return value;
}

template <class Fixed>
Fixed fixed_at(ByteView bytes, std::size_t at) {
  return *Fixed::from(bytes.subspan(at, Fixed::kSize));
}

Hash checksum_of(ByteView bytes, const Hasher& hasher) {
  return hasher.hash({as_bytes("lanyard-mark-v1"), bytes});
}

/// The path by which a data folder is the same one tomorrow, whatever link led to it.
std::string name_of(const fs::path& data_dir, const Hasher& hasher) {
  std::error_code failed;
  const fs::path real = fs::canonical(data_dir, failed);
  const std::string path = failed ? data_dir.lexically_normal().string() : real.string();
  const Hash hash = hasher.hash({as_bytes("lanyard-data-folder-v1"), as_bytes(path)});
  return to_hex(ByteView(hash.bytes).subspan(0, 16));
}

Status make_folders(const fs::path& folder) {
  std::error_code failed;
  fs::create_directories(folder, failed);
  if (failed) return fail(system_error(failed.value(), "Cannot make", folder));
  fs::permissions(folder, fs::perms::owner_all, failed);
  return {};
}

}  // namespace

// ---- what a mark says

Bytes encode(const HighWaterMark& mark, const Hasher& hasher) {
  Bytes out = to_bytes(as_bytes(kMagic));
  append(out, mark.store.view());
  append(out, mark.log.view());
  append_number(out, mark.head.seq.value);
  append(out, mark.head.hash.view());
  append(out, mark.machine.view());
  append_number(out, mark.inode);
  append(out, checksum_of(out, hasher).view());
  return out;
}

std::optional<HighWaterMark> decode_mark(ByteView bytes, const Hasher& hasher) {
  if (bytes.size() != kMarkBytes) return std::nullopt;
  const ByteView said = bytes.subspan(0, kMarkBytes - Hash::kSize);
  if (!std::equal(kMagic.begin(), kMagic.end(), said.begin())) return std::nullopt;
  if (fixed_at<Hash>(bytes, said.size()) != checksum_of(said, hasher)) return std::nullopt;
  HighWaterMark mark;
  mark.store = fixed_at<StoreId>(said, 8);
  mark.log = fixed_at<LogId>(said, 24);
  mark.head.seq = {number_at(said, 56)};
  mark.head.hash = fixed_at<Hash>(said, 64);
  mark.machine = fixed_at<Hash>(said, 96);
  mark.inode = number_at(said, 128);
  return mark;
}

Hash machine_of(const Hasher& hasher) {
  std::string id;
  std::ifstream in("/etc/machine-id");
  std::getline(in, id);
  return hasher.hash({as_bytes("lanyard-machine-v1"), as_bytes(id)});
}

std::uint64_t lasting_inode(const fs::path& file) {
  static constexpr auto kKeepInodes = std::to_array<std::uint32_t>(
      {0xEF53 /* ext2 to ext4 */, 0x58465342 /* XFS */, 0x9123683E /* Btrfs */,
       0xF2F52010 /* F2FS */, 0x2FC12FC1 /* ZFS */, 0x01021994 /* tmpfs */});
  struct statfs system {};
  struct stat found {};
  if (::statfs(file.c_str(), &system) != 0 || ::stat(file.c_str(), &found) != 0) return 0;
  const auto kind = static_cast<std::uint32_t>(system.f_type);
  const bool keeps = std::find(kKeepInodes.begin(), kKeepInodes.end(), kind) != kKeepInodes.end();
  return keeps ? found.st_ino : 0;
}

// ---- its file

MarkFile::~MarkFile() {
  if (file_ >= 0) ::close(file_);
}

Status MarkFile::open() {
  if (file_ >= 0) return {};
  if (path_.empty()) return fail(Code::kReadOnly, "no folder for high-water marks was given");
  LANYARD_TRY(make_folders(path_.parent_path()));
  file_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file_ < 0) return fail(system_error(errno, "Cannot open the high-water mark", path_));
  struct stat found {};
  // What is longer is no mark of ours, and would stay longer.
  const bool is_longer = ::fstat(file_, &found) == 0 && found.st_size > std::ptrdiff_t{kMarkBytes};
  if (is_longer && ::ftruncate(file_, 0) != 0)
    return fail(system_error(errno, "Cannot empty the high-water mark", path_));
  return {};
}

Result<Bytes> MarkFile::read() const {
  if (path_.empty()) return Bytes{};
  const int file = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (file < 0 && (errno == ENOENT || errno == ENOTDIR)) return Bytes{};
  if (file < 0) return fail(system_error(errno, "Cannot read the high-water mark", path_));
  Bytes bytes(kMarkBytes + 1);  // one more than a mark has: what is longer is none
  const ssize_t got = ::pread(file, bytes.data(), bytes.size(), 0);
  const int problem = errno;
  ::close(file);
  if (got < 0) return fail(system_error(problem, "Cannot read the high-water mark", path_));
  bytes.resize(static_cast<std::size_t>(got));
  return bytes;
}

Status MarkFile::write(ByteView bytes) {
  LANYARD_TRY(open());
  is_synced_ = false;
  const ssize_t put = ::pwrite(file_, bytes.data(), bytes.size(), 0);
  if (put == static_cast<ssize_t>(bytes.size())) return {};
  const int problem = put < 0 ? errno : ENOSPC;
  return fail(system_error(problem, "Cannot write the high-water mark", path_));
}

Status MarkFile::sync() {
  if (is_synced_ || file_ < 0) return {};
  if (::fdatasync(file_) != 0)
    return fail(system_error(errno, "Cannot sync the high-water mark", path_));
  is_synced_ = true;
  return {};
}

Status MarkFile::remove() {
  if (file_ >= 0) ::close(file_);
  file_ = -1;
  is_synced_ = true;
  if (path_.empty()) return {};
  if (::unlink(path_.c_str()) == 0) return sync_folder(path_.parent_path());
  if (errno == ENOENT || errno == ENOTDIR) return {};
  return fail(system_error(errno, "Cannot remove the high-water mark", path_));
}

// ---- the folder

MarkFolder::MarkFolder(const fs::path& marks, const fs::path& data_dir, const Hasher& hasher)
    : hasher_(hasher), machine_(machine_of(hasher)) {
  if (!marks.empty()) folder_ = marks / name_of(data_dir, hasher);
}

std::unique_ptr<MarkFile> MarkFolder::start_file() const {
  return std::make_unique<MarkFile>(folder_.empty() ? fs::path() : folder_ / "start");
}

std::unique_ptr<MarkFile> MarkFolder::file(const SpaceId& space) const {
  return std::make_unique<MarkFile>(folder_.empty() ? fs::path() : folder_ / to_text(space));
}

}  // namespace lanyard::storage
