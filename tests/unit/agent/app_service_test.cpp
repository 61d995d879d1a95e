#include <catch2/catch.hpp>

#include "agent/access/token_text.hpp"
#include "agent/service/reception.hpp"
#include "tests/unit/agent/door_host.hpp"

using namespace lanyard;
using namespace lanyard::agent;

namespace {

/// Where apps ask, and the timers that were set there.
class FrontHall : public testing::DoorHost {
 public:
  FrontHall()
      : DoorHost({1'700'000'000'000}),
        hall(host, hasher, rng, {}, [this](std::chrono::milliseconds, std::function<void()> job) {
          timers.push_back(std::move(job));
        }) {}

  AppService::Asked ask(std::vector<std::string> spaces) {
    AppWish wish;
    wish.app = "Notes";
    wish.origin = kOrigin;
    wish.spaces = std::move(spaces);
    wish.may_write = true;
    auto asked = hall.apps.ask(std::move(wish), kOrigin);
    REQUIRE(asked);
    return std::move(*asked);
  }
  Result<AppService::Granted> allow(const AppService::Asked& asked, Narrowing narrowing = {}) {
    return answer<AppService::Granted>(
        [&](auto done) { hall.apps.allow(id_of(asked), narrowing, done); });
  }
  std::string poll(const AppService::Asked& asked) {
    const auto heard = hall.apps.answer(id_of(asked), asked.secret, kOrigin, true);
    REQUIRE(heard);
    return heard->token;
  }
  std::vector<TokenView> tokens() {
    const auto listed =
        answer<std::vector<TokenView>>([&](auto done) { hall.tokens.list({}, done); });
    REQUIRE(listed);
    return *listed;
  }
  static std::string id_of(const AppService::Asked& asked) {
    return to_hex(asked.request.id.view());
  }

  static constexpr const char* kOrigin = "http://app.test";
  std::vector<std::function<void()>> timers;
  Reception hall;
};

}  // namespace

TEST_CASE("what a person allows is a token of the app, its page and its spaces") {
  FrontHall there;
  const auto asked = there.ask({"notes", "chats"});
  const auto granted = there.allow(asked, {true, {"chats"}});
  REQUIRE(granted);
  const auto tokens = there.tokens();
  REQUIRE(tokens.size() == 1);
  const storage::TokenEntry& token = tokens.front().token;
  CHECK(token.id == granted->token);
  CHECK(token.app == "Notes");
  CHECK(token.origin == FrontHall::kOrigin);
  CHECK(tokens.front().space_names == std::vector<std::string>{"chats"});
  CHECK(!token.spaces.front().may_write);
  CHECK(!token.may_manage);
  CHECK(token.expires_ms == 0);
  CHECK(token.hash == hash_of_token(there.poll(asked), there.hasher));
  CHECK(there.poll(asked).empty());
}

TEST_CASE("a token that its app does not come for is revoked") {
  FrontHall there;
  const auto came = there.ask({"notes"});
  const auto stayed_away = there.ask({"chats"});
  REQUIRE(there.allow(came));
  REQUIRE(there.allow(stayed_away));
  CHECK(!there.poll(came).empty());
  REQUIRE(there.timers.size() == 2);
  for (const auto& timer : there.timers) timer();
  const auto tokens = there.tokens();
  REQUIRE(tokens.size() == 1);
  CHECK(tokens.front().space_names == std::vector<std::string>{"notes"});
  const auto late = there.hall.apps.answer(FrontHall::id_of(stayed_away), stayed_away.secret,
                                           FrontHall::kOrigin, true);
  REQUIRE(!late);
  CHECK(late.error().is(Code::kNotFound));
}

TEST_CASE("what cannot be granted goes on waiting, and is granted once") {
  FrontHall there;
  const auto asked = there.ask({"notes", "garden"});
  const auto failed = there.allow(asked);
  REQUIRE(!failed);
  CHECK(failed.error().is(Code::kNotFound));
  CHECK(there.tokens().empty());
  CHECK(there.hall.apps.waiting().size() == 1);
  // Two at once: the second comes while storage works for the first.
  std::optional<Result<AppService::Granted>> second;
  const auto first = there.answer<AppService::Granted>([&](auto done) {
    there.hall.apps.allow(FrontHall::id_of(asked), {false, {"notes"}}, done);
    there.hall.apps.allow(
        FrontHall::id_of(asked), {false, {"notes"}},
        [&](Result<AppService::Granted> granted) { second = std::move(granted); });
  });
  CHECK(first);
  REQUIRE(second);
  REQUIRE(!*second);
  CHECK(second->error().is(Code::kNotFound));
  CHECK(there.tokens().size() == 1);
}

/// The origin of a page, and its secret.
std::pair<std::string, std::string> sign_in_link_of(SignInService& sign_in) {
  const std::string url = sign_in.invite(7760);
  const std::size_t at = url.find("/#signin=");
  REQUIRE(at != std::string::npos);
  return {url.substr(0, at), url.substr(at + std::string_view("/#signin=").size())};
}

TEST_CASE("a page is signed in by a secret, until it signs out") {
  FrontHall there;
  SignInService& sign_in = there.hall.sign_in;
  const auto [origin, secret] = sign_in_link_of(sign_in);
  CHECK(is_token_text(secret));
  CHECK(origin.ends_with(".localhost:7760"));
  for (const char* wrong : {"", "lanyard_", "x"}) CHECK(!sign_in.sign_in(wrong, origin));
  CHECK(!sign_in.sign_in(secret, sign_in_link_of(sign_in).first));
  const auto token = sign_in.sign_in(secret, origin);
  REQUIRE(token);
  CHECK(*token != secret);
  CHECK(sign_in.page_of(hash_of_token(*token, there.hasher)) == origin);
  CHECK(!sign_in.page_of(hash_of_token(secret, there.hasher)));
  const auto again = sign_in.sign_in(secret, origin);
  REQUIRE(!again);
  CHECK(again.error().is(Code::kNotAllowed));
  sign_in.sign_out(*token);
  CHECK(!sign_in.page_of(hash_of_token(*token, there.hasher)));
}

TEST_CASE("a wall clock that is set signs nobody out and loses no request") {
  FrontHall there;
  const auto [origin, secret] = sign_in_link_of(there.hall.sign_in);
  const auto token = there.hall.sign_in.sign_in(secret, origin);
  REQUIRE(token);
  static_cast<void>(there.ask({"notes"}));
  for (const std::chrono::minutes step :
       {std::chrono::minutes(-2), std::chrono::minutes(13 * 60)}) {
    there.now.ms += std::chrono::milliseconds(step).count();
    CHECK(there.hall.sign_in.page_of(hash_of_token(*token, there.hasher)));
    CHECK(there.hall.apps.waiting().size() == 1);
  }
  there.mono.since_origin += kSessionIdleMax;
  CHECK(!there.hall.sign_in.page_of(hash_of_token(*token, there.hasher)));
  CHECK(there.hall.apps.waiting().empty());
}
