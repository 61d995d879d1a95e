#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>

#include "agent/import/export_file.hpp"
#include "replication/types/json_text.hpp"
#include "tests/unit/agent/temporary_folder.hpp"

using namespace lanyard;
using namespace lanyard::agent;
using lanyard::agent::testing::TemporaryFolder;

namespace {

struct Read {
  Result<ImportCounts> counts = fail(Code::kMalformed);
  std::vector<std::string> records;  // "collection/key = json, members sorted"
};

Read read_text(const std::string& text) {
  Read out;
  std::istringstream in(text);
  out.counts = read_export(
      in,
      [&](const ImportRecord& record) -> Status {
        out.records.push_back(std::string(record.collection) + "/" + record.key + " = " +
                              to_json(from_json(record.json).value()));
        return {};
      },
      [] { return false; });
  return out;
}

std::string an_export(const std::string& rest) { return "{\"version\":\"2.2.0\"," + rest + "}"; }

std::uint64_t peak_memory_kib() {
  std::ifstream status("/proc/self/status");
  std::string word;
  std::uint64_t value = 0;
  while (status >> word)
    if (word == "VmHWM:" && status >> value) return value;
  return 0;
}

void forget_peak_memory() { std::ofstream("/proc/self/clear_refs") << "5"; }

}  // namespace

TEST_CASE("chats are split into chats and messages, and nothing else is lost") {
  const Read read = read_text(an_export(
      R"("exportedAt":5,"chats":[{"id":"c/1","title":"T","model":"m","messages":[)"
      R"({"id":"m1","sender":"user","text":"hi","unknown":{"a":[1,2.5,null]}},)"
      R"({"id":"m2","chatId":"c/1","position":7}],"knowledgeBase":[{"x":1}],)"
      R"("updatedAt":9,"isStarred":true,"parentChatId":"c0","branchFromMessageId":"m0"},)"
      R"({"messages":[{"id":"m3"}],"id":"c2"},{"id":"c3","messages":null}],"settings":{})"));
  REQUIRE(read.counts);
  CHECK(read.records ==
        std::vector<std::string>{
            R"(messages/m1 = {"chatId":"c/1","id":"m1","position":0,"sender":"user","text":"hi",)"
            R"("unknown":{"a":[1,2.5,null]}})",
            R"(messages/m2 = {"chatId":"c/1","id":"m2","position":7})",
            R"(chats/c/1 = {"branchFromMessageId":"m0","id":"c/1","isStarred":true,)"
            R"("knowledgeBase":[{"x":1}],"model":"m","parentChatId":"c0","title":"T",)"
            R"("updatedAt":9})",
            R"(messages/m3 = {"chatId":"c2","id":"m3","position":0})",
            R"(chats/c2 = {"id":"c2"})",
            R"(chats/c3 = {"id":"c3"})",
        });
  CHECK(read.counts->chats == 3);
  CHECK(read.counts->messages == 3);
  CHECK(read.counts->version == "2.2.0");
  CHECK(read.counts->ignored.empty());
}

TEST_CASE("each setting is a record, and study notes are records of their own") {
  const Read read = read_text(an_export(
      R"("settings":{"theme":"dark","n":5,"nothing":null,"list":[1],"empty":{},)"
      R"("value-like":{"value":1},"settings_ada":{"theme":"dark","size":3},)"
      R"("study_notes_ada":{"notes":[{"id":"n1","title":"t"},{"id":"n2"}],"courses":[1]},)"
      R"("study_notes_bob":{"notes":[]},"study_notes_bob_theme":"x"},"users":[1],"other":{})"));
  REQUIRE(read.counts);
  CHECK(read.records ==
        std::vector<std::string>{
            R"(settings/theme = {"value":"dark"})",
            R"(settings/n = {"value":5})",
            R"(settings/nothing = {"value":null})",
            R"(settings/list = {"value":[1]})",
            R"(settings/empty = {"value":{}})",
            R"(settings/value-like = {"value":{"value":1}})",
            R"(settings/settings_ada = {"size":3,"theme":"dark"})",
            R"(notes/n1 = {"id":"n1","notebook":"study_notes_ada","position":0,"title":"t"})",
            R"(notes/n2 = {"id":"n2","notebook":"study_notes_ada","position":1})",
            R"(settings/study_notes_ada = {"courses":[1]})",
            R"(settings/study_notes_bob_theme = {"value":"x"})",
        });
  CHECK(read.counts->notes == 2);
  CHECK(read.counts->settings == 9);
  CHECK(read.counts->ignored == std::vector<std::string>{"users", "other"});
}

TEST_CASE(
    "names are data: slashes, control characters and text that turns around stay what they are") {
  const Read read =
      read_text(an_export(R"("chats":[{"id":"../../etc/passwd\u0000\n\u202e","messages":[]}])"));
  REQUIRE(read.counts);
  CHECK(read.records.front().starts_with("chats/../../etc/passwd"));
}

TEST_CASE("what is no export of this kind is refused with its place") {
  struct Row {
    const char* name;
    std::string text;
    Code code;
    const char* detail;
  };
  const std::string deep(100'000, '[');
  const Row rows[] = {
      {"nothing", "", Code::kMalformed, "line 1, column 1"},
      {"white space", " \n ", Code::kMalformed, "line 2"},
      {"not JSON", "hello", Code::kMalformed, "line 1, column 1"},
      {"a list", "[]", Code::kMalformed, "the file: a JSON object was expected"},
      {"a number", "5", Code::kMalformed, "the file is no JSON object"},
      {"empty object", "{}", Code::kMalformed, "no member version"},
      {"no version", R"({"chats":[]})", Code::kMalformed, "no member version"},
      {"nothing inside", R"({"version":"2.2.0"})", Code::kMalformed, "neither chats nor settings"},
      {"newer", R"({"version":"4.3.8","chats":[]})", Code::kNewerVersion, "version 4.3.8"},
      {"older", R"({"version":"1.0","chats":[]})", Code::kMalformed, "version 1.0"},
      {"no version number", R"({"version":"new","chats":[]})", Code::kMalformed, "is no version"},
      {"2x", R"({"version":"2x","chats":[]})", Code::kMalformed, "is no version"},
      {"version a number", R"({"version":2,"chats":[]})", Code::kMalformed, "version: a text"},
      {"version twice", R"({"version":"2.2.0","version":"2.2.0","chats":[]})", Code::kMalformed,
       "version occurs twice"},
      {"chats an object", an_export(R"("chats":{})"), Code::kMalformed,
       "chats: an array was expected"},
      {"chats a text", an_export(R"("chats":"x")"), Code::kMalformed,
       "chats: an array was expected"},
      {"chats twice", an_export(R"("chats":[],"chats":[])"), Code::kMalformed,
       "chats occurs twice"},
      {"settings a list", an_export(R"("settings":[])"), Code::kMalformed,
       "settings: an object was expected"},
      {"settings null", an_export(R"("settings":null)"), Code::kMalformed,
       "settings: an object was expected"},
      {"chat a text", an_export(R"("chats":["x"])"), Code::kMalformed, "chats[0]: an object"},
      {"chat a list", an_export(R"("chats":[[]])"), Code::kMalformed, "chats[0]: an object"},
      {"chat without id", an_export(R"("chats":[{"id":"a"},{"title":"t"}])"), Code::kMalformed,
       "chats[1]: there is no id"},
      {"chat id a number", an_export(R"("chats":[{"id":5}])"), Code::kMalformed,
       "chats[0].id: a text"},
      {"chat id empty", an_export(R"("chats":[{"id":""}])"), Code::kMalformed, "the id is empty"},
      {"chat id twice", an_export(R"("chats":[{"id":"a","id":"b"}])"), Code::kMalformed,
       "occurs twice"},
      {"chat id long", an_export(R"("chats":[{"id":")" + std::string(513, 'x') + R"("}])"),
       Code::kMalformed, "longer than 512"},
      {"member twice", an_export(R"("chats":[{"id":"a","x":1,"x":2}])"), Code::kMalformed,
       "chats[0]: a member name occurs twice"},
      {"messages an object", an_export(R"("chats":[{"id":"a","messages":{}}])"), Code::kMalformed,
       "chats[0].messages: an array"},
      {"messages a text", an_export(R"("chats":[{"id":"a","messages":"[]"}])"), Code::kMalformed,
       "chats[0].messages: an array"},
      {"messages twice", an_export(R"("chats":[{"id":"a","messages":[],"messages":[]}])"),
       Code::kMalformed, "chats[0].messages occurs twice"},
      {"message a number", an_export(R"("chats":[{"id":"a","messages":[5]}])"), Code::kMalformed,
       "chats[0].messages[0]: an object"},
      {"message without id", an_export(R"("chats":[{"id":"a","messages":[{"id":"m"},{}]}])"),
       Code::kMalformed, "chats[0].messages[1]: there is no id"},
      {"message id null", an_export(R"("chats":[{"id":"a","messages":[{"id":null}]}])"),
       Code::kMalformed, "chats[0].messages[0].id: a text"},
      {"message of another chat",
       an_export(R"("chats":[{"id":"a","messages":[{"id":"m","chatId":"b"}]}])"), Code::kMalformed,
       "chatId that says otherwise"},
      {"position no number",
       an_export(R"("chats":[{"id":"a","messages":[{"id":"m","position":"1"}]}])"),
       Code::kMalformed, "position: an integer"},
      {"early message without id", an_export(R"("chats":[{"messages":[{}],"id":"a"}])"),
       Code::kMalformed, "chats[0].messages[0]: there is no id"},
      {"setting without name", an_export(R"("settings":{"":1})"), Code::kMalformed,
       "the id is empty"},
      {"note without id", an_export(R"("settings":{"study_notes_a":{"notes":[{}]}})"),
       Code::kMalformed, "notes[0]: there is no id"},
      {"note a text", an_export(R"("settings":{"study_notes_a":{"notes":["x"]}})"),
       Code::kMalformed, "notes[0]: an object"},
      {"integer too large", an_export(R"("settings":{"a":1000000000000000200000})"),
       Code::kTooLarge, "beyond 1e21"},
      {"number too large", an_export(R"("settings":{"a":1e400})"), Code::kMalformed,
       "settings[\"a\"]: a number too large"},
      {"NaN", an_export(R"("settings":{"a":NaN})"), Code::kMalformed, "line 1, column"},
      {"lone surrogate", an_export(R"("settings":{"a":"\ud800"})"), Code::kMalformed,
       "line 1, column"},
      {"not UTF-8", an_export("\"settings\":{\"a\":\"\xff\"}"), Code::kMalformed, "line 1, column"},
      {"trailing comma", an_export(R"("settings":{"a":1,})"), Code::kMalformed, "line 1, column"},
      {"text behind it", an_export(R"("chats":[])") + "x", Code::kMalformed, "line 1, column"},
      {"two of them", an_export(R"("chats":[])") + an_export(R"("chats":[])"), Code::kMalformed,
       "line 1, column"},
      {"65 deep",
       an_export(R"("settings":{"a":)" + std::string(65, '[') + std::string(65, ']') + "}"),
       Code::kTooLarge, "nested too deeply"},
      {"a bomb of brackets", an_export(R"("settings":{"a":)" + deep), Code::kTooLarge,
       "nested too deeply"},
      {"a bomb of brackets beside", an_export(R"("unknown":)" + deep), Code::kTooLarge,
       "nested too deeply"},
      {"a bomb from the start", deep, Code::kMalformed, "a JSON object was expected"},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    const Read read = read_text(row.text);
    REQUIRE_FALSE(read.counts);
    CHECK(read.counts.error().is(row.code));
    CHECK_THAT(read.counts.error().detail, Catch::Contains(row.detail));
    CHECK_THAT(read.counts.error().fix, Catch::Contains("nothing was imported"));
  }
}

TEST_CASE("an export cut anywhere is refused before a record of it could be written") {
  const TemporaryFolder folder;
  const std::string whole =
      testing::content_of(std::string(LANYARD_TEST_FOLDER) + "/data/conversations-250.json");
  REQUIRE(whole.size() > 100'000);
  for (std::size_t size = 0; size < whole.size() - 3; size += 4096) {
    auto file = ExportFile::open(folder.file("cut.json", whole.substr(0, size)));
    const auto counts = file ? file->check({}) : fail(file.error());
    REQUIRE_FALSE(counts);
    CHECK(counts.error().is(Code::kMalformed));
  }
  auto file = ExportFile::open(folder.file("whole.json", whole));
  REQUIRE(file);
  const auto counts = file->check({});
  REQUIRE(counts);
  CHECK(counts->chats == 250);
  std::uint64_t given = 0;
  const auto again =
      file->read([&](const ImportRecord&) -> Status { return ++given, Status{}; }, {});
  REQUIRE(again);
  CHECK(given == counts->records());
}

TEST_CASE("an id that occurs twice is found, wherever the two stand") {
  const TemporaryFolder folder;
  struct Row {
    std::string text;
    const char* detail;
  };
  const Row rows[] = {
      {an_export(R"("chats":[{"id":"a"},{"id":"b"},{"id":"a"}])"),
       "chats[2]: the id occurs twice, first at chats[0]"},
      {an_export(
           R"("chats":[{"id":"a","messages":[{"id":"m"}]},{"id":"b","messages":[{"id":"m"}]}])"),
       "chats[1].messages[0]: the id occurs twice, first at chats[0].messages[0]"},
      {an_export(R"("settings":{"a":1,"a":2})"), "the id occurs twice"},
      {an_export(R"("settings":{"study_notes_a":{"notes":[{"id":"n"},{"id":"n"}]}})"),
       "notes[1]: the id occurs twice"},
  };
  for (const Row& row : rows) {
    auto file = ExportFile::open(folder.file("export.json", row.text));
    REQUIRE(file);
    const auto counts = file->check({});
    REQUIRE_FALSE(counts);
    CHECK_THAT(counts.error().detail, Catch::Contains(row.detail));
  }
  auto fine = ExportFile::open(
      folder.file("export.json",
                  an_export(R"("chats":[{"id":"a","messages":[{"id":"a"}]}],"settings":{"a":1})")));
  REQUIRE(fine);
  CHECK(fine->check({}));
}

TEST_CASE("what is no regular file with something in it is not read") {
  const TemporaryFolder folder;
  const auto code_of = [](const std::filesystem::path& path) {
    const auto file = ExportFile::open(path);
    return file ? std::error_code() : file.error().code;
  };
  CHECK(code_of(folder.path() / "missing") == Code::kNotFound);
  CHECK(code_of(folder.path()) == Code::kMalformed);
  CHECK(code_of("/dev/zero") == Code::kMalformed);
  CHECK(code_of(folder.file("empty", "")) == Code::kMalformed);
}

TEST_CASE("a file that changes between the two readings is not imported") {
  const TemporaryFolder folder;
  const auto path = folder.file("export.json", an_export(R"("chats":[])"));
  auto file = ExportFile::open(path);
  REQUIRE(file);
  REQUIRE(file->check({}));
  std::ofstream(path, std::ios::app) << " ";
  const auto counts = file->read([](const ImportRecord&) -> Status { return {}; }, {});
  REQUIRE_FALSE(counts);
  CHECK(counts.error().is(Code::kConflict));
}

TEST_CASE("a text may be much longer than a number") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "export.json";
  for (const std::size_t size : {1'000U, 1'001U, 65'536U, 5'000'000U}) {
    std::ofstream(path) << R"({"version":"2.2.0","settings":{"a":")" << std::string(size, 'x')
                        << R"(","b":1}})";
    auto file = ExportFile::open(path);
    REQUIRE(file);
    CHECK(file->check({}));
  }
}

TEST_CASE("reading takes bounded memory, for a million tiny records and for one endless text") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "export.json";
  SECTION("a million settings, one of them twice") {
    std::ofstream out(path);
    out << "{\"version\":\"2.2.0\",\"settings\":{\"5\":1";
    for (int i = 0; i < 1'000'000; ++i) out << ",\"" << i << "\":1";
    out << "}}";
  }
  SECTION("64 MiB of text") {
    std::ofstream out(path);
    out << "{\"version\":\"2.2.0\",\"settings\":{\"a\":\"";
    const std::string part(1U << 20U, 'x');
    for (int i = 0; i < 64; ++i) out << part;
    out << "\"}}";
  }
  SECTION("64 MiB of digits where nobody looks") {
    std::ofstream out(path);
    out << "{\"version\":\"2.2.0\",\"unknown\":";
    const std::string part(1U << 20U, '1');
    for (int i = 0; i < 64; ++i) out << part;
    out << "}";
  }
  SECTION("64 MiB of one chat's members") {
    std::ofstream out(path);
    out << "{\"version\":\"2.2.0\",\"chats\":[{\"id\":\"a\"";
    const std::string part(1U << 20U, 'x');
    for (int i = 0; i < 64; ++i) out << ",\"m" << i << "\":\"" << part << '"';
    out << "}]}";
  }
  forget_peak_memory();
  const std::uint64_t before = peak_memory_kib();
  auto file = ExportFile::open(path);
  REQUIRE(file);
  const auto counts = file->check({});
  CHECK_FALSE(counts);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  // The largest string, 8 MiB, twice, and what the system counts besides on a busy machine.
  CHECK(peak_memory_kib() - before <= 24 * 1024);
#else
  (void)before;
#endif
}
