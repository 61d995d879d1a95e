#include <array>
#include <catch2/catch.hpp>
#include <set>

#include "agent/access/access_table.hpp"
#include "agent/access/origin.hpp"
#include "agent/access/token_text.hpp"
#include "agent/api/entity_tags.hpp"
#include "crypto/sodium.hpp"
#include "replication/types/limits.hpp"

using namespace lanyard;
using namespace lanyard::agent;

namespace {

using Refusal = AccessTable::Refusal;

const WallTime kNow{1'000'000'000};
const std::string kPage = "http://localhost:5173";

const char* const kNearlyOrigins[] = {"",
                                      "null",
                                      "localhost",
                                      "//localhost",
                                      "http:",
                                      "http://",
                                      "http:///",
                                      "http://localhost/",
                                      "http://localhost/path",
                                      "http://localhost?x",
                                      "http://localhost#x",
                                      "HTTP://localhost",
                                      "http://LOCALHOST",
                                      "http://localhost:",
                                      "http://localhost:0",
                                      "http://localhost:080",
                                      "http://localhost:65536",
                                      "http://localhost:100000",
                                      "http://localhost:99999999999999",
                                      "http://localhost:x",
                                      "http://localhost:-1",
                                      "http://localhost:+1",
                                      "http://localhost:80",
                                      "https://a:443",
                                      "http://a:1:2",
                                      "http://user@localhost",
                                      "http://user:pw@localhost",
                                      "http://*",
                                      "http://*.example.org",
                                      "http://.example.org",
                                      "http://a..b",
                                      "http://a b",
                                      " http://a",
                                      "http://a ",
                                      "http://a\n",
                                      "http://a\r\nX: y",
                                      "http://bücher.example",
                                      "http://[::1",
                                      "http://::1",
                                      "http://[]",
                                      "http://[::G]",
                                      "http://[1.2.3.4]",
                                      "http://[::1]x",
                                      "http://[0:0:0:0:0:0:0:1]",
                                      "http://[FE80::1]",
                                      "http://[fe80::1%eth0]",
                                      "http://a]:1",
                                      "ftp://localhost",
                                      "file://",
                                      "chrome-extension://abc/def",
                                      "javascript:alert(1)",
                                      "http://a, http://b",
                                      "http://a;http://b",
                                      "http://%61"};

SpaceId a_space(std::uint8_t number) {
  SpaceId id;
  id.bytes.fill(number);
  return id;
}

storage::TokenEntry a_token(std::uint8_t number, const std::string& origin = "") {
  storage::TokenEntry token;
  token.id.bytes.fill(number);
  token.hash.bytes.fill(number);
  token.app = "app";
  token.origin = origin;
  return token;
}

WallTime later(std::chrono::milliseconds after) { return {kNow.ms + after.count()}; }

}  // namespace

TEST_CASE("a token's text is random, and nothing else has its shape") {
  crypto::SystemRng rng;
  std::set<std::string> seen;
  for (int each = 0; each < 100; ++each) {
    const std::string text = make_token_text(rng);
    CHECK(text.size() == 51);
    CHECK(is_token_text(text));
    CHECK(seen.insert(text).second);
  }
  const std::string good = *seen.begin();
  CHECK_FALSE(is_token_text(""));
  CHECK_FALSE(is_token_text("lanyard_"));
  CHECK_FALSE(is_token_text(good.substr(1)));
  CHECK_FALSE(is_token_text(good.substr(0, 50)));
  CHECK_FALSE(is_token_text(good + "A"));
  CHECK_FALSE(is_token_text("Lanyard_" + good.substr(8)));
  CHECK_FALSE(is_token_text(good.substr(0, 50) + "="));
  CHECK_FALSE(is_token_text(good.substr(0, 50) + "B"));  // spare bits
  CHECK_FALSE(is_token_text(good.substr(0, 20) + "+" + good.substr(21)));
  CHECK_FALSE(is_token_text(good.substr(0, 20) + '\0' + good.substr(21)));
}

TEST_CASE("what is stored of a token is the BLAKE2b of its text") {
  class Zeros final : public Rng {
    void fill(std::span<std::uint8_t> out) override { std::fill(out.begin(), out.end(), 0); }
  };
  Zeros rng;
  const std::string text = make_token_text(rng);
  CHECK(text == "lanyard_" + std::string(43, 'A'));
  const crypto::SodiumHasher hasher;
  CHECK(hash_of_token(text, hasher) == hasher.hash({as_bytes(text)}));
  CHECK(hash_of_token(text, hasher) != hash_of_token(text + "A", hasher));
}

TEST_CASE("a condition on tags is a star, or a list of them") {
  const auto tags = [](std::string_view text) { return TagCondition::parse(text).tags; };
  using Tags = std::vector<EntityTag>;
  CHECK(TagCondition::parse(" * ").is_any);
  CHECK_FALSE(TagCondition::parse("\"*\"").is_any);
  CHECK(tags("\"a\"") == Tags{{"a", false}});
  CHECK(tags("a") == Tags{{"a", false}});
  CHECK(tags("W/\"a\"") == Tags{{"a", true}});
  CHECK(tags("\"a\" , W/\"b,c\",,\"\"") == Tags{{"a", false}, {"b,c", true}, {"", false}});
  for (const char* const none : {"", " ", "\"", "\"a", "a,b", "w/\"a\"", ",", "*, \"a"}) {
    INFO(none);
    CHECK(tags(none).empty());
  }
  // One dot, and two, of a log that begins with eight zeros.
  constexpr std::string_view kOne = "AQAAAAAAAAAAAQE";
  constexpr std::string_view kTwo = "AQAAAAAAAAAAAgEB";
  const TagCondition both = TagCondition::parse("\"AQAAAAAAAAAAAQE\", W/\"AQAAAAAAAAAAAgEB\"");
  CHECK(both.has(kOne, false));
  CHECK_FALSE(both.has(kTwo, false));
  CHECK(both.has(kTwo, true));
  CHECK_FALSE(both.has("0", true));
  CHECK_FALSE(TagCondition::parse("\"nonsense\"").has(kOne, true));
}

TEST_CASE("an origin is what a browser sends") {
  for (const char* const good : {"http://localhost",
                                 "http://localhost:5173",
                                 "https://notes.example.org",
                                 "https://notes.example.org:8443",
                                 "http://127.0.0.1:7760",
                                 "http://[::1]:7760",
                                 "http://[fe80::1]",
                                 "https://xn--bcher-kva.example",
                                 "http://my_app.localhost",
                                 "http://a:1",
                                 "http://a:65535",
                                 "https://a:80",
                                 "http://a:443",
                                 "tauri://localhost",
                                 "capacitor://localhost",
                                 "ionic://localhost:8100",
                                 "app://obsidian.md",
                                 "app://.",
                                 "app://",
                                 "chrome-extension://aapbdbdomjkkjkaonfhkkikfgjllcleb",
                                 "safari-web-extension://E45B1BA5-1A6B-4B9E-8E5C-1F2A3B4C5D6E",
                                 "vscode-webview://1qh3ab9c0-d_x",
                                 "ms-appx-web://x"}) {
    INFO(good);
    CHECK(is_origin(good));
  }
  CHECK(is_origin("http://" + std::string(253, 'a')));
}

TEST_CASE("what is only near an origin is none") {
  for (const std::string bad : kNearlyOrigins) {
    INFO(bad);
    CHECK_FALSE(is_origin(bad));
  }
  for (const char* const bad : {"file://",
                                "file://x",
                                "data://x",
                                "blob://x",
                                "about://blank",
                                "javascript://x",
                                "ws://localhost",
                                "wss://localhost",
                                "tauri:localhost",
                                "tauri:/localhost",
                                "://x",
                                "tauri://localhost/",
                                "tauri://a/b",
                                "tauri://a b",
                                "tauri://a:b",
                                "tauri://a:0",
                                "tauri://a?x",
                                "tauri://[::1]",
                                "Tauri://localhost",
                                "1app://x",
                                "app ://x",
                                "app_x://y"}) {
    INFO(bad);
    CHECK_FALSE(is_origin(bad));
  }
  CHECK_FALSE(is_origin(std::string("http://a\0b", 10)));
  CHECK_FALSE(is_origin("http://" + std::string(254, 'a')));
  CHECK_FALSE(is_origin("http://" + std::string(1'000'000, 'a')));
}

TEST_CASE("nobody may do anything") {
  const Access nobody;
  CHECK_FALSE(nobody.may_read(a_space(1)));
  CHECK_FALSE(nobody.may_write(a_space(1)));
  Access odd;  // rights without somebody who has them
  odd.all_spaces = odd.all_may_write = true;
  CHECK_FALSE(odd.may_read(a_space(1)));
  CHECK_FALSE(odd.may_write(a_space(1)));
}

TEST_CASE("a token for some spaces is for those, to read or to write as it says") {
  storage::TokenEntry token = a_token(1);
  token.spaces = {{a_space(2), false}, {a_space(4), true}};
  token.may_write = true;  // means something only with all spaces
  const Access access = access_of(token);
  CHECK(access.who == Access::Who::kApp);
  CHECK(access.name == "app");
  CHECK(access.token == token.id);
  const auto may = [&](std::uint8_t number) {
    return std::pair(access.may_read(a_space(number)), access.may_write(a_space(number)));
  };
  CHECK(may(1) == std::pair(false, false));
  CHECK(may(2) == std::pair(true, false));
  CHECK(may(3) == std::pair(false, false));
  CHECK(may(4) == std::pair(true, true));
  CHECK(may(5) == std::pair(false, false));
  CHECK_FALSE(access.may_manage);
}

TEST_CASE("a token for all spaces is for each of them, to write only if it says so") {
  storage::TokenEntry token = a_token(1);
  token.all_spaces = true;
  CHECK(access_of(token).may_read(a_space(7)));
  CHECK_FALSE(access_of(token).may_write(a_space(7)));
  token.may_write = true;
  CHECK(access_of(token).may_write(a_space(7)));
  CHECK(access_of_person().may_write(a_space(7)));
  CHECK(access_of_person().may_manage);
}

TEST_CASE("a token is good with exactly its origin, and a script's only without one") {
  AccessTable table;
  table.set({a_token(1), a_token(2, kPage)});
  const Hash script = a_token(1).hash;
  const Hash page = a_token(2).hash;
  const auto refusal = [&](const Hash& hash, const std::optional<std::string>& origin) {
    const auto found = table.find(hash, origin, kNow);
    REQUIRE_FALSE(found);
    return found.error();
  };
  CHECK(table.find(script, std::nullopt, kNow));
  CHECK(table.find(page, kPage, kNow)->token == a_token(2).id);
  CHECK(refusal(page, std::nullopt) == Refusal::kOtherOrigin);
  for (const std::string other :
       {"", "null", "http://localhost", "https://localhost:5173", "http://localhost:51730",
        "http://localhost:5173/", "HTTP://localhost:5173", "http://evil.example"}) {
    INFO(other);
    CHECK(refusal(script, other) == Refusal::kOtherOrigin);
    CHECK(refusal(page, other) == Refusal::kOtherOrigin);
  }
  CHECK(refusal(script, kPage) == Refusal::kOtherOrigin);
  CHECK(refusal(a_token(3).hash, std::nullopt) == Refusal::kUnknown);
  CHECK(refusal(Hash{}, kPage) == Refusal::kUnknown);
}

TEST_CASE("a user's token is good at compatibility listeners alone, and the others at the API") {
  using Door = AccessTable::Door;
  AccessTable table;
  storage::TokenEntry users = a_token(2);
  users.user = "ann";
  table.set({a_token(1), users});
  const auto at = [&](std::uint8_t number, Door door) {
    return table.find(a_token(number).hash, std::nullopt, kNow, door);
  };
  CHECK(at(1, Door::kApi)->user.empty());
  CHECK(at(2, Door::kCompat)->user == "ann");
  CHECK(at(1, Door::kCompat).error() == Refusal::kOtherDoor);
  CHECK(at(2, Door::kApi).error() == Refusal::kOtherDoor);
}

TEST_CASE("a token is good until the moment at which it expires") {
  AccessTable table;
  storage::TokenEntry token = a_token(1, kPage);
  token.expires_ms = kNow.ms;
  table.set({token});
  CHECK(table.find(token.hash, kPage, {kNow.ms - 1}));
  CHECK(table.has_origin(kPage, {kNow.ms - 1}));
  const auto late = table.find(token.hash, kPage, kNow);
  REQUIRE_FALSE(late);
  CHECK(late.error() == Refusal::kExpired);
  CHECK_FALSE(table.has_origin(kPage, kNow));
}

TEST_CASE("the next token to expire is known, and one that has is not waited for") {
  AccessTable table;
  storage::TokenEntry soon = a_token(1);
  storage::TokenEntry later_on = a_token(2);
  storage::TokenEntry over = a_token(3);
  soon.expires_ms = kNow.ms + 50;
  later_on.expires_ms = kNow.ms + 80;
  over.expires_ms = kNow.ms;
  table.set({a_token(4)});
  CHECK(table.next_end(kNow) == std::nullopt);
  table.set({over, later_on, a_token(4), soon});
  CHECK(table.next_end(kNow) == std::chrono::milliseconds(50));
  CHECK(table.next_end({kNow.ms + 50}) == std::chrono::milliseconds(30));
  CHECK(table.next_end({kNow.ms + 80}) == std::nullopt);
}

TEST_CASE("an origin is known as long as a token is for it") {
  AccessTable table;
  CHECK_FALSE(table.has_origin(kPage, kNow));
  table.set({a_token(1), a_token(2, kPage)});
  CHECK(table.has_origin(kPage, kNow));
  CHECK_FALSE(table.has_origin("", kNow));  // of programs
  CHECK_FALSE(table.has_origin("http://localhost", kNow));
  table.set({a_token(1)});
  CHECK_FALSE(table.has_origin(kPage, kNow));
}

TEST_CASE("what was revoked is refused from then on") {
  AccessTable table;
  table.set({a_token(1), a_token(2)});
  table.set({a_token(2)});
  const auto found = table.find(a_token(1).hash, std::nullopt, kNow);
  REQUIRE_FALSE(found);
  CHECK(found.error() == Refusal::kUnknown);
  CHECK(table.find(a_token(2).hash, std::nullopt, kNow));
}

TEST_CASE("the last use of a token is stored at most once within some minutes") {
  using Uses = std::vector<storage::TokenUse>;
  using std::chrono::minutes;
  AccessTable table;
  table.set({a_token(1), a_token(2)});
  const storage::TokenId id = a_token(1).id;
  CHECK(table.take_uses(kNow).empty());
  table.used(id, kNow);
  table.used(a_token(9).id, kNow);
  CHECK(table.take_uses(kNow) == Uses{{id, kNow.ms}});
  CHECK(table.take_uses(kNow).empty());
  table.used(id, later(minutes(1)));
  table.used(id, later(minutes(2)));
  CHECK(table.take_uses(later(minutes(3))).empty());
  // Whoever is loaded again in between forgets nothing.
  table.set({a_token(1), a_token(2)});
  CHECK(table.take_uses(later(limits::kTokenUseStoredEvery)) == Uses{{id, later(minutes(2)).ms}});
  table.used(id, later(minutes(11)));
  CHECK(table.take_uses(later(minutes(12))).empty());
  CHECK(table.take_uses(later(minutes(12)), true) == Uses{{id, later(minutes(11)).ms}});
  // A clock that was set back by a year.
  table.used(id, {kNow.ms - 1'000'000});
  CHECK(table.take_uses({kNow.ms - 1'000'000}).size() == 1);
  table.used(id, later(minutes(60)));
  table.set({a_token(2)});
  CHECK(table.take_uses(later(minutes(90)), true).empty());
}
