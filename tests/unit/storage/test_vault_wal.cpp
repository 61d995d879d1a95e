#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <thread>

#include "storage/sqlite.hpp"
#include "storage/wal_readers.hpp"
#include "tests/unit/storage/test_vault.hpp"

/// WALs that become long: they are copied beside what is written, and whoever is in the way of that
/// is told of.
namespace lanyard::storage {
namespace {

constexpr std::uint64_t kMiBytes = 1 << 20;

/// A device whose WALs are long as soon as they have `long_bytes`, with a space.
struct WalScene {
  explicit WalScene(std::uint64_t long_bytes) {
    device.options.wal_long_bytes = long_bytes;
    device.options.report_condition = [this](const SpaceId& of, const StoreCondition& condition) {
      if (of == space) conditions.push_back(condition.may_ask);
    };
    device.open();
    space = device.create("Notes");
  }
  /// Writes until the WAL has so many bytes.
  void write_up_to(std::uint64_t bytes) {
    while (wal().bytes < bytes) write_one();
  }
  void write_one() {
    const std::string key = "n" + std::to_string(++written);
    device.write(space, put(key, {{"text", std::string(200'000, 'x')}}));
  }
  /// Upkeep as of an agent that has nothing else to do, until it is so.
  template <class Condition>
  void tend_until(Condition is_so) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!is_so() && std::chrono::steady_clock::now() < until)
      static_cast<void>(device.vault().upkeep(device.wall));
    CHECK(is_so());
  }
  [[nodiscard]] WalState wal() { return must(device.vault().space(space))->wal(); }
  [[nodiscard]] std::optional<SpaceTrouble> trouble() {
    const auto all = device.vault().troubles();
    const auto found = all.find(space);
    return found == all.end() ? std::nullopt : std::optional(found->second);
  }
  [[nodiscard]] std::size_t told(const std::string& words) const {
    return static_cast<std::size_t>(std::count_if(
        device.reported.begin(), device.reported.end(),
        [&](const auto& each) { return each.second.detail.find(words) != std::string::npos; }));
  }
  /// Another connection, which reads the file as it is now until it goes.
  [[nodiscard]] std::unique_ptr<Database> reader() {
    const fs::path file = device.vault().file_of(space);
    auto opened =
        std::make_unique<Database>(must(Database::open(file, Database::Mode::kReadOnly, {})));
    must(opened->begin_snapshot());
    return opened;
  }
  [[nodiscard]] std::int64_t records(Database& database) const {
    return must(database.number("SELECT count(*) FROM lanyard_records"));
  }

  VaultDevice device;
  SpaceId space;
  std::size_t written = 0;
  std::vector<bool> conditions;  ///< as they were told
};

/// Another program, which holds a read transaction in a file until it is told to end.
class OtherProgram {
 public:
  OtherProgram(const fs::path& database, const fs::path& goes_on) : goes_on_(goes_on) {
    std::ofstream(goes_on_).put('x');
    const fs::path begun = fs::path(goes_on) += ".begun";
    std::array<std::string, 6> words = {
        "python3",
        "-c",
        "import os, sqlite3, sys, time\n"
        "database = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "database.execute('BEGIN')\n"
        "database.execute('SELECT count(*) FROM lanyard_records').fetchone()\n"
        "open(sys.argv[3], 'x').close()\n"
        "while os.path.exists(sys.argv[2]): time.sleep(0.01)\n",
        database.string(),
        goes_on.string(),
        begun.string()};
    std::array<char*, 7> arguments{};
    std::transform(words.begin(), words.end(), arguments.begin(),
                   [](std::string& word) { return word.data(); });
    REQUIRE(::posix_spawnp(&process, "python3", nullptr, nullptr, arguments.data(), environ) == 0);
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!fs::exists(begun) && std::chrono::steady_clock::now() < until)
      std::this_thread::yield();
    REQUIRE(fs::exists(begun));
  }
  ~OtherProgram() { end(); }
  void end() {
    fs::remove(goes_on_);
    if (process > 0) ::waitpid(std::exchange(process, 0), nullptr, 0);
  }
  /// Some systems tell nobody of the locks of others.
  [[nodiscard]] bool is_listed() const {
    std::ifstream locks("/proc/locks");
    const std::string all(std::istreambuf_iterator<char>(locks), {});
    return all.find(" " + std::to_string(process) + " ") != std::string::npos;
  }

  pid_t process = 0;

 private:
  fs::path goes_on_;
};

}  // namespace

TEST_CASE("a reader that keeps a WAL from being copied is told of, and peers are not asked") {
  WalScene scene(1 * kMiBytes);
  scene.write_one();
  auto reader = scene.reader();
  const std::int64_t seen = scene.records(*reader);
  scene.write_up_to(1 * kMiBytes);
  CHECK_FALSE(scene.trouble());
  scene.write_up_to(2 * kMiBytes);
  scene.tend_until([&] { return scene.trouble().has_value(); });
  CHECK(scene.conditions == std::vector<bool>{false});
  scene.write_up_to(8 * kMiBytes);
  const auto trouble = scene.trouble();
  REQUIRE(trouble);
  CHECK(trouble->takes_writes);
  const std::string why = trouble->error.detail;
  CHECK(why.find("keeps a read transaction open in " +
                 scene.device.vault().file_of(scene.space).string()) != std::string::npos);
  CHECK(why.find("-wal has grown to 8 MiB. Other devices are not asked for more") !=
        std::string::npos);
  CHECK(trouble->error.fix.find("End that program") != std::string::npos);
  CHECK(scene.told("Other devices are not asked for more") == 1);
  CHECK(scene.records(*reader) == seen);

  // It goes: nobody need do anything.
  reader.reset();
  scene.tend_until([&] { return !scene.trouble(); });
  CHECK(scene.conditions == std::vector<bool>{false, true});
  CHECK(scene.told("any more") == 1);
  scene.write_one();
  CHECK(scene.wal().bytes < 1 * kMiBytes);
}

TEST_CASE("a file that others pushed out while its WAL was full keeps nobody from being asked") {
  WalScene scene(1 * kMiBytes);
  scene.write_one();
  const auto reader = scene.reader();
  scene.write_up_to(2 * kMiBytes);
  scene.tend_until([&] { return scene.trouble().has_value(); });
  CHECK(scene.conditions == std::vector<bool>{false});
  for (std::size_t other = 0; other < limits::kOpenSpacesMax; ++other)
    scene.device.create("space " + std::to_string(other));
  CHECK(scene.conditions == std::vector<bool>{false, true});
}

TEST_CASE("a short look into a file that is written to is nothing to tell of") {
  WalScene scene(1 * kMiBytes);
  for (int round = 0; round < 4; ++round) {
    const auto reader = scene.reader();
    scene.write_one();
  }
  scene.write_up_to(1 * kMiBytes);
  scene.tend_until([&] { return !scene.wal().wants_look; });
  CHECK_FALSE(scene.trouble());
  CHECK(scene.conditions.empty());
}

TEST_CASE("a long WAL is copied beside what is written, and then begins anew") {
  WalScene scene(40 * kMiBytes);
  std::uint64_t longest = 0;
  bool began_anew = false;
  while (!began_anew && scene.written < 1000) {
    scene.write_one();
    began_anew = scene.wal().bytes < longest;
    longest = std::max(longest, scene.wal().bytes);
  }
  CHECK(began_anew);
  CHECK(longest >= 40 * kMiBytes);
  const auto reader = scene.reader();
  CHECK(scene.records(*reader) == static_cast<std::int64_t>(scene.written) + 1);
  const fs::path file = scene.device.vault().file_of(scene.space);
  CHECK(must(must(Database::open(file, Database::Mode::kReadOnly, {}))
                 .number("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> "
                         "'ok'")) == 0);
}

TEST_CASE("a file is closed once little of its WAL is left to copy, and not while much is") {
  WalScene scene(200 * kMiBytes);
  scene.write_up_to(40 * kMiBytes);
  SpaceStore& store = *must(scene.device.vault().space(scene.space));
  CHECK_FALSE(store.may_close());
  scene.device.wall.ms += 120'000;
  static_cast<void>(scene.device.vault().upkeep(scene.device.wall));
  scene.device.wall.ms += 120'000;
  scene.tend_until([&] { return scene.device.open_files() == 0; });
  auto reader = scene.reader();
  CHECK(scene.records(*reader) == static_cast<std::int64_t>(scene.written) + 1);
}

TEST_CASE("another program that holds a WAL is named, as far as the system tells") {
  WalScene scene(1 * kMiBytes);
  scene.write_one();
  const fs::path file = scene.device.vault().file_of(scene.space);
  CHECK_FALSE(other_reader_of(file));
  OtherProgram program(file, scene.device.place("goes-on"));
  // The list of all locks may change while it is read, and then leave one out.
  auto reader = other_reader_of(file);
  for (int again = 0; again < 10 && reader.has_value() != program.is_listed(); ++again)
    reader = other_reader_of(file);
  CHECK(reader.has_value() == program.is_listed());
  const pid_t process = program.process;
  if (reader) {
    CHECK(reader->process == process);
    CHECK(reader->name.rfind("python3", 0) == 0);
    scene.write_up_to(3 * kMiBytes);
    scene.tend_until([&] { return scene.trouble().has_value(); });
    CHECK(scene.trouble()->error.detail.find("(" + reader->name + ", process " +
                                             std::to_string(process) + ")") != std::string::npos);
  }
  program.end();
  CHECK_FALSE(other_reader_of(file));
  scene.tend_until([&] { return !scene.trouble(); });
}

}  // namespace lanyard::storage
