#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "tests/unit/storage/storage_test.hpp"

namespace lanyard::storage {
namespace {

/// What the script prints about a file.
std::string by_script(const fs::path& file) {
  std::string script = std::string(LANYARD_TEST_FOLDER) + "/../scripts/state_hash.py";
  std::string argument = file.string();
  char* arguments[] = {script.data(), argument.data(), nullptr};
  std::array<int, 2> ends{};
  REQUIRE(::pipe(ends.data()) == 0);
  posix_spawn_file_actions_t actions{};
  REQUIRE(::posix_spawn_file_actions_init(&actions) == 0);
  ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  ::posix_spawn_file_actions_addclose(&actions, ends[0]);
  pid_t child = 0;
  REQUIRE(::posix_spawn(&child, script.c_str(), &actions, nullptr, arguments, environ) == 0);
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  std::string out;
  std::array<char, 256> buffer{};
  for (ssize_t got = 0; (got = ::read(ends[0], buffer.data(), buffer.size())) > 0;)
    out.append(buffer.data(), static_cast<std::size_t>(got));
  ::close(ends[0]);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  while (!out.empty() && out.back() == '\n') out.pop_back();
  return out;
}

/// Every shape that a row can have: conflicts of all kinds, equal siblings, trash of all kinds,
/// counters in parts, sets, UUID keys, ids left out, odd texts.
void write_everything(Group& group) {
  const std::string uuid = "6fd0b33e-2a4b-4b6e-9d3f-0a1b2c3d4e5f";
  Device& a = group[0];
  Device& b = group[1];
  a.write({put(uuid, {{"id", uuid}, {"a b", 1.5}, {"id!", nullptr}}), put("k", {{"id", "k"}}),
           put("e", json::object()), put("odd\n\"k\"", {{"id", "odd\n\"k\""}, {"\n", "\x01\"é"}})});
  a.write({put("n", {{"x", 1}, {"y", true}, {"z", json::array({1, json::object()})}}),
           set_op(oplog::OpKind::kSetAdd, "n", "tags", "a"),
           set_op(oplog::OpKind::kSetAdd, "n", "tags", 2), add("n", "count", 5)});
  b.pull(a);
  for (Device* device : {&a, &b}) {
    const bool first = device == &a;
    device->write(patch("n", {{"x", first ? 2 : 3}, {"y", false}, {"w", first ? 1.0 : 2.0}}));
    device->write(set_op(oplog::OpKind::kSetAdd, "n", "tags", "a"));
    device->write(patch("n", {{"count", "text"}}));
    device->write(patch("k", {{"id", first ? "k" : "other"}}));
    device->write({put("gone", {{"v", first ? 1 : 2}}),
                   set_op(oplog::OpKind::kSetAdd, "gone", "s", "e"), add("gone", "c", 2)});
    device->write(set_op(oplog::OpKind::kSetAdd, "n", "count", first ? "x" : "y"));
  }
  group.sync();
  b.write(remove("gone"));
  b.write(put("gone", {{"again", 1}}));
  b.write(add("gone", "c", 7));
  a.write(remove("k"));
  group.sync();
}

}  // namespace

TEST_CASE("the state hash follows from the file alone, by a recipe that others can follow") {
  Group group(2);
  CHECK(by_script(group[0].file()) == group[0].state_hash());
  write_everything(group);
  for (const char* table : {"lanyard_conflicts", "lanyard_trash"}) {
    CHECK(rows_of(group[0].file(), std::string("SELECT count(*) FROM ") + table)[0][0] > 2);
  }
  const std::string expected = group[0].state_hash();
  CHECK(group[1].state_hash() == expected);
  CHECK(by_script(group[0].file()) == expected);
  CHECK(by_script(group[1].file()) == expected);
  CHECK(group[0].check().differences == std::vector<std::string>{});
  CHECK(group[1].check().differences == std::vector<std::string>{});
}

TEST_CASE("any difference of states alters the state hash") {
  Group group(1);
  Device& a = group[0];
  std::vector<std::string> seen{a.state_hash()};
  const auto differs = [&](LocalOp op) {
    a.write(std::move(op));
    seen.push_back(a.state_hash());
    CHECK(std::count(seen.begin(), seen.end(), seen.back()) == 1);
  };
  differs(put("a", json::object()));
  differs(patch("a", {{"f", 1}}));
  differs(patch("a", {{"f", 1}}));  // the same value by another change
  differs(add("a", "c", 0));
  differs(set_op(oplog::OpKind::kSetAdd, "a", "s", 1));
  differs(remove("a"));
  differs(restore("a"));
}

}  // namespace lanyard::storage
