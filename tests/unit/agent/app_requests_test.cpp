#include <catch2/catch.hpp>

#include "agent/access/app_wish.hpp"
#include "agent/access/page_name.hpp"
#include "agent/access/request_desk.hpp"
#include "agent/access/session_table.hpp"
#include "crypto/sodium.hpp"

using namespace lanyard;
using namespace lanyard::agent;

namespace {

using State = RequestDesk::State;
using std::chrono::milliseconds;

constexpr Instant kAskedAt{milliseconds(77'000'000)};
constexpr WallTime kWall{1'700'000'000'000};

Instant after(milliseconds time) { return {kAskedAt.since_origin + time}; }
/// At that time, by a wall clock that nobody set meanwhile.
engine::Now by_both(Instant now) {
  return {now, {kWall.ms + (now.since_origin - kAskedAt.since_origin).count()}};
}

AppWish an_app_wish(const std::string& origin = "http://app.test") {
  AppWish wish;
  wish.app = "Notes";
  wish.origin = origin;
  wish.spaces = {"notes", "chats"};
  wish.may_write = true;
  return wish;
}

RequestId an_id(std::uint8_t number) { return {{0xAB, 0xCD, 0xEF, number}}; }
Hash a_hash(std::uint8_t number) {
  Hash out{};
  out.bytes[0] = number;
  return out;
}

/// Pages that ask, and what they hear.
struct Asking {
  RequestDesk desk;

  Result<AppRequest> ask(std::uint8_t number, const std::string& origin = "http://app.test",
                         Instant now = kAskedAt, const std::string& program = "browser") {
    return desk.ask(an_id(number), {a_hash(number), origin, "ann (1)", program},
                    an_app_wish(origin), by_both(now));
  }
  /// What no page asks for, with the origin that it says.
  Result<AppRequest> ask_as_program(std::uint8_t number, const std::string& origin,
                                    const std::string& program) {
    return desk.ask(an_id(number), {a_hash(number), std::nullopt, "ann (1)", program},
                    an_app_wish(origin), by_both(kAskedAt));
  }
  std::string hear(std::uint8_t number, Instant now = kAskedAt, bool take = true) {
    return heard(desk.answer(an_id(number), {a_hash(number), "http://app.test"}, now, take));
  }
  static std::string heard(const std::optional<RequestDesk::Answer>& answer) {
    if (!answer) return "nothing";
    constexpr std::array kNames = {"waiting", "allowed", "refused", "expired"};
    const std::string state = kNames[static_cast<std::size_t>(answer->state)];
    return answer->token.empty() ? state : state + " " + answer->token;
  }
  void allow(std::uint8_t number, Instant now = kAskedAt) {
    REQUIRE(desk.take(an_id(number), now));
    desk.allowed(an_id(number), "the token", now);
  }
  std::size_t waiting(Instant now = kAskedAt) const { return desk.waiting(by_both(now)).size(); }
};

bool is_bad_wish(const std::function<void(AppWish&)>& change) {
  AppWish wish = an_app_wish();
  change(wish);
  const Status checked = check_app_wish(wish);
  return !checked && checked.error().is(Code::kUsage);
}

}  // namespace

TEST_CASE("a wish is what a person can decide about") {
  CHECK(check_app_wish(an_app_wish()));
  CHECK(check_app_wish(an_app_wish("")));
  CHECK(!is_bad_wish([](AppWish& wish) { wish.app = std::string(kWishNameBytesMax, 'a'); }));
  CHECK(!is_bad_wish([](AppWish& wish) { wish.why = std::string(kWishWhyBytesMax, 'a'); }));
  CHECK(!is_bad_wish([](AppWish& wish) {
    wish.spaces.clear();
    wish.all_spaces = true;
  }));
  for (const char* name : {"", " Notes", "Notes ", "No\ntes", "No\x1b[2Jtes", "No\xe2\x80\xaetes",
                           "No\xe2\x80\x8btes", "No\xff", "No\xc2\x85tes"}) {
    INFO(name);
    CHECK(is_bad_wish([&](AppWish& wish) { wish.app = name; }));
    CHECK(is_bad_wish([&](AppWish& wish) { wish.spaces = {"notes", name}; }));
  }
  CHECK(is_bad_wish([](AppWish& wish) { wish.app = std::string(kWishNameBytesMax + 1, 'a'); }));
  CHECK(is_bad_wish([](AppWish& wish) { wish.app = std::string(kWishNameBytesMax * 10, 'a'); }));
  CHECK(is_bad_wish([](AppWish& wish) { wish.why = std::string(kWishWhyBytesMax + 1, 'a'); }));
  CHECK(is_bad_wish([](AppWish& wish) { wish.why = "because\nAllow it?"; }));
  CHECK(is_bad_wish([](AppWish& wish) { wish.origin = "null"; }));
  CHECK(is_bad_wish([](AppWish& wish) { wish.origin = "http://app.test/"; }));
  CHECK(is_bad_wish([](AppWish& wish) { wish.spaces.clear(); }));
  CHECK(is_bad_wish([](AppWish& wish) { wish.all_spaces = true; }));
  CHECK(is_bad_wish([](AppWish& wish) { wish.spaces = {"notes", "notes"}; }));
  CHECK(is_bad_wish([](AppWish& wish) {
    for (std::size_t i = 0; i <= kWishSpacesMax; ++i) wish.spaces.push_back(std::to_string(i));
  }));
}

TEST_CASE("a wish can be narrowed, and never widened") {
  const auto spaces = [](const Result<AppWish>& wish) { return wish->spaces; };
  CHECK(narrowed(an_app_wish(), {})->may_write);
  CHECK(spaces(narrowed(an_app_wish(), {})) == an_app_wish().spaces);
  CHECK(!narrowed(an_app_wish(), {true, {}})->may_write);
  CHECK(spaces(narrowed(an_app_wish(), {false, {"chats"}})) == std::vector<std::string>{"chats"});
  AppWish reading = an_app_wish();
  reading.may_write = false;
  CHECK(!narrowed(reading, {})->may_write);
  const auto more = narrowed(an_app_wish(), {false, {"chats", "diary"}});
  REQUIRE(!more);
  CHECK(more.error().is(Code::kUsage));
  AppWish all = an_app_wish();
  all.spaces.clear();
  all.all_spaces = true;
  const auto one = narrowed(all, {true, {"diary"}});
  REQUIRE(one);
  CHECK(one->spaces == std::vector<std::string>{"diary"});
  CHECK(!one->all_spaces);
  CHECK(!one->may_write);
}

TEST_CASE("an app that is allowed gets its token once") {
  Asking page;
  REQUIRE(page.ask(1));
  CHECK(page.hear(1) == "waiting");
  page.allow(1);
  CHECK(page.waiting() == 0);
  CHECK(page.desk.has_token(an_id(1)));
  CHECK(page.hear(1, kAskedAt, false) == "allowed");
  CHECK(page.hear(1) == "allowed the token");
  CHECK(page.hear(1) == "allowed");
  CHECK(!page.desk.has_token(an_id(1)));
}

TEST_CASE("an answer is for whoever asked, and for nobody else") {
  Asking page;
  REQUIRE(page.ask(1));
  page.allow(1);
  const auto hear = [&](std::uint8_t id, std::uint8_t secret, std::optional<std::string> origin) {
    return Asking::heard(
        page.desk.answer(an_id(id), {a_hash(secret), std::move(origin)}, kAskedAt, true));
  };
  CHECK(hear(2, 1, "http://app.test") == "nothing");
  CHECK(hear(1, 2, "http://app.test") == "nothing");
  CHECK(hear(1, 1, "http://other.test") == "nothing");
  CHECK(hear(1, 1, "") == "nothing");
  CHECK(hear(1, 1, std::nullopt) == "nothing");
  CHECK(hear(1, 1, "http://app.test") == "allowed the token");
}

TEST_CASE("a request that nobody answers expires, and is forgotten later") {
  Asking page;
  REQUIRE(page.ask(1));
  const milliseconds waits = kAppRequestWaits;
  CHECK(page.hear(1, after(waits - milliseconds(1))) == "waiting");
  CHECK(page.waiting(after(waits - milliseconds(1))) == 1);
  CHECK(page.hear(1, after(waits)) == "expired");
  CHECK(page.waiting(after(waits)) == 0);
  CHECK(page.desk.take(an_id(1), after(waits)).error().is(Code::kNotFound));
  CHECK(page.desk.refuse(an_id(1), after(waits)).error().is(Code::kNotFound));
  CHECK(page.hear(1, after(waits + kAppRequestKept)) == "nothing");
}

TEST_CASE("a wall clock that is set, back or forward, ends no request and shows its true age") {
  Asking page;
  REQUIRE(page.ask(1));
  const milliseconds age = std::chrono::minutes(9);
  for (const milliseconds step :
       {-milliseconds(std::chrono::minutes(2)), milliseconds(std::chrono::hours(13))}) {
    const engine::Now now{after(age), {kWall.ms + (age + step).count()}};
    const auto waiting = page.desk.waiting(now);
    REQUIRE(waiting.size() == 1);
    CHECK(waiting.front().asked_ms == now.wall.ms - age.count());
    CHECK(waiting.front().expires_ms ==
          now.wall.ms + milliseconds(kAppRequestWaits - std::chrono::minutes(9)).count());
    CHECK(page.desk.find("abcdef01", now));
  }
}

TEST_CASE("one person at a time decides about a request") {
  Asking page;
  REQUIRE(page.ask(1));
  REQUIRE(page.desk.take(an_id(1), kAskedAt));
  CHECK(page.desk.take(an_id(1), kAskedAt).error().is(Code::kNotFound));
  CHECK(page.desk.refuse(an_id(1), kAskedAt).error().is(Code::kNotFound));
  CHECK(page.desk.find("abcdef01", by_both(kAskedAt)).error().is(Code::kNotFound));
  CHECK(page.hear(1) == "waiting");
  page.desk.put_back(an_id(1));
  CHECK(page.desk.refuse(an_id(1), kAskedAt));
  CHECK(page.hear(1) == "refused");
  CHECK(page.desk.take(an_id(1), kAskedAt).error().is(Code::kNotFound));
}

TEST_CASE("a request is found by its id or the beginning of it") {
  Asking page;
  REQUIRE(page.ask(0x01));
  REQUIRE(page.ask(0x02));
  CHECK(page.desk.find("abcdef01", by_both(kAskedAt))->id == an_id(0x01));
  CHECK(page.desk.find("ABCDEF02", by_both(kAskedAt))->id == an_id(0x02));
  CHECK(page.desk.find("abcdef", by_both(kAskedAt)).error().is(Code::kUsage));
  for (const char* id : {"", "abc", "abcdef03", "abcdef0100", "zzzz"}) {
    INFO(id);
    CHECK(page.desk.find(id, by_both(kAskedAt)).error().is(Code::kNotFound));
  }
}

TEST_CASE("requests are few, of one page, of one program and in all") {
  Asking page;
  std::uint8_t number = 0;
  for (std::size_t i = 0; i < kAppRequestsPerAskerMax; ++i) REQUIRE(page.ask(number++));
  const auto nag = page.ask(number);
  REQUIRE(!nag);
  CHECK(nag.error().is(Code::kBusy));
  // Whoever was refused has still asked; whoever was allowed has not.
  REQUIRE(page.desk.refuse(an_id(0), kAskedAt));
  CHECK(!page.ask(number));
  page.allow(1);
  CHECK(page.ask(number++));
  const auto fill = [&](const std::string& program) {
    std::size_t taken = 0;
    while (page.ask(number, "http://" + std::to_string(number) + "x.test", kAskedAt, program)) {
      ++number;
      ++taken;
    }
    return taken;
  };
  CHECK(fill("browser") == kAppRequestsPerProgramMax - (kAppRequestsPerAskerMax - 1));
  // Another program has places whatever the first has taken.
  CHECK(fill("other browser") == kAppRequestsPerProgramMax);
  CHECK(fill("third") == kAppRequestsMax - 2 * kAppRequestsPerProgramMax);
  CHECK(page.waiting() == kAppRequestsMax);
  CHECK(!page.ask(number, "http://late.test", kAskedAt, "third"));
  CHECK(page.ask(number, "http://late.test", after(kAppRequestWaits), "third"));
}

TEST_CASE("nobody takes another's places") {
  Asking page;
  std::uint8_t number = 0;
  // A program that speaks of a page's origin, and one that forges it.
  for (std::size_t i = 0; i < kAppRequestsPerAskerMax; ++i) {
    REQUIRE(page.ask_as_program(number++, "http://app.test", "script"));
    REQUIRE(page.ask(number++, "http://app.test", kAskedAt, "script"));
  }
  CHECK(!page.ask_as_program(number, "http://app.test", "script"));
  CHECK(!page.ask_as_program(number, "http://other.test", "script"));
  CHECK(!page.ask(number, "http://app.test", kAskedAt, "script"));
  CHECK(page.ask(number++, "http://app.test"));
  // A site has as many names as its owner likes.
  std::size_t of_site = 0;
  while (page.ask(number, "http://" + std::to_string(number) + ".evil.example")) {
    ++number;
    ++of_site;
  }
  CHECK(of_site == kAppRequestsPerGroupMax);
  CHECK(page.ask(number++, "http://honest.example"));
  for (const char* port : {"1", "2", "3", "4", "5"})
    CHECK(page.ask(number++, "http://localhost:" + std::string(port)));
  CHECK(page.ask(number++, "http://127.0.0.1:8000"));
  CHECK(page.ask(number++, "http://[::1]:8000"));
  CHECK(page.ask(number++, "tauri://localhost"));
}

TEST_CASE("a token that nobody came for is not handed out") {
  Asking page;
  REQUIRE(page.ask(1));
  page.allow(1);
  const Instant much_later = after(kAppRequestKept * 2);
  REQUIRE(page.ask(2, "http://other.test", much_later));
  CHECK(page.desk.has_token(an_id(1)));
  page.desk.forget(an_id(1));
  CHECK(page.hear(1) == "nothing");
  CHECK(!page.desk.has_token(an_id(1)));
}

TEST_CASE("names of pages are told from others") {
  for (int i = 0; i < 100; ++i) {
    crypto::SystemRng rng;
    const std::string name = make_page_name(rng);
    CHECK(is_page_name(name));
    CHECK(make_page_name(rng) != name);
    CHECK_FALSE(is_page_name(name + "."));
    CHECK_FALSE(is_page_name("x" + name));
    CHECK_FALSE(is_page_name(name.substr(0, name.size() - 1)));
  }
  const std::string digits(32, 'a');
  CHECK(is_page_name("lanyard-" + digits + ".localhost"));
  for (const std::string& name :
       {"lanyard-" + digits + "a.localhost", "lanyard-" + digits.substr(1) + ".localhost",
        "lanyard-" + digits + ".localhost.evil.test", "lanyard-" + digits + "xlocalhost",
        "lanyard-" + std::string(32, 'A') + ".localhost",
        "lanyard-" + std::string(32, 'g') + ".localhost", std::string("localhost"), std::string()})
    CHECK_FALSE(is_page_name(name));
}

const std::string kSignInPage = "http://lanyard-00.localhost:7760";

TEST_CASE("a secret signs one page in, within a minute") {
  SessionTable table;
  table.invite(a_hash(1), kSignInPage, kAskedAt);
  table.invite(a_hash(2), kSignInPage, kAskedAt);
  CHECK(!table.open(a_hash(3), kSignInPage, a_hash(13), kAskedAt));
  CHECK(!table.open(a_hash(1), "http://localhost:7760", a_hash(11), kAskedAt));
  CHECK(table.open(a_hash(1), kSignInPage, a_hash(11), after(kSignInWithin - milliseconds(1))));
  CHECK(!table.open(a_hash(1), kSignInPage, a_hash(12), kAskedAt));
  CHECK(!table.open(a_hash(2), kSignInPage, a_hash(12), after(kSignInWithin)));
  CHECK(!table.open(a_hash(2), kSignInPage, a_hash(12), kAskedAt));
  CHECK(table.use(a_hash(11), kAskedAt) == kSignInPage);
  CHECK(!table.use(a_hash(12), kAskedAt));
  CHECK(!table.use(a_hash(1), kAskedAt));
}

TEST_CASE("a session ends when it is idle, or closed") {
  SessionTable table;
  table.invite(a_hash(1), kSignInPage, kAskedAt);
  REQUIRE(table.open(a_hash(1), kSignInPage, a_hash(11), kAskedAt));
  const milliseconds nearly = kSessionIdleMax - milliseconds(1);
  CHECK(table.use(a_hash(11), after(nearly)));
  CHECK(table.use(a_hash(11), after(nearly + nearly)));
  CHECK(!table.use(a_hash(11), after(nearly + nearly + kSessionIdleMax)));
  CHECK(!table.use(a_hash(11), after(nearly + nearly)));
  table.invite(a_hash(2), kSignInPage, kAskedAt);
  REQUIRE(table.open(a_hash(2), kSignInPage, a_hash(12), kAskedAt));
  CHECK(table.close(a_hash(12)));
  CHECK(!table.close(a_hash(12)));
  CHECK(!table.use(a_hash(12), kAskedAt));
}

TEST_CASE("who only listens does not keep a session") {
  SessionTable table;
  CHECK(table.next_end(kAskedAt) == std::nullopt);
  table.invite(a_hash(1), kSignInPage, kAskedAt);
  REQUIRE(table.open(a_hash(1), kSignInPage, a_hash(11), kAskedAt));
  const milliseconds nearly = kSessionIdleMax - milliseconds(1);
  CHECK(table.origin_of(a_hash(11), after(nearly)) == kSignInPage);
  CHECK(table.next_end(after(nearly)) == milliseconds(1));
  CHECK(!table.origin_of(a_hash(11), after(kSessionIdleMax)));
  CHECK(table.next_end(after(kSessionIdleMax)) == std::nullopt);
  CHECK(!table.origin_of(a_hash(12), kAskedAt));
}

TEST_CASE("secrets and sessions are bounded: the oldest goes") {
  SessionTable table;
  std::uint8_t number = 0;
  for (; number <= kSignInsMax; ++number)
    table.invite(a_hash(number), kSignInPage, after(milliseconds(number)));
  CHECK(!table.open(a_hash(0), kSignInPage, a_hash(100), after(milliseconds(number))));
  CHECK(table.open(a_hash(1), kSignInPage, a_hash(100), after(milliseconds(number))));
  for (std::size_t i = 0; i < kSessionsMax; ++i) {
    table.invite(a_hash(0), kSignInPage, after(milliseconds(200 + i)));
    REQUIRE(table.open(a_hash(0), kSignInPage, a_hash(static_cast<std::uint8_t>(101 + i)),
                       after(milliseconds(200 + i))));
  }
  CHECK(!table.use(a_hash(100), after(milliseconds(300))));
  CHECK(table.use(a_hash(101), after(milliseconds(300))));
}
