#include "storage/wal_readers.hpp"

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "storage/files.hpp"

namespace lanyard::storage {
namespace {

/// Where readers lock the -shm file: WAL_READ_LOCK(0) to (4) of SQLite's file format, section 4.4.
/// The first is of those who read the file alone, and are in nobody's way for long.
constexpr std::uint64_t kReadLocksFrom = 124;
constexpr std::uint64_t kReadLocksTo = 127;

/// A line of /proc/locks: "7: POSIX  ADVISORY  READ 4711 08:01:131 124 124".
struct Lock {
  std::string kind;
  pid_t process = 0;
  std::string file;
  std::uint64_t from = 0;
  std::uint64_t to = 0;
};

std::optional<Lock> lock_in(const std::string& line) {
  Lock lock;
  std::string number;
  std::string type;
  std::string advisory;
  std::istringstream in(line);
  // "EOF" for the end of a lock of a whole file: no lock of ours.
  in >> number >> type >> advisory >> lock.kind >> lock.process >> lock.file >> lock.from >>
      lock.to;
  return in && type == "POSIX" ? std::optional(lock) : std::nullopt;
}

/// As /proc/locks writes device and inode.
std::string place_of(const struct stat& file) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%02x:%02x:%llu", major(file.st_dev), minor(file.st_dev),
                static_cast<unsigned long long>(file.st_ino));
  return text.data();
}

/// One that this process has started and keeps from gaining rights: it answers SQL, and ends by
/// itself within seconds.
bool is_own_child(pid_t process) {
  std::ifstream status("/proc/" + std::to_string(process) + "/status");
  const std::string ours = "PPid:\t" + std::to_string(::getpid());
  bool is_child = false;
  bool is_kept = false;
  for (std::string line; std::getline(status, line);) {
    is_child = is_child || line == ours;
    is_kept = is_kept || line == "NoNewPrivs:\t1";
  }
  return is_child && is_kept;
}

}  // namespace

std::optional<WalReader> other_reader_of(const std::filesystem::path& database) {
  struct stat shm {};
  if (::stat(beside(database, "-shm").c_str(), &shm) != 0) return std::nullopt;
  const std::string place = place_of(shm);
  std::ifstream locks("/proc/locks");
  for (std::string line; std::getline(locks, line);) {
    const auto lock = lock_in(line);
    const bool is_read = lock && lock->kind == "READ" && lock->file == place &&
                         lock->from <= kReadLocksTo && lock->to >= kReadLocksFrom;
    if (!is_read || lock->process <= 0 || lock->process == ::getpid() ||
        is_own_child(lock->process))
      continue;
    WalReader reader{lock->process, {}};
    std::ifstream name("/proc/" + std::to_string(lock->process) + "/comm");
    std::getline(name, reader.name);
    // A program chooses its name, and terminals obey some characters.
    std::replace_if(
        reader.name.begin(), reader.name.end(),
        [](unsigned char each) { return each < 0x20 || each >= 0x7f; }, '?');
    return reader;
  }
  return std::nullopt;
}

}  // namespace lanyard::storage
