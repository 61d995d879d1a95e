#include "agent/json_slices.hpp"
#include "replication/types/limits.hpp"

#include <catch2/catch.hpp>

#include "replication/types/limits.hpp"

using namespace lanyard;
using namespace lanyard::agent;

TEST_CASE("an object is cut into members, and the values are left as they are") {
  const auto object =
      JsonObject::parse(R"( {"a" : 1 , "b\u0041":{"x":[1,"}",2]},"c":"\"]", "d":[] ,"e":null} )");
  REQUIRE(object);
  std::vector<std::pair<std::string, std::string>> members;
  for (const JsonMember& member : object->members())
    members.emplace_back(member.name, member.value);
  CHECK(
      members ==
      std::vector<std::pair<std::string, std::string>>{
          {"a", "1"}, {"bA", R"({"x":[1,"}",2]})"}, {"c", R"("\"]")"}, {"d", "[]"}, {"e", "null"}});
  CHECK(object->find("a") == "1");
  CHECK_FALSE(object->find("z"));
  CHECK(JsonObject::parse("{}")->members().empty());
  CHECK(json_elements(R"([1, "a,b" ,[2,3],{"a":4}])") ==
        std::vector<std::string_view>{"1", R"("a,b")", "[2,3]", R"({"a":4})"});
  CHECK(json_elements("[ ]")->empty());
}

TEST_CASE("what has no structure is refused, and nothing is read behind its end") {
  const char* const rows[] = {
      "",
      " ",
      "{",
      "}",
      "[]",
      "1",
      "\"a\"",
      "{\"a\"}",
      "{\"a\":}",
      "{\"a\":1",
      "{\"a\":1,",
      "{\"a\":1,}",
      "{,}",
      "{a:1}",
      "{\"a\":1}x",
      "{\"a\":1}{}",
      "{\"a:1}",
      "{\"a\":\"}",
      "{\"a\":\"\\\"}",
      "{\"a\":[}",
      "{\"a\":[1}",
      "{\"a\":{]}",
      "{\"a\":1 2}",
      "{\"a\":1,\"a\":2}",
      "{\"a\":1,\"\\u0061\":2}",
      "{\"\xff\":1}",
      "{\"\\ud800\":1}",
      "{\"a\\",
  };
  for (const char* const row : rows) {
    INFO(row);
    CHECK_FALSE(JsonObject::parse(row));
  }
  const auto nested = [](std::size_t levels) {
    return "{\"a\":" + std::string(levels, '[') + std::string(levels, ']') + "}";
  };
  CHECK(JsonObject::parse(nested(limits::kTextDepthMax)));
  CHECK_FALSE(JsonObject::parse(nested(limits::kTextDepthMax + 1)));
  CHECK_FALSE(JsonObject::parse(nested(10 * limits::kTextDepthMax)));
  CHECK_FALSE(JsonObject::parse(std::string(1'000'000, '{')));
  for (const char* const row : {"", "[", "]", "{}", "[1", "[1,", "[1,]", "[,]", "[1]x", "[1 2]"}) {
    INFO(row);
    CHECK_FALSE(json_elements(row));
  }
}

TEST_CASE("strings and integers are read strictly") {
  CHECK(json_string(R"("plain")") == "plain");
  CHECK(json_string(R"("a\nb\u00e9\ud83c\udf75")") == "a\nb\xC3\xA9\xF0\x9F\x8D\xB5");
  CHECK(json_string("\"\"") == "");
  for (const char* const row :
       {"", "\"", "a", "\"a", "\"\xff\"", "\"a\"b\"", "\"\n\"", "1", "\"\\\""})
    CHECK_FALSE(json_string(row));
  CHECK(json_integer("-12") == -12);
  for (const char* const row : {"", "1.0", "1e3", "+1", "9223372036854775808", "\"1\"", "1x"})
    CHECK_FALSE(json_integer(row));
}
