#include <catch2/catch.hpp>

#include "agent/compat/belief.hpp"
#include "agent/compat/chatsync_shapes.hpp"
#include "agent/compat/iso_time.hpp"
#include "agent/compat/positions.hpp"
#include "agent/compat/rangerplex_shapes.hpp"
#include "crypto/sodium.hpp"

namespace lanyard::agent {
namespace {

const crypto::SodiumHasher kCompatHasher;

/// Members by their JSON, as a client says them.
std::vector<ClaimMember> said(std::string_view json) {
  const auto object = JsonObject::parse(json);
  REQUIRE(object);
  auto members = claimed(object->members(), kCompatHasher);
  REQUIRE(members);
  return *members;
}

std::vector<SeenMember> seen(std::string_view json) { return seen_members(said(json)); }

using Places = std::vector<std::optional<double>>;
constexpr std::nullopt_t kNew = std::nullopt;

}  // namespace

TEST_CASE("what a client left as it had it is nobody's edit, whatever it is now") {
  const auto base = seen(R"({"title":"a","star":false,"model":"m"})");
  const auto now = seen(R"({"title":"b","star":false,"extra":1})");
  CHECK(edits_since(base, base, now).is_empty());
  CHECK(edits_since(base, seen(R"({"title":"a","star":true,"model":"m"})"), now) ==
        Edits{{"star"}, {}});
}

TEST_CASE("a member that a client took away goes, if it is there") {
  const auto base = seen(R"({"a":1,"b":2})");
  CHECK(edits_since(base, seen(R"({"a":1})"), base) == Edits{{}, {"b"}});
  CHECK(edits_since(base, seen(R"({"a":1})"), seen(R"({"a":1})")).is_empty());
  // Somebody else's member that the client never saw stays.
  CHECK(edits_since(base, seen(R"({"a":1,"b":2})"), seen(R"({"a":1,"b":2,"c":3})")).is_empty());
}

TEST_CASE("an edit that is there already is not written again") {
  CHECK(edits_since(seen(R"({"a":1})"), seen(R"({"a":2})"), seen(R"({"a":2})")).is_empty());
}

TEST_CASE("of a client that nobody knows only what is not there is taken") {
  const auto claim = seen(R"({"a":1,"b":2})");
  const auto now = seen(R"({"a":9,"c":3})");
  CHECK(additions(claim, now, false) == Edits{{"b"}, {}});
  CHECK(additions(claim, now, true) == Edits{{"a", "b"}, {}});
}

TEST_CASE("content is equal by value, not by spelling or order") {
  const auto content = [](std::string_view json) { return content_of(said(json), kCompatHasher); };
  CHECK(content(R"({"a":1,"b":[1, {"x":"\u0041"}]})") == content(R"({ "b":[1,{"x":"A"}],"a":1 })"));
  CHECK(content(R"({"a":1})") != content(R"({"a":1.0})"));
  CHECK(content(R"({"a":1})") != content(R"({"b":1})"));
  CHECK(content(R"({"a":{}})") != content(R"({})"));
}

TEST_CASE("a member takes the place of one of its name, in order") {
  auto members = said(R"({"a":1,"c":3})");
  claim(members, "b", "2", kCompatHasher);
  claim(members, "c", "4", kCompatHasher);
  CHECK(object_text(members) == R"({"a":1,"b":2,"c":4})");
}

TEST_CASE("what is inserted gets a place between its neighbours, and they keep theirs") {
  CHECK(placed({}) == std::vector<double>{});
  CHECK(placed({kNew, kNew}) == std::vector<double>{0, 1});
  CHECK(placed({0.0, 1.0, kNew, kNew}) == std::vector<double>{0, 1, 2, 3});
  CHECK(placed({0.0, kNew, 1.0}) == std::vector<double>{0, 0.5, 1});
  CHECK(placed({kNew, 5.0}) == std::vector<double>{4, 5});
  CHECK(placed({kNew, kNew, 0.5}) == std::vector<double>{-1, 0, 0.5});
  CHECK(placed({1.5, kNew}) == std::vector<double>{1.5, 2});
}

TEST_CASE("where the order counts, as few as possible move") {
  CHECK(placed_in_order({0.0, 1.0, 2.0}) == std::vector<double>{0, 1, 2});
  CHECK(placed_in_order({2.0, 0.0, 1.0}) == std::vector<double>{-1, 0, 1});
  CHECK(placed_in_order({0.0, 2.0, 1.0, 3.0}).size() == 4);
  for (const Places& known : {Places{3.0, 2.0, 1.0}, Places{1.0, 1.0, 1.0}, Places{0.0, kNew, 0.0},
                              Places{5.0, 1.0, kNew, 2.0, 9.0, 3.0}}) {
    const auto places = placed_in_order(known);
    for (std::size_t at = 1; at < places.size(); ++at) CHECK(places[at - 1] < places[at]);
  }
}

TEST_CASE("a time as JavaScript writes it") {
  CHECK(iso_time(0) == "1970-01-01T00:00:00.000Z");
  CHECK(iso_time(1'763'780'460'007) == "2025-11-22T03:01:00.007Z");
  CHECK(iso_time(-5) == "1970-01-01T00:00:00.000Z");
}

TEST_CASE("a time is read as JavaScript reads it, and no other text is one") {
  constexpr std::int64_t kThen = 1'763'780'460'007;
  CHECK(read_iso_time("2025-11-22T03:01:00.007Z") == kThen);
  CHECK(read_iso_time("2025-11-22T04:01:00.0079999+01:00") == kThen);
  CHECK(read_iso_time("2025-11-21T21:31:00.007-05:30") == kThen);
  CHECK(read_iso_time("2025-11-22T03:01Z") == kThen - 7);
  CHECK(read_iso_time("2025-11-22") == kThen - 7 - 181 * 60'000);
  CHECK(read_iso_time("2024-02-29T00:00:00Z") == 1'709'164'800'000);
  for (const char* text :
       {"", "2025", "2025-11", "2025-13-01", "2025-02-29", "2025-11-22T", "2025-11-22 03:01Z",
        "2025-11-22T24:00Z", "2025-11-22T03:01:60Z", "2025-11-22T03:01:00.Z", "2025-11-22T03:01Zz",
        "2025-11-22T03:01+1", "x2025-11-22", "-025-11-22", "\xff"}) {
    INFO(text);
    CHECK_FALSE(read_iso_time(text));
  }
  CHECK(time_in("5") == 5);
  CHECK(time_in("\"1970-01-01T00:00:00.005Z\"") == 5);
  for (const char* json : {"null", "1.5", "\"soon\"", "[]", ""}) CHECK_FALSE(time_in(json));
}

TEST_CASE("no two users' rows have one key") {
  CHECK(user_key("ann", "c1") == "ann/c1");
  CHECK(user_key("a/b", "c") != user_key("a", "b/c"));
  CHECK(user_key("a%2Fb", "c") != user_key("a/b", "c"));
  CHECK(user_key("a", "b/c", "d") != user_key("a", "b", "c/d"));
}

TEST_CASE("a value is true as in JavaScript") {
  for (const char* json : {"true", "1", "-0.5", "\"a\"", "\"0\"", "[]", "{}"})
    CHECK(is_truthy(json));
  for (const char* json : {"false", "null", "0", "0.0", "-0", "\"\""}) CHECK_FALSE(is_truthy(json));
}

TEST_CASE("an element is known by its id, a text or a whole number") {
  const auto key = [](std::string_view json) { return element_key(*JsonObject::parse(json)); };
  CHECK(key(R"({"id":"a"})") == std::string("a"));
  CHECK(key(R"({"id":1763780460007})") == std::string("1763780460007"));
  for (const char* json : {R"({})", R"({"id":""})", R"({"id":null})", R"({"id":1.5})"})
    CHECK_FALSE(key(json));
  CHECK_FALSE(key("{\"id\":\"" + std::string(513, 'x') + "\"}"));
}

TEST_CASE("a setting's record gives back the value that it was made of") {
  std::deque<std::string> texts;
  for (const char* json : {R"("dark")", "null", "[1,2]", "{}", R"({"value":1})", R"({"a":{}})",
                           R"({"b":2,"value":1})", R"({"value":{"value":{}}})"}) {
    const auto claim = setting_claim("k", json, false, texts, kCompatHasher);
    REQUIRE(claim);
    CHECK(setting_value("k", object_text(claim->members), {}) == json);
  }
}

TEST_CASE("a notebook is split into notes and put together again") {
  const std::string json = R"({"courses":[],"notes":[{"id":"a"},{"id":"b"}]})";
  const auto notes = notes_of("study_notes_ann", json);
  REQUIRE(notes);
  CHECK(notes->size() == 2);
  CHECK_FALSE(notes_of("settings_ann", json));
  CHECK_FALSE(notes_of("study_notes_ann", R"({"notes":[{"title":"no id"}]})"));
  std::deque<std::string> texts;
  const auto claim = setting_claim("study_notes_ann", json, true, texts, kCompatHasher);
  REQUIRE(claim);
  CHECK(setting_value("study_notes_ann", object_text(claim->members),
                      {R"({"id":"a"})", R"({"id":"b"})"}) == json);
}

}  // namespace lanyard::agent
