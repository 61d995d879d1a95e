#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "storage/space_reader.hpp"
#include "tests/unit/storage/test_vault.hpp"

/// Other programs look into the files while the agent runs: `sqlite3`, `lanyard check`, backups.
namespace lanyard::storage {
namespace {

/// Whether another process could lock the whole database for itself, which whoever closes it last
/// does before it throws the WAL away.
bool could_be_locked_by_others(const fs::path& file) {
  const pid_t child = ::fork();
  if (child == 0) {
    constexpr off_t kPendingByte = 0x40000000;  // sqlite.org/fileformat2.html: the lock-byte page
    struct flock lock {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    lock.l_start = kPendingByte;
    lock.l_len = 512;
    const int opened = ::open(file.c_str(), O_RDWR | O_CLOEXEC);
    ::_exit(::fcntl(opened, F_GETLK, &lock) == 0 && lock.l_type == F_UNLCK ? 1 : 0);
  }
  int status = 0;
  LANYARD_CHECK(::waitpid(child, &status, 0) == child && WIFEXITED(status), "the child ended");
  return WEXITSTATUS(status) == 1;
}

}  // namespace

TEST_CASE("a file that is opened again beside a reader keeps the locks that save its WAL") {
  VaultDevice device;
  device.open();
  const SpaceId space = device.create("Notes");
  device.write(space, put("first", {{"n", 1}}));
  const fs::path file = device.vault().file_of(space);
  const crypto::SodiumHasher hasher;
  const auto reader = must(SpaceReader::open(file, space, hasher));
  CHECK(must(reader->get("notes", "first")).json == R"({"n":1})");
  CHECK(!could_be_locked_by_others(file));
  device.open();  // as after a minute of rest: the writer comes again, the reader was there
  device.write(space, put("second", {{"n", 2}}));
  CHECK(!could_be_locked_by_others(file));
  device.close();
}

}  // namespace lanyard::storage
