#include <catch2/catch.hpp>

#include "replication/types/canonical.hpp"
#include "replication/types/json_text.hpp"
#include "replication/types/limits.hpp"
#include "tests/support/chance.hpp"

namespace {

using namespace lanyard;

std::string shown(const NamedValues& values) {
  std::string out;
  for (const auto& [name, value] : values) out += std::string(name) + "=" + to_json(value) + " ";
  return out;
}

std::string members(std::string_view text) {
  const auto read = members_from_json(text, limits::kValueDepthMax);
  if (!read) return "refused: " + read.error().detail;
  return *read ? shown(**read) : "no object";
}

TEST_CASE("the members of a JSON object come by name, whatever their order and however many") {
  CHECK(members(R"( {"b":[1,{"z":1,"a":2}],"":null,"aa":"x","a":{}} )") ==
        R"(=null a={} aa="x" b=[1,{"a":2,"z":1}] )");
  CHECK(members(R"({"\u0062":1,"a\n":2})") == "a\n=2 b=1 ");
  CHECK(members("{}").empty());
  for (const char* text : {"[1]", "5", "\"{}\"", "null"}) CHECK(members(text) == "no object");
  CHECK(members(R"({"a":1,"b":2,"a":3})") == "refused: a member name occurs twice at byte 19");
  std::string many = "{";
  std::string sorted;
  for (int number = 299; number >= 100; --number) {
    many += "\"n" + std::to_string(number) + "\":" + std::to_string(number) + ",";
    sorted = "n" + std::to_string(number) + "=" + std::to_string(number) + " " + sorted;
  }
  many.back() = '}';
  CHECK(members(many) == sorted);
}

TEST_CASE("an object's members are those of its canonical map") {
  support::Chance chance(5);
  for (int round = 0; round < 3000; ++round) {
    const std::string text = to_json(support::some_value(chance));
    const auto read = members_from_json(text, limits::kValueDepthMax);
    REQUIRE(read.has_value());
    const Bytes whole = *from_json(text);
    CanonicalReader in(whole);
    if (in.peek() != CanonicalReader::Kind::kMap) {
      CHECK_FALSE(*read);
      continue;
    }
    REQUIRE(*read);
    REQUIRE((*read)->size() == in.map());
    for (const auto& [name, value] : **read) {
      CHECK(in.text() == name);
      CHECK(equal(in.value(), value));
    }
  }
}

TEST_CASE("named values outlive their copies, and what was given to them") {
  NamedValues values;
  {
    Bytes one;
    CanonicalWriter(one).integer(1);
    const std::string name(100, 'n');
    values.emplace_back(name, one);
    const NamedValues copy = values;
    values.emplace_back("second", copy[0].second);
    NamedValues moved = std::move(values);
    values = moved;
  }
  CHECK(shown(values) == std::string(100, 'n') + "=1 second=1 ");
  values.clear();
  CHECK(values.empty());
}

}  // namespace
