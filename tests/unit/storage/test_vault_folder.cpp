#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "tests/unit/storage/test_vault.hpp"

namespace lanyard::storage {
namespace {

unsigned rights_of(const fs::path& path) {
  struct stat found {};
  REQUIRE(::stat(path.c_str(), &found) == 0);
  return found.st_mode & 07777U;
}

void make_folder(const fs::path& path, mode_t rights) {
  REQUIRE(::mkdir(path.c_str(), 0700) == 0);
  REQUIRE(::chmod(path.c_str(), rights) == 0);
}

void write_file(const fs::path& path, std::string_view content) {
  std::ofstream(path, std::ios::binary) << content;
}

std::string content_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// The error of an open that has to fail, with a fix and the name of what is wrong.
Error refusal(VaultDevice& device, const std::string& names) {
  auto opened = device.try_open();
  REQUIRE(!opened);
  INFO(opened.error().detail);
  CHECK(opened.error().detail.find(names) != std::string::npos);
  CHECK(!opened.error().fix.empty());
  return opened.error();
}

/// Rights do not bind root: as somebody else for a while.
class AsNobody {
 public:
  explicit AsNobody(const fs::path& owned) : was_root_(::geteuid() == 0) {
    if (!was_root_) return;
    REQUIRE(::chmod(owned.parent_path().c_str(), 0711) == 0);
    REQUIRE(::chown(owned.c_str(), kNobody, kNobody) == 0);
    REQUIRE(::seteuid(kNobody) == 0);
  }
  ~AsNobody() {
    if (was_root_) static_cast<void>(::seteuid(0));
  }
  AsNobody(const AsNobody&) = delete;
  AsNobody& operator=(const AsNobody&) = delete;

 private:
  static constexpr uid_t kNobody = 65534;
  bool was_root_;
};

}  // namespace

TEST_CASE("a data folder is made with those above it, and is nobody else's affair") {
  VaultDevice device;
  device.options.data_dir = device.folder() / "a" / "b";
  must(device.try_open());
  CHECK(rights_of(device.folder()) == 0700);
  CHECK(rights_of(device.folder() / "a" / "b") == 0700);
  CHECK(rights_of(device.folder() / "a" / "b" / "platform.sqlite") == 0600);
}

TEST_CASE("a data folder that others could read is closed to them, if it is ours or empty") {
  VaultDevice device;
  make_folder(device.folder(), 0755);
  must(device.try_open());
  CHECK(rights_of(device.folder()) == 0700);
  REQUIRE(::chmod(device.folder().c_str(), 0750) == 0);
  must(device.try_open());
  CHECK(rights_of(device.folder()) == 0700);
}

TEST_CASE("a folder of other things that others can read is refused and left as it is") {
  VaultDevice device;
  make_folder(device.folder(), 0755);
  write_file(device.folder() / "letter.txt", "dear");
  CHECK(refusal(device, device.folder()).is(Code::kUnsafePermissions));
  CHECK(rights_of(device.folder()) == 0755);
  CHECK(!fs::exists(device.platform()));
}

TEST_CASE("a data folder that others can write to is refused") {
  const auto rights = GENERATE(as<mode_t>{}, 0770, 0702, 0777, 01777);
  VaultDevice device;
  make_folder(device.folder(), rights);
  const Error error = refusal(device, device.folder());
  CHECK(error.is(Code::kUnsafePermissions));
  CHECK(error.fix.find("chmod 700") != std::string::npos);
}

TEST_CASE("a data folder that is a file, or lies in one, is refused") {
  VaultDevice device;
  write_file(device.folder(), "a file");
  CHECK(refusal(device, device.folder()).is(Code::kInvalidConfig));
  device.options.data_dir = device.folder() / "inside";
  CHECK(refusal(device, device.folder()).is(Code::kInvalidConfig));
  CHECK(content_of(device.folder()) == "a file");
}

TEST_CASE("an empty name for the data folder is refused") {
  VaultDevice device;
  device.options.data_dir.clear();
  CHECK(refusal(device, "data_dir").is(Code::kInvalidConfig));
}

TEST_CASE("a data folder that cannot be written is refused") {
  VaultDevice device;
  make_folder(device.folder(), 0500);
  const AsNobody nobody(device.folder());
  CHECK(refusal(device, device.folder()).is(Code::kReadOnly));
}

TEST_CASE("a data folder cannot be made where nothing can be written") {
  VaultDevice device;
  make_folder(device.folder(), 0500);
  device.options.data_dir = device.folder() / "inside";
  const AsNobody nobody(device.folder());
  CHECK(refusal(device, device.folder()).is(Code::kReadOnly));
}

TEST_CASE("a platform file of a newer Lanyard is refused, and not one byte beside it changes") {
  VaultDevice device;
  device.open();
  device.close();
  {
    std::fstream file(device.platform(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(60);  // user_version: sqlite.org/fileformat.html, 1.3
    file.write("\0\0\0\x63", 4);
  }
  const std::string before = content_of(device.platform());
  CHECK(refusal(device, device.platform()).is(Code::kNewerVersion));
  CHECK(content_of(device.platform()) == before);
  const auto names = fs::directory_iterator(device.folder());
  CHECK(std::distance(begin(names), end(names)) == 1);
}

TEST_CASE("a platform file that is not ours is refused and left as it is") {
  const std::string content =
      GENERATE(as<std::string>{}, "garbage", std::string(8192, '\0'), std::string(8192, 'x'),
               std::string("SQLite format 3\0", 16) + std::string(8000, '\x7f'));
  VaultDevice device;
  make_folder(device.folder(), 0700);
  write_file(device.platform(), content);
  CHECK(refusal(device, device.platform()).is(Code::kCorrupt));
  CHECK(content_of(device.platform()) == content);
}

TEST_CASE("a platform file with a damaged page is refused with a fix") {
  VaultDevice device;
  device.open();
  device.close();
  {
    std::fstream file(device.platform(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(100);
    file.write(std::string(4000, '\xEE').data(), 4000);
  }
  CHECK(refusal(device, device.platform()).is(Code::kCorrupt));
}

TEST_CASE("an empty platform file is one that was just made") {
  VaultDevice device;
  make_folder(device.folder(), 0700);
  write_file(device.platform(), "");
  must(device.try_open());
}

TEST_CASE("a platform file that cannot grow says so") {
  VaultDevice device;
  support::ShimDisk disk("folder-full");
  device.options.vfs = disk.name();
  disk.be_full(true);
  CHECK(refusal(device, "platform.sqlite").is(Code::kDiskFull));
  disk.be_full(false);
  must(device.try_open());
}

}  // namespace lanyard::storage
