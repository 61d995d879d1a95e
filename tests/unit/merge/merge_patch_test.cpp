// RFC 7396, against its own examples and against another implementation.
#include "replication/merge/merge_patch.hpp"

#include <rapidcheck.h>

#include <rapidcheck/catch.h>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "replication/types/json_text.hpp"
#include "tests/support/merge_world.hpp"
#include "tests/unit/merge/history.hpp"

using namespace lanyard;
using namespace lanyard::testing;
using nlohmann::json;

namespace {

std::string merged(const char* target, const char* patch) {
  const Bytes before = *target == '\0' ? Bytes() : value(target);
  return to_json(merge::merge_patch(
      *target == '\0' ? std::nullopt : std::optional<ByteView>(before), value(patch)));
}

/// Small names and few of them: what both sides have must be common.
json some_value(Dice& dice, int depth) {
  switch (dice.below(depth == 0 ? 4 : 8)) {
    case 0: return nullptr;
    case 1: return dice.below(3);
    case 2: return std::string(1, static_cast<char>('x' + dice.below(3)));
    case 3: return json::array({nullptr, dice.below(2), json{{"n", nullptr}}});
    default: {
      json out = json::object();
      for (std::size_t left = dice.below(4); left > 0; --left)
        out[std::string(1, static_cast<char>('a' + dice.below(4)))] = some_value(dice, depth - 1);
      return out;
    }
  }
}

}  // namespace

TEST_CASE("a merge patch does what RFC 7396 shows") {
  struct Row {
    const char* target;
    const char* patch;
    const char* result;
  };
  // Appendix A, and what has no target.
  const Row rows[] = {
      {R"({"a":"b"})", R"({"a":"c"})", R"({"a":"c"})"},
      {R"({"a":"b"})", R"({"b":"c"})", R"({"a":"b","b":"c"})"},
      {R"({"a":"b"})", R"({"a":null})", R"({})"},
      {R"({"a":"b","b":"c"})", R"({"a":null})", R"({"b":"c"})"},
      {R"({"a":["b"]})", R"({"a":"c"})", R"({"a":"c"})"},
      {R"({"a":"c"})", R"({"a":["b"]})", R"({"a":["b"]})"},
      {R"({"a":{"b":"c"}})", R"({"a":{"b":"d","c":null}})", R"({"a":{"b":"d"}})"},
      {R"({"a":[{"b":"c"}]})", R"({"a":[1]})", R"({"a":[1]})"},
      {R"(["a","b"])", R"(["c","d"])", R"(["c","d"])"},
      {R"({"a":"b"})", R"(["c"])", R"(["c"])"},
      {R"({"a":"foo"})", "null", "null"},
      {R"({"a":"foo"})", R"("bar")", R"("bar")"},
      {R"({"e":null})", R"({"a":1})", R"({"a":1,"e":null})"},
      {"[1,2]", R"({"a":"b","c":null})", R"({"a":"b"})"},
      {"{}", R"({"a":{"bb":{"ccc":null}}})", R"({"a":{"bb":{}}})"},
      {"", R"({"a":{"b":null,"c":[null]}})", R"({"a":{"c":[null]}})"},
      {"", R"({"a":null})", "{}"},
      {"", "{}", "{}"},
      {"5", "{}", "{}"},
      {R"({"z":1,"a":1})", R"({"m":1})", R"({"a":1,"m":1,"z":1})"},
  };
  for (const Row& row : rows) {
    INFO(row.target << " " << row.patch);
    CHECK(merged(row.target, row.patch) == row.result);
  }
}

TEST_CASE("a merge patch agrees with another implementation, and its result is canonical") {
  rc::prop("any values", [] {
    Dice dice(*rc::gen::arbitrary<std::uint64_t>());
    const json target = some_value(dice, 5);
    const json patch = some_value(dice, 5);
    json expected = target;
    expected.merge_patch(patch);
    const Bytes result = merge::merge_patch(value(target.dump()), value(patch.dump()));
    RC_ASSERT(to_json(result) == expected.dump());
    RC_ASSERT(result == value(expected.dump()));
  });
  rc::prop("the same patch again changes nothing", [] {
    Dice dice(*rc::gen::arbitrary<std::uint64_t>());
    const Bytes patch = value(some_value(dice, 5).dump());
    const Bytes once = merge::merge_patch(value(some_value(dice, 5).dump()), patch);
    RC_ASSERT(merge::merge_patch(once, patch) == once);
  });
}

TEST_CASE("objects are merged as deep as values may be") {
  json target = 1;
  json patch = 2;
  for (int depth = 0; depth < 16; ++depth) {
    target = json{{"a", target}, {"b", 0}};
    patch = json{{"a", patch}};
  }
  json expected = 2;
  for (int depth = 0; depth < 16; ++depth) expected = json{{"a", expected}, {"b", 0}};
  CHECK(merged(target.dump().c_str(), patch.dump().c_str()) == expected.dump());
}
