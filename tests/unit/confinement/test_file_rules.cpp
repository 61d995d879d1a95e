#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <cstdlib>
#include <fstream>

#include "confinement/file_rules.hpp"
#include "confinement/privacy.hpp"

namespace {

namespace fs = std::filesystem;
using namespace lanyard::confinement;

/// A folder with "own" and "other" in it, each with a file "it".
class TwoFolders {
 public:
  TwoFolders() {
    std::string name = (fs::temp_directory_path() / "lanyard-test-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path = name;
    for (const char* folder : {"own", "other"}) {
      fs::create_directory(path / folder);
      std::ofstream(path / folder / "it") << "it";
    }
  }
  ~TwoFolders() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
  [[nodiscard]] std::vector<FileRule> rules() const {
    return {{path / "own", FileUse::kOwnFolder, true},
            {"/proc", FileUse::kRead},
            {"/usr/lib", FileUse::kRun},
            {"/lib64", FileUse::kRun},
            {"/dev/null", FileUse::kDevice, true},
            {"/nonexistent", FileUse::kRead}};
  }
  fs::path path;
};

/// Tried in a process of its own, which is under the rules for good: the exit code.
template <typename Attempt>
int under(const std::vector<FileRule>& rules, Attempt attempt) {
  const pid_t process = ::fork();
  if (process == 0) {
    if (!keep_private() || !allow_files(rules)) ::_exit(99);
    ::_exit(attempt());
  }
  int status = 0;
  ::waitpid(process, &status, 0);
  return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
}

/// 0: it could be opened; else the error.
int opened(const fs::path& file, int flags) {
  return ::open(file.c_str(), flags | O_CLOEXEC, 0600) >= 0 ? 0 : errno;
}

/// A build with a sanitizer makes none. Elsewhere a kernel without them (before Linux 5.19, or with
/// no "landlock" in its lsm=) is no machine for these tests: they fail there.
bool can_have_rules() {
  if (!is_confinable_build()) return false;
  INFO("these tests want a kernel with Landlock of version 2: Linux 5.19, lsm=landlock,...");
  REQUIRE(under({}, [] { return 0; }) == 0);
  return true;
}

/// The version of this kernel's Landlock.
long version_of_rules() {
  return ::syscall(SYS_landlock_create_ruleset, nullptr, 0,
                   1 /* LANDLOCK_CREATE_RULESET_VERSION */);
}

}  // namespace

TEST_CASE("under rules for files nothing else is opened, made or run") {
  if (!can_have_rules()) return;
  const TwoFolders there;
  const fs::path own = there.path / "own";
  const fs::path other = there.path / "other";
  CHECK(under(there.rules(), [&] { return opened(own / "it", O_RDWR); }) == 0);
  CHECK(under(there.rules(), [&] { return opened(own / "new", O_RDWR | O_CREAT); }) == 0);
  CHECK(under(there.rules(), [&] { return opened(own, O_TMPFILE | O_RDWR); }) == 0);
  CHECK(under(there.rules(), [&] { return opened(other / "it", O_RDONLY); }) == EACCES);
  CHECK(under(there.rules(), [&] { return opened(other / "new", O_RDWR | O_CREAT); }) == EACCES);
  CHECK(under(there.rules(), [&] { return opened(other, O_RDONLY | O_DIRECTORY); }) == EACCES);
  CHECK(under(there.rules(), [&] { return opened(there.path, O_TMPFILE | O_RDWR); }) == EACCES);
  CHECK(under(there.rules(), [] { return opened("/etc/passwd", O_RDONLY); }) == EACCES);
  CHECK(under(there.rules(), [] { return opened("/dev/null", O_RDWR); }) == 0);
  // A link leads to what it leads to, and no way there is another one.
  fs::create_symlink(other / "it", own / "link");
  CHECK(under(there.rules(), [&] { return opened(own / "link", O_RDONLY); }) == EACCES);
  const auto runs = [](const char* program) {
    pid_t child = -1;
    char name[] = "it";
    char* const arguments[] = {name, nullptr};
    if (::posix_spawn(&child, program, nullptr, nullptr, arguments, environ) != 0) return 1;
    int status = -1;
    return ::waitpid(child, &status, 0) == child && status == 0 ? 0 : 2;
  };
  CHECK(under(there.rules(), [&] { return runs("/bin/true"); }) == 1);
  std::error_code failed;
  fs::copy_file("/bin/true", own / "true", failed);
  REQUIRE_FALSE(failed);
  CHECK(under(there.rules(), [&] { return runs((own / "true").c_str()); }) == 1);
}

TEST_CASE("what is moved within the folders that are one's own goes on being so") {
  if (!can_have_rules()) return;
  const TwoFolders there;
  const fs::path own = there.path / "own";
  fs::create_directory(own / "deep");
  CHECK(under(there.rules(), [&] {
          if (::rename((own / "it").c_str(), (own / "deep/it").c_str()) != 0) return errno;
          return opened(own / "deep/it", O_RDWR);
        }) == 0);
  CHECK(under(there.rules(), [&] {
          return ::rename((own / "deep/it").c_str(), (there.path / "other/taken").c_str()) == 0
                     ? 0
                     : errno;
        }) == EACCES);
  // The rule is of the folder, whatever it is called.
  const fs::path moved = there.path / "moved";
  fs::rename(own, moved);
  fs::create_directory(own);
  auto rules = there.rules();
  rules.front().place = moved;
  CHECK(under(rules, [&] { return opened(moved / "deep/it", O_RDWR); }) == 0);
  CHECK(under(rules, [&] { return opened(own / "new", O_RDWR | O_CREAT); }) == EACCES);
}

TEST_CASE("a descriptor of a folder gives no right to what is beneath it, one of a file does") {
  if (!can_have_rules()) return;
  const TwoFolders there;
  const int folder = ::open((there.path / "other").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const int file = ::open((there.path / "other/it").c_str(), O_RDWR | O_CLOEXEC);
  CHECK(under(there.rules(), [&] {
          return ::openat(folder, "it", O_RDONLY | O_CLOEXEC) >= 0 ? 0 : errno;
        }) == EACCES);
  CHECK(under(there.rules(), [&] {
          char byte = 0;
          return ::pread(file, &byte, 1, 0) == 1 && ::pwrite(file, &byte, 1, 0) == 1 ? 0 : 1;
        }) == 0);
  ::close(folder);
  ::close(file);
}

TEST_CASE("whoever is under rules looks into no process outside, and says that it is") {
  if (!can_have_rules()) return;
  const TwoFolders there;
  CHECK_FALSE(is_under_file_rules());
  CHECK(under(there.rules(), [] { return is_under_file_rules() ? 0 : 1; }) == 0);
  const std::string outside = "/proc/" + std::to_string(::getpid()) + "/exe";
  char link[4096];
  CHECK(::readlink(outside.c_str(), link, sizeof link) > 0);
  CHECK(under(there.rules(), [&] {
          return ::readlink(outside.c_str(), link, sizeof link) < 0 ? errno : 0;
        }) == EACCES);
  CHECK(under(there.rules(), [&] {
          return ::readlink("/proc/self/exe", link, sizeof link) < 0 ? errno : 0;
        }) == 0);
}

TEST_CASE("whoever is under rules signals nobody outside, where the kernel knows how") {
  if (!can_have_rules()) return;
  const TwoFolders there;
  const pid_t outside = ::getpid();
  const int found = under(there.rules(), [&] { return ::kill(outside, 0) == 0 ? 0 : errno; });
  CHECK(found == (version_of_rules() >= 6 ? EPERM : 0));
  CHECK(under(there.rules(), [] { return ::kill(::getpid(), 0) == 0 ? 0 : errno; }) == 0);
}

TEST_CASE("where a folder that is needed is not there, nothing is in force") {
  if (!can_have_rules()) return;
  const TwoFolders there;
  auto rules = there.rules();
  rules.back().is_needed = true;
  CHECK(under(rules, [] { return 0; }) == 99);
  const pid_t process = ::fork();
  if (process == 0) {
    static_cast<void>(keep_private());
    static_cast<void>(allow_files(rules));
    ::_exit(opened(there.path / "other/it", O_RDONLY));
  }
  int status = -1;
  ::waitpid(process, &status, 0);
  CHECK(status == 0);
}
