#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "storage/log_continuity.hpp"
#include "tests/unit/storage/test_vault.hpp"

/// Which copy of a store goes on with its log: every way in which data and mark can come apart.
namespace lanyard::storage {
namespace {

Bytes mark_bytes_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  return to_bytes(as_bytes(text));
}

void write_mark_over(const fs::path& file, ByteView bytes) {
  std::ofstream(file, std::ios::binary | std::ios::trunc) << as_text(bytes);
}

/// A device with a space in which it wrote, and what may happen to it while it is off.
struct MarkScene {
  MarkScene() {
    device.open();
    space = device.create("Notes");
    device.write(space, put("n1", {{"n", 1}}));
    mark_before = mark_bytes_of(mark_file());
    device.copy_data("before");
    device.write(space, put("n2", {{"n", 2}}));
    device.write(space, put("n3", {{"n", 3}}));
    log = own().log;
    device.close();
  }

  [[nodiscard]] OwnLog own() { return must(device.vault().space(space))->own_log(); }
  [[nodiscard]] fs::path mark_file() const {
    for (const auto& each : fs::recursive_directory_iterator(device.options.marks))
      if (each.path().filename() == to_text(space)) return each.path();
    return device.options.marks / "none";
  }
  [[nodiscard]] fs::path file() const {
    const std::string id = to_text(space);
    return device.folder() / id.substr(0, 2) / (id + ".db");
  }
  [[nodiscard]] HighWaterMark mark() const {
    return *decode_mark(mark_bytes_of(mark_file()), hasher);
  }
  void set(const HighWaterMark& mark) const { write_mark_over(mark_file(), encode(mark, hasher)); }

  /// Opens the store and writes: whether the change goes into the log of before.
  [[nodiscard]] bool goes_on() {
    device.open();
    device.write(space, put("later", {{"n", 9}}));
    const bool same = own().log == log;
    CHECK(same == device.reported.empty());  // a person hears of a new log
    // Whatever it was: from now on the store is known again, with the log that it has now.
    const LogId now = own().log;
    device.open();
    device.write(space, put("latest", {{"n", 10}}));
    CHECK(own().log == now);
    return same;
  }

  crypto::SodiumHasher hasher;
  VaultDevice device;
  SpaceId space;
  LogId log;
  Bytes mark_before;
};

struct Row {
  const char* what;
  bool goes_on;
  void (*happens)(MarkScene&);
};

const Row kRows[] = {
    {"nothing", true, [](MarkScene&) {}},
    {"a crash before the last two commits were marked", true,
     [](MarkScene& s) { write_mark_over(s.mark_file(), s.mark_before); }},
    {"an older copy, written over the files", false,
     [](MarkScene& s) { s.device.overwrite_data("before"); }},
    {"an older copy, put in the folder's place", false,
     [](MarkScene& s) {
       fs::remove_all(s.device.folder());
       fs::rename(s.device.place("before"), s.device.folder());
     }},
    {"a copy of the newest state, put in the folder's place", false,
     [](MarkScene& s) {
       s.device.copy_data("now");
       fs::remove_all(s.device.folder());
       fs::rename(s.device.place("now"), s.device.folder());
     }},
    {"the data folder moved", false,
     [](MarkScene& s) {
       fs::rename(s.device.folder(), s.device.place("moved"));
       s.device.options.data_dir = s.device.place("moved");
     }},
    {"the data folder reached by another path", true,
     [](MarkScene& s) {
       fs::create_directory_symlink(s.device.folder(), s.device.place("link"));
       s.device.options.data_dir = s.device.place("link");
     }},
    {"no mark", false, [](MarkScene& s) { fs::remove(s.mark_file()); }},
    {"no state folder", false, [](MarkScene& s) { fs::remove_all(s.device.options.marks); }},
    {"an empty mark", false, [](MarkScene& s) { write_mark_over(s.mark_file(), {}); }},
    {"a mark with a byte too many", false,
     [](MarkScene& s) {
       Bytes bytes = mark_bytes_of(s.mark_file());
       bytes.push_back(0);
       write_mark_over(s.mark_file(), bytes);
     }},
    {"a mark cut short", false,
     [](MarkScene& s) { fs::resize_file(s.mark_file(), kMarkBytes - 1); }},
    {"a mark of another machine", false,
     [](MarkScene& s) {
       HighWaterMark mark = s.mark();
       mark.machine.bytes[0] ^= 1;
       s.set(mark);
     }},
    {"a mark of another store", false,
     [](MarkScene& s) {
       HighWaterMark mark = s.mark();
       mark.store.bytes[0] ^= 1;
       s.set(mark);
     }},
    {"a mark of another file", false,
     [](MarkScene& s) {
       HighWaterMark mark = s.mark();
       REQUIRE(mark.inode == lasting_inode(s.file()));
       ++mark.inode;
       s.set(mark);
     }},
    {"a mark of another log", false,
     [](MarkScene& s) {
       HighWaterMark mark = s.mark();
       mark.log.bytes[0] ^= 1;
       s.set(mark);
     }},
    {"a mark with another hash", false,
     [](MarkScene& s) {
       HighWaterMark mark = s.mark();
       mark.head.hash.bytes[0] ^= 1;
       s.set(mark);
     }},
    {"a mark of what is not there", false,
     [](MarkScene& s) {
       HighWaterMark mark = s.mark();
       ++mark.head.seq.value;
       s.set(mark);
     }},
    // What a whole machine that is set back looks like from inside: only peers can tell.
    {"an older copy, written over the files, with the mark that belongs to it", true,
     [](MarkScene& s) {
       s.device.overwrite_data("before");
       write_mark_over(s.mark_file(), s.mark_before);
     }},
};

}  // namespace

TEST_CASE("a store goes on with its log if and only if the mark shows that it wrote last") {
  for (const Row& row : kRows) {
    INFO(row.what);
    MarkScene scene;
    row.happens(scene);
    CHECK(scene.goes_on() == row.goes_on);
  }
}

TEST_CASE("every byte of a mark counts") {
  MarkScene scene;
  const Bytes bytes = mark_bytes_of(scene.mark_file());
  REQUIRE(bytes.size() == kMarkBytes);
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    Bytes changed = bytes;
    changed[at] ^= 0x10;
    CHECK_FALSE(decode_mark(changed, scene.hasher));
  }
  CHECK(encode(scene.mark(), scene.hasher) == bytes);
}

TEST_CASE("a mark names the last change of ours, after each commit and not after others' changes") {
  MarkScene scene;
  VaultDevice other;
  other.open();
  scene.device.open();
  must(scene.device.vault().share_space(scene.space, other.id(), scene.device.wall));
  const Head shared = scene.mark().head;
  CHECK(shared == scene.own().head);
  other.pull(scene.device, scene.space);
  other.write(scene.space, put("theirs", {{"n", 1}}));
  scene.device.pull(other, scene.space);
  CHECK(scene.mark().head == shared);
  scene.device.write(scene.space, put("n4", {{"n", 4}}));
  CHECK(scene.mark().head.seq == shared.seq.next());
  CHECK(scene.mark().log == scene.log);
}

TEST_CASE("a copy of a folder begins a new log, and so the original may go on with its own") {
  MarkScene scene;
  scene.device.copy_data("copy");
  CHECK(scene.goes_on());
  scene.device.options.data_dir = scene.device.place("copy");
  CHECK_FALSE(scene.goes_on());
}

TEST_CASE("a store that was copied before its first write does not share a log with its copy") {
  MarkScene scene;
  VaultDevice joined;
  joined.open();
  scene.device.open();
  must(scene.device.vault().share_space(scene.space, joined.id(), scene.device.wall));
  joined.pull(scene.device, scene.space);
  joined.close();
  joined.copy_data("copy");
  const auto log_of = [&] {
    joined.open();
    joined.write(scene.space, put("n", {{"n", 1}}));
    return must(joined.vault().space(scene.space))->own_log().log;
  };
  const LogId original = log_of();
  joined.options.data_dir = joined.place("copy");
  CHECK(log_of() != original);
}

TEST_CASE("where marks cannot be written, writing goes on, and the next start begins a new log") {
  MarkScene scene;
  fs::remove_all(scene.device.options.marks);
  write_mark_over(scene.device.options.marks, {});  // a file stands where the folder should be
  scene.device.open();
  scene.device.write(scene.space, put("n4", {{"n", 4}}));
  const LogId second = scene.own().log;
  CHECK(second != scene.log);
  REQUIRE(scene.device.reported.size() == 2);
  CHECK(scene.device.reported[0].second.fix == "Make the state folder writable.");
  scene.device.write(scene.space, put("n5", {{"n", 5}}));
  CHECK(scene.own().log == second);
  // Closed by the vault for its idleness and opened again: it still knows.
  scene.device.wall.ms += 1'000'000;
  finish_upkeep(scene.device);
  scene.device.wall.ms += 1'000'000;
  finish_upkeep(scene.device);
  REQUIRE(scene.device.open_files() == 0);
  scene.device.write(scene.space, put("n6", {{"n", 6}}));
  CHECK(scene.own().log == second);
  scene.device.open();
  scene.device.write(scene.space, put("n7", {{"n", 7}}));
  CHECK(scene.own().log != second);
  CHECK(scene.device.clock(scene.space).size() == 3);
}

TEST_CASE("a mark that can neither be written nor removed ends the log that it vouches for") {
  MarkScene scene;
  scene.device.open();
  REQUIRE(scene.own().log == scene.log);
  const Bytes stale = mark_bytes_of(scene.mark_file());
  // In the file's place stands what can be read, and not be written or removed: a folder with
  // something in it, before the store looks again.
  const fs::path mark = scene.mark_file();
  fs::remove(mark);
  fs::create_directories(mark / "x");
  scene.device.open();
  scene.device.write(scene.space, put("n4", {{"n", 4}}));
  const LogId second = scene.own().log;
  CHECK(second != scene.log);
  scene.device.write(scene.space, put("n5", {{"n", 5}}));
  CHECK(scene.own().log == second);
  scene.device.close();
  // Now it may say again what it said: not of the log that is written now.
  fs::remove_all(mark);
  write_mark_over(mark, stale);
  scene.device.open();
  scene.device.write(scene.space, put("n6", {{"n", 6}}));
  CHECK(scene.own().log != second);
  CHECK(scene.own().log != scene.log);
}

TEST_CASE("marks are synced at most once a minute, and when their store is closed") {
  MarkScene scene;
  const auto crypto_file = std::make_unique<MarkFile>(scene.device.place("a") / "mark");
  must(crypto_file->write(as_bytes("x")));
  CHECK_FALSE(crypto_file->is_synced());
  must(crypto_file->sync());
  CHECK(crypto_file->is_synced());

  MarkFolder folder(scene.device.place("marks"), scene.device.folder(), scene.hasher);
  scene.device.open();
  SpaceStore& store = *must(scene.device.vault().space(scene.space));
  LogContinuity continuity(folder, scene.space, store, scene.file(), [](const Error&) {});
  REQUIRE_FALSE(continuity.is_proven());
  must(continuity.before_own_write(scene.device.wall));
  WallTime now{1'000'000};
  CHECK(continuity.sync_if_due(now));
  CHECK_FALSE(continuity.sync_if_due(now));
  scene.device.write(scene.space, put("n4", {{"n", 4}}));
  continuity.after_commit();
  now.ms += 59'999;
  CHECK_FALSE(continuity.sync_if_due(now));
  now.ms += 1;
  CHECK(continuity.sync_if_due(now));
}

TEST_CASE("changes of our own that a peer brings back end the log, and count once") {
  VaultDevice a;
  VaultDevice b;
  a.open();
  b.open();
  const SpaceId space = a.create("Notes");
  must(a.vault().share_space(space, b.id(), a.wall));
  a.write(space, add("n", "count", 5));
  b.pull(a, space);
  a.close();
  a.copy_data("before");
  fs::copy(a.options.marks, a.place("marks before"), fs::copy_options::recursive);
  a.open();
  const LogId first = must(a.vault().space(space))->own_log().log;
  a.write(space, add("n", "count", 7));
  a.write(space, set_op(oplog::OpKind::kSetAdd, "n", "tags", "x"));
  b.pull(a, space);
  a.close();
  // The whole machine is set back, its marks with it: on its own it cannot tell.
  a.overwrite_data("before");
  fs::copy(a.place("marks before"), a.options.marks,
           fs::copy_options::recursive | fs::copy_options::overwrite_existing);
  a.open();
  REQUIRE(must(a.vault().space(space))->own_log().log == first);
  REQUIRE(must(a.vault().space(space))->own_log().head.seq.value > 0);
  a.pull(b, space);
  CHECK(must(a.vault().space(space))->own_log().log != first);
  // Also if it ends before the next write.
  a.open();
  CHECK(must(a.vault().space(space))->own_log().log != first);
  CHECK(a.clock(space) == b.clock(space));
  a.write(space, add("n", "count", 1));
  b.pull(a, space);
  CHECK(a.clock(space) == b.clock(space));
  for (VaultDevice* device : {&a, &b}) {
    CHECK(rows_of(device->vault().file_of(space),
                  "SELECT value FROM lanyard_records WHERE key = 'n'") ==
          json::parse(R"([["{\"count\":13,\"tags\":[\"x\"]}"]])"));
  }
}

}  // namespace lanyard::storage
