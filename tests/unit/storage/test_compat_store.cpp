#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "replication/types/limits.hpp"
#include "storage/compat_store.hpp"

namespace lanyard::storage {
namespace {

namespace fs = std::filesystem;

/// A file in a folder of its own, gone at the end.
class CompatFile {
 public:
  CompatFile() {
    std::string name = (fs::temp_directory_path() / "lanyard-compat-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  ~CompatFile() { fs::remove_all(folder_); }
  CompatFile(const CompatFile&) = delete;
  CompatFile& operator=(const CompatFile&) = delete;
  [[nodiscard]] fs::path path() const { return folder_ / "compat.sqlite"; }

 private:
  fs::path folder_;
};

ContentHash compat_hash(std::uint8_t byte) {
  ContentHash out;
  out.bytes.fill(byte);
  return out;
}

SeenVersion version_of(std::uint8_t content, std::int64_t at) {
  SeenVersion out;
  out.content = compat_hash(content);
  out.version = "v" + std::to_string(content);
  out.updated_at = at;
  out.members = {{"a", compat_hash(content)}, {"b", compat_hash(1)}};
  return out;
}

const CompatThing kChat{SpaceId{}, "chats", "c1"};

}  // namespace

TEST_CASE("listeners are remembered as they were switched on") {
  const CompatFile file;
  CompatListener listener{"rangerplex", 3010, "default", true, {"http://a", "http://b"}, {"theme"}};
  {
    auto store = CompatStore::open(file.path());
    REQUIRE(store);
    REQUIRE(store->put_listener(listener));
    listener.origins = {"http://c"};
    listener.is_enabled = false;
    REQUIRE(store->put_listener(listener));
  }
  auto again = CompatStore::open(file.path());
  REQUIRE(again);
  CHECK(*again->listeners() == std::vector{listener});
}

TEST_CASE("what a client believes is told from what others have seen") {
  const CompatFile file;
  auto store = CompatStore::open(file.path());
  REQUIRE(store);
  REQUIRE(store->believes("one", kChat, "", version_of(1, 10), 0));
  REQUIRE(store->believes("two", kChat, "", version_of(2, 20), 0));
  CHECK((*store->believed("one", kChat))->version == "v1");
  CHECK((*store->believed("two", kChat))->members == version_of(2, 0).members);
  CHECK_FALSE(*store->believed("three", kChat));
  CHECK((*store->seen_content(kChat, compat_hash(1)))->updated_at == 10);
  CHECK((*store->seen_at(kChat, 20))->version == "v2");
  CHECK_FALSE(*store->seen_content(kChat, compat_hash(9)));
  REQUIRE(store->forgets("one", kChat));
  CHECK_FALSE(*store->believed("one", kChat));
  CHECK(*store->seen_content(kChat, compat_hash(1)));
}

TEST_CASE("the newest 64 versions are kept, and those that somebody believes") {
  const CompatFile file;
  auto store = CompatStore::open(file.path());
  REQUIRE(store);
  REQUIRE(store->believes("old", kChat, "", version_of(200, 1), 0));
  for (std::uint8_t each = 0; each < 100; ++each)
    REQUIRE(store->believes("new", kChat, "", version_of(each, each), 0));
  CHECK(*store->seen_content(kChat, compat_hash(99)));
  CHECK(*store->seen_content(kChat, compat_hash(36)));
  CHECK_FALSE(*store->seen_content(kChat, compat_hash(35)));
  CHECK(*store->believed("old", kChat));
}

TEST_CASE("of clients without end those are remembered that were heard of last") {
  const CompatFile file;
  auto store = CompatStore::open(file.path());
  REQUIRE(store);
  const auto name = [](std::size_t number) { return "client " + std::to_string(number); };
  for (std::size_t i = 0; i < 10 * limits::kCompatClientsMax; ++i) {
    REQUIRE(store->believes(name(i), kChat, "", version_of(static_cast<std::uint8_t>(i), 0), 0));
    REQUIRE(store->note_pull(name(i), SpaceId{}, 0, {}));
    REQUIRE(store->put_state(name(i), kChat, {}, 0));
    REQUIRE(store->believes("always there", kChat, "", version_of(7, 0), 0));
  }
  std::size_t known = 0;
  for (std::size_t i = 0; i < 10 * limits::kCompatClientsMax; ++i) {
    const bool is_known = store->believed(name(i), kChat)->has_value();
    CHECK(is_known == (i > 9 * limits::kCompatClientsMax));
    CHECK(store->pull_before(name(i), SpaceId{}, 1)->has_value() == is_known);
    CHECK(store->page_states(name(i), kChat)->empty() != is_known);
    known += is_known ? 1 : 0;
  }
  CHECK(known == limits::kCompatClientsMax - 1);
  CHECK(store->believed("always there", kChat)->has_value());
}

TEST_CASE("what a record was seen in is known") {
  const CompatFile file;
  auto store = CompatStore::open(file.path());
  REQUIRE(store);
  const auto message = [](const char* key) { return CompatThing{SpaceId{}, "messages", key}; };
  REQUIRE(store->believes("two", message("m3"), "c1", version_of(1, 0), 0));
  CHECK(*store->parent_of(message("m3")) == std::optional<std::string>("c1"));
  CHECK_FALSE(*store->parent_of(message("m4")));
}

TEST_CASE("a page is in a state until it goes on from it") {
  const CompatFile file;
  auto store = CompatStore::open(file.path());
  REQUIRE(store);
  const auto states = [&] { return *store->page_states("one", kChat); };
  const CompatThing message{SpaceId{}, "messages", "m1"};
  const auto put = [&](std::uint8_t content, const std::string& version) {
    SeenVersion of_message = version_of(content, 7);
    of_message.version = version;
    return store->put_state("one", kChat,
                            {{kChat, "", version_of(1, 5)}, {message, "c1", of_message}}, 0);
  };
  REQUIRE(put(2, "first"));
  REQUIRE(states().size() == 1);
  CHECK(states().front().updated_at == 5);
  CHECK(states().front().parts.at({"messages", "m1"}).content == compat_hash(2));
  // Another page has the same; the version is the one that was given last.
  REQUIRE(put(2, "second"));
  REQUIRE(states().size() == 1);
  CHECK(states().front().copies == 2);
  const std::int64_t seen = states().front().parts.at({"messages", "m1"}).seen;
  CHECK((*store->seen(seen))->version == "second");
  REQUIRE(store->leave_state(states().front(), true));
  CHECK(states().front().copies == 1);
  CHECK(states().front().was_left);
  REQUIRE(put(3, "third"));
  REQUIRE(store->leave_state(states().front(), true));
  REQUIRE(states().size() == 1);
  CHECK(states().front().parts.at({"messages", "m1"}).content == compat_hash(3));
  CHECK(store->page_states("two", kChat)->empty());
}

TEST_CASE("the state that was silent longest is forgotten first") {
  const CompatFile file;
  auto store = CompatStore::open(file.path());
  REQUIRE(store);
  for (std::uint8_t content = 0; content < 32; ++content)
    REQUIRE(store->put_state("one", kChat, {{kChat, "", version_of(content, content)}}, content));
  REQUIRE(store->hear_state(store->page_states("one", kChat)->front().number, 100'000));
  REQUIRE(store->put_state("one", kChat, {{kChat, "", version_of(32, 32)}}, 32));
  const auto states = store->page_states("one", kChat);
  REQUIRE(states->size() == 32);
  CHECK(states->front().updated_at == 0);
  CHECK(states->at(1).updated_at == 2);
}

TEST_CASE("what stays on this device is replaced as a whole") {
  const CompatFile file;
  auto store = CompatStore::open(file.path());
  REQUIRE(store);
  const CompatThing setting{SpaceId{}, "settings", "s"};
  REQUIRE(store->keep(setting, {{"[\"a\"]", "1"}, {"[\"b\"]", "2"}}));
  REQUIRE(store->keep(setting, {{"[\"b\"]", "3"}}));
  CHECK(*store->kept(setting) == std::vector<KeptMember>{{"[\"b\"]", "3"}});
  CHECK(*store->kept_keys(SpaceId{}, "settings") == std::vector<std::string>{"s"});
  REQUIRE(store->keep(setting, {}));
  CHECK(store->kept_keys(SpaceId{}, "settings")->empty());
}

TEST_CASE("a client's answers are found by the time before which they were given") {
  const CompatFile file;
  auto store = CompatStore::open(file.path());
  REQUIRE(store);
  const SpaceId space{};
  const auto clock = [](std::uint64_t seq) {
    VectorClock out;
    out[LogId{}].seq = Seq{seq};
    return out;
  };
  const auto seq_before = [&](const char* client, std::int64_t at_ms) {
    const auto found = store->pull_before(client, space, at_ms);
    REQUIRE(found);
    return *found ? seq_in(**found, LogId{}).value : 0;
  };
  REQUIRE(store->note_pull("one", space, 20'000, clock(1)));
  REQUIRE(store->note_pull("one", space, 40'000, clock(2)));
  CHECK(seq_before("one", 19'999) == 0);
  CHECK(seq_before("one", 20'000) == 1);
  CHECK(seq_before("one", 90'000) == 2);
  CHECK(seq_before("two", 90'000) == 0);
  CHECK(seq_before("one", 90'000) == 2);

  SECTION("one that follows at once, or with the same clock, adds nothing") {
    REQUIRE(store->note_pull("one", space, 45'000, clock(3)));
    REQUIRE(store->note_pull("one", space, 60'000, clock(2)));
    CHECK(seq_before("one", 90'000) == 2);
  }
  SECTION("after the clock was set back nothing new seems to be old") {
    REQUIRE(store->note_pull("one", space, 30'000, clock(9)));
    CHECK(seq_before("one", 35'000) == 1);
  }
  SECTION("the newest 64 are kept") {
    for (std::uint64_t each = 3; each < 100; ++each)
      REQUIRE(
          store->note_pull("one", space, static_cast<std::int64_t>(each) * 20'000, clock(each)));
    CHECK(seq_before("one", 20'000 * 36) == 36);
    CHECK(seq_before("one", 20'000 * 36 - 1) == 0);
  }
}

TEST_CASE("another program's file is left as it is") {
  const CompatFile file;
  std::ofstream(file.path()) << std::string(5000, 'x');
  const auto store = CompatStore::open(file.path());
  REQUIRE_FALSE(store);
  CHECK(store.error().is(Code::kCorrupt));
  CHECK(fs::file_size(file.path()) == 5000);
}

}  // namespace lanyard::storage
