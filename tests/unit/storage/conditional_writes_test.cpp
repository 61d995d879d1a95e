// Writes on a condition, and patches that merge: what an HTTP client expects of If-Match and PATCH.
#include "storage/space_reader.hpp"
#include "tests/unit/storage/storage_test.hpp"

namespace lanyard::storage {
namespace {

using support::Chance;

ReadRecord read(Device& device, const std::string& key) {
  const auto reader = must(SpaceReader::open(device.file(), device.space(), device.ports().hasher));
  return must(reader->get("notes", key));
}

json shown(Device& device, const std::string& key) {
  const ReadRecord record = read(device, key);
  return record.json.empty() ? json() : json::parse(record.json);
}

std::string version(Device& device, const std::string& key) { return read(device, key).version; }

LocalOp on(LocalOp op, const std::string& if_version) {
  op.conditions = {{.versions = {if_version}}};
  return op;
}

LocalOp deep(const std::string& key, const json& fields) {
  LocalOp op = patch(key, fields);
  op.deep = true;
  return op;
}

std::size_t conflict_count(Device& device) {
  return must(must(SpaceReader::open(device.file(), device.space(), device.ports().hasher))
                  ->conflict_count());
}

}  // namespace

// ---- conditions

TEST_CASE("a write on a version goes through while the record is at it, and not after") {
  Group group(1);
  Device& a = group[0];
  a.write(put("k", {{"n", 1}}));
  const std::string first = version(a, "k");
  a.write(on(patch("k", {{"n", 2}}), first));
  const auto refused = a.try_write({on(patch("k", {{"n", 3}}), first)});
  REQUIRE(code_of(refused) == Code::kConflict);
  CHECK(refused.error().detail.find("\"k\" in notes") != std::string::npos);
  CHECK(!refused.error().fix.empty());
  CHECK(shown(a, "k") == json({{"n", 2}}));
  // Any op has conditions: a delete too, which has none of its own about unset fields.
  CHECK(code_of(a.try_write({on(remove("k"), first)})) == Code::kConflict);
  CHECK(code_of(a.try_write({on(add("k", "c", 1), first)})) == Code::kConflict);
  CHECK(code_of(a.try_write({on(unset("k", {"n"}), first)})) == Code::kConflict);
  CHECK(code_of(a.try_write({on(restore("k"), first)})) == Code::kConflict);
  a.write(on(remove("k"), version(a, "k")));
  CHECK(shown(a, "k").is_null());
}

TEST_CASE("the version of a client's own last write is good for the next") {
  Group group(1);
  Device& a = group[0];
  std::string last = "0";
  for (int i = 0; i < 5; ++i) {
    LocalOp op = on(patch("k", {{i % 2 == 0 ? "a" : "b", i}}), last);
    if (last != "0") op.based_on = last;
    last = a.write(op).versions.front();
  }
  CHECK(code_of(a.try_write({on(patch("k", {{"a", 9}}), "0")})) == Code::kConflict);
  last = a.write(on(remove("k"), last)).versions.front();
  CHECK(last == "0");
  a.write(on(put("k", {{"a", 10}}), last));
}

TEST_CASE("version 0 makes a record only where there is none to show") {
  Group group(1);
  Device& a = group[0];
  a.write(on(put("k", {{"n", 1}}), "0"));
  CHECK(code_of(a.try_write({on(put("k", {{"n", 2}}), "0")})) == Code::kConflict);
  a.write(remove("k"));
  CHECK(code_of(a.try_write({on(put("never", {{"n", 2}}), version(a, "k") + "A")})) ==
        Code::kConflict);
  a.write(on(put("k", {{"n", 3}}), "0"));
  CHECK(shown(a, "k") == json({{"n", 3}}));
}

TEST_CASE("one op on a version that is gone leaves its whole change out, and no other") {
  Group group(1);
  Device& a = group[0];
  a.write(put("k", {{"n", 1}}));
  const std::string at = version(a, "k");
  const std::vector<LocalChange> waiting{
      {{put("before", {{"n", 1}}), on(patch("k", {{"n", 2}}), at)}},
      // The first of them has moved it.
      {{put("x", {{"n", 1}}), on(patch("k", {{"n", 3}}), at), put("y", {{"n", 1}})}},
      {{put("after", {{"n", 1}})}}};
  a.wall.ms += 1000;
  const WriteOutcome outcome = a.store().write(waiting, a.wall);
  CHECK(outcome.answers[0]);
  CHECK(code_of(outcome.answers[1]) == Code::kConflict);
  CHECK(outcome.answers[2]);
  CHECK(shown(a, "k") == json({{"n", 2}}));
  CHECK(shown(a, "x").is_null());
  CHECK(shown(a, "y").is_null());
  CHECK(shown(a, "after") == json({{"n", 1}}));
  CHECK(a.check().differences.empty());
}

TEST_CASE("all ops of a change are judged by the record as the change found it") {
  Group group(1);
  Device& a = group[0];
  a.write(put("k", {{"n", 1}, {"m", 1}}));
  const std::string at = version(a, "k");
  a.write({on(unset("k", {"m"}), at), on(patch("k", {{"n", 2}}), at)});
  CHECK(shown(a, "k") == json({{"n", 2}}));
  a.write({clear(), on(put("k", {{"n", 3}}), version(a, "k"))});
  CHECK(shown(a, "k") == json({{"n", 3}}));
  a.write({on(put("new", {{"n", 1}}), "0"), on(patch("new", {{"m", 1}}), "0")});
  CHECK(shown(a, "new") == json({{"n", 1}, {"m", 1}}));
}

TEST_CASE("a version that knows what is not here yet is not the one of the record") {
  Group group(2);
  Device& a = group[0];
  Device& b = group[1];
  a.write(put("k", {{"n", 1}}));
  group.sync();
  const std::string both = version(a, "k");
  CHECK(code_of(b.try_write({on(put("other", {{"n", 1}}), both)})) == Code::kConflict);
  b.write(patch("k", {{"m", 1}}));
  // a has not heard of it: of the log's name, or of its length.
  CHECK(code_of(a.try_write({on(patch("k", {{"n", 2}}), version(b, "k"))})) == Code::kConflict);
  group.sync();
  CHECK(code_of(a.try_write({on(patch("k", {{"n", 2}}), both)})) == Code::kConflict);
  b.write(patch("k", {{"m", 2}}));
  CHECK(code_of(a.try_write({on(patch("k", {{"n", 2}}), version(b, "k"))})) == Code::kConflict);
  group.sync();
  a.write(on(patch("k", {{"n", 2}}), version(b, "k")));
}

TEST_CASE("a version that is none, and one for a clear, are refused") {
  Group group(1);
  Device& a = group[0];
  a.write(put("k", {{"n", 1}}));
  for (const char* const bad : {"", "x", "*", "\"abc\"", "AQ", "====", "0 "})
    CHECK(code_of(a.try_write({on(patch("k", {{"n", 2}}), bad)})) == Code::kConflict);
  CHECK(code_of(a.try_write({on(clear(), version(a, "k"))})) == Code::kUsage);
  CHECK(shown(a, "k") == json({{"n", 1}}));
}

// ---- deep patches

TEST_CASE("a deep patch changes the members that it names, at any depth") {
  Group group(2);
  Device& a = group[0];
  a.write(put("k", {{"settings", {{"theme", "light"}, {"font", {{"size", 12}, {"bold", true}}}}},
                    {"list", {1, {{"x", 1}}}},
                    {"other", 1}}));
  a.write(
      deep("k", {{"settings", {{"theme", "dark"}, {"font", {{"bold", nullptr}}}}}, {"list", {2}}}));
  CHECK(shown(a, "k") == json({{"settings", {{"theme", "dark"}, {"font", {{"size", 12}}}}},
                               {"list", {2}},
                               {"other", 1}}));
  a.write(patch("k", {{"settings", {{"theme", nullptr}}}}));
  CHECK(shown(a, "k")["settings"] == json({{"theme", nullptr}}));
  group[1].pull(a);
  CHECK(group[1].state_hash() == a.state_hash());
  CHECK(group[1].check().differences.empty());
}

TEST_CASE("a deep patch of what shows no object is the patch without its nulls") {
  Group group(1);
  Device& a = group[0];
  const json given = {{"f", {{"a", 1}, {"b", nullptr}, {"c", {{"d", nullptr}}}}}};
  const json expected = {{"a", 1}, {"c", json::object()}};
  a.write(deep("none", given));
  CHECK(shown(a, "none")["f"] == expected);
  a.write(put("text", {{"f", "text"}}));
  a.write(deep("text", given));
  CHECK(shown(a, "text")["f"] == expected);
  a.write(put("gone", {{"f", {{"old", 1}}}}));
  a.write(remove("gone"));
  a.write(deep("gone", given));
  CHECK(shown(a, "gone")["f"] == expected);
  a.write(put("same", {{"f", {{"a", 1}}}}));
  a.write(deep("same", {{"f", json::object()}}));
  CHECK(shown(a, "same")["f"] == json({{"a", 1}}));
  a.write(add("count", "f", 3));
  a.write(deep("count", given));
  CHECK(shown(a, "count")["f"] == 3);  // a counter is shown before any value
}

TEST_CASE("a deep patch goes on from what its own change wrote before") {
  Group group(2);
  Device& a = group[0];
  a.write({put("k", {{"s", {{"a", 1}}}}), deep("k", {{"s", {{"b", 2}}}}),
           deep("k", {{"s", {{"a", nullptr}, {"c", 3}}}})});
  CHECK(shown(a, "k") == json({{"s", {{"b", 2}, {"c", 3}}}}));
  a.write({remove("k")});
  a.write({put("k", {{"s", {{"x", 1}}}}), unset("k", {"s"}), deep("k", {{"s", {{"y", nullptr}}}})});
  CHECK(shown(a, "k") == json({{"s", json::object()}}));
  // Also where another value, which its client has not seen, is shown once more.
  group[1].pull(a);
  const std::string old = version(a, "k");
  group[1].wall.ms += 9 * 60'000;
  group[1].write(patch("k", {{"s", {{"b", "of another"}}}}));
  a.pull(group[1]);
  LocalOp stale = deep("k", {{"s", {{"p", 1}}}});
  stale.based_on = old;
  LocalOp more = deep("k", {{"s", {{"q", 1}}}});
  more.based_on = old;
  a.write({stale, more});
  CHECK(shown(a, "k")["s"] == json({{"b", "of another"}, {"p", 1}, {"q", 1}}));
}

TEST_CASE("a deep patch settles the siblings that its client has seen, and keeps the others") {
  Group group(2);
  Device& a = group[0];
  Device& b = group[1];
  a.write(put("k", {{"s", {{"base", 1}}}}));
  group.sync();
  const std::string before = version(a, "k");
  a.write(patch("k", {{"s", {{"from", "a"}}}}));
  b.write(patch("k", {{"s", {{"from", "b"}}}}));
  group.sync();
  REQUIRE(conflict_count(a) == 1);
  const json winner = shown(a, "k")["s"];
  LocalOp stale = deep("k", {{"s", {{"more", 1}}}});
  stale.based_on = before;
  a.write(stale);
  CHECK(conflict_count(a) == 1);  // neither was seen: both stay
  json expected = winner;
  expected["more"] = 1;
  CHECK(shown(a, "k")["s"] == expected);
  a.write(deep("k", {{"s", json::object()}}));  // says nothing new, and has seen all
  CHECK(conflict_count(a) == 0);
  CHECK(shown(a, "k")["s"] == expected);
  group.sync();
  CHECK(a.state_hash() == b.state_hash());
}

TEST_CASE("a deep patch may come to a value that is too large for one op") {
  Group group(2);
  Device& a = group[0];
  json large = json::object();
  for (int i = 0; i < 4; ++i) large["part " + std::to_string(i)] = std::string(100'000, 'x');
  a.write(put("k", {{"s", large}}));
  a.write(deep("k", {{"s", {{"more", 1}, {"part 0", nullptr}}}}));
  large["more"] = 1;
  large.erase("part 0");
  CHECK(shown(a, "k")["s"] == large);
  group[1].pull(a);
  CHECK(shown(group[1], "k")["s"] == large);
  // And go on from there in the same change.
  a.write({deep("k", {{"s", {{"part 0", std::string(100'000, 'y')}}}}),
           deep("k", {{"s", {{"more", 2}}}})});
  large["part 0"] = std::string(100'000, 'y');
  large["more"] = 2;
  CHECK(shown(a, "k")["s"] == large);
  CHECK(a.check().differences.empty());
}

TEST_CASE("small patches of a large object do not come to any size in one change") {
  Group group(1);
  Device& a = group[0];
  a.write(put("k", {{"s", {{"large", std::string(9 << 20, 'x')}}}}));
  const auto before = a.clock();
  std::vector<LocalOp> ops(8, deep("k", {{"s", {{"n", 1}}}}));
  const auto refused = a.try_write(ops);
  CHECK(code_of(refused) == Code::kTooLarge);
  CHECK(a.clock() == before);
  ops.resize(1);
  a.write(ops);
  CHECK(shown(a, "k")["s"]["n"] == 1);
}

TEST_CASE("only a patch can be deep") {
  Group group(1);
  LocalOp op = put("k", {{"s", {{"a", 1}}}});
  op.deep = true;
  CHECK(code_of(group[0].try_write({op})) == Code::kUsage);
}

namespace {

json some_object(Chance& chance, int depth) {
  json out = json::object();
  for (std::size_t left = chance.below(4); left > 0; --left) {
    json& member = out[std::string(1, static_cast<char>('a' + chance.below(3)))];
    switch (chance.below(depth > 0 ? 4 : 2)) {
      case 0: member = chance.below(3); break;
      case 1: member = nullptr; break;
      default: member = some_object(chance, depth - 1);
    }
  }
  return out;
}

}  // namespace

TEST_CASE("deep patches of one writer come to what RFC 7396 makes of the whole record") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    INFO("seed " << seed);
    Chance chance(seed);
    Group group(2);
    json expected = json::object();
    for (int turn = 0; turn < 15; ++turn) {
      std::vector<LocalOp> ops;
      for (std::size_t left = 1 + chance.below(3); left > 0; --left) {
        const json given = some_object(chance, 3);
        expected.merge_patch(given);
        json fields = json::object();
        std::vector<std::string> nulls;
        for (const auto& [name, value] : given.items()) {
          if (value.is_null()) {
            nulls.push_back(name);
          } else {
            fields[name] = value;
          }
        }
        if (!nulls.empty()) ops.push_back(unset("k", nulls));
        ops.push_back(deep("k", fields));
      }
      group[0].write(std::move(ops));
      CHECK(shown(group[0], "k") == expected);
    }
    group[1].pull(group[0]);
    CHECK(shown(group[1], "k") == expected);
    CHECK(group[0].check().differences.empty());
  }
}

}  // namespace lanyard::storage
