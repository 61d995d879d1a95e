#include <catch2/catch.hpp>

#include "agent/access/token_text.hpp"
#include "agent/service/token_service.hpp"
#include "tests/unit/agent/door_host.hpp"

using namespace lanyard;
using namespace lanyard::agent;

namespace {

TokenView a_view(const char* id, const char* app) {
  TokenView view;
  view.token.id = *storage::TokenId::from(*from_hex(id));
  view.token.app = app;
  return view;
}

/// "app id, app id"
std::string described(const Result<std::vector<TokenView>>& tokens) {
  if (!tokens) return tokens.error().code.message() + ": " + tokens.error().detail;
  std::string out;
  for (const TokenView& each : *tokens)
    out += (out.empty() ? "" : ", ") + each.token.app + " " + to_hex(each.token.id.view());
  return out;
}

/// The service under test.
class Desk : public testing::DoorHost {
 public:
  explicit Desk(TokenService::Changed changed = {})
      : tokens(host, hasher, rng, std::move(changed)) {}

  Result<TokenService::Created> create(const TokenWish& wish) {
    return answer<TokenService::Created>([&](auto done) { tokens.create(wish, done); });
  }
  Result<std::vector<TokenView>> list(const std::optional<std::string>& name = {}) {
    return answer<std::vector<TokenView>>([&](auto done) { tokens.list(name, done); });
  }
  Result<std::vector<TokenView>> revoke(const std::string& name) {
    return answer<std::vector<TokenView>>([&](auto done) { tokens.revoke(name, done); });
  }

  TokenService tokens;
};

TokenWish a_wish(const std::string& app) {
  TokenWish wish;
  wish.app = app;
  wish.spaces = {"notes"};
  return wish;
}

}  // namespace

TEST_CASE("a token is found by its id, by the beginning of it, and by its app's name") {
  const std::vector<TokenView> all = {
      a_view("aaaa000000000001", "backup"), a_view("aaaa000000000002", "notes"),
      a_view("bbbb000000000003", "notes"), a_view("cccc000000000004", "aaaa"),
      a_view("dddd000000000005", "aaaa000000000001")};
  const auto found = [&](const char* name) { return described(resolve_tokens(all, name)); };
  CHECK(found("bbbb000000000003") == "notes bbbb000000000003");
  CHECK(found("BBBB000000000003") == "notes bbbb000000000003");
  CHECK(found("bbbb") == "notes bbbb000000000003");
  CHECK(found("notes") == "notes aaaa000000000002, notes bbbb000000000003");
  // A whole id before a name; who could mean an app or an id's beginning is asked which.
  CHECK_THAT(found("aaaa"), Catch::Contains("usage: \"aaaa\" could be aaaa000000000001 (backup), "
                                            "aaaa000000000002 (notes), cccc000000000004 (aaaa)"));
  CHECK(found("aaaa000000000001") == "backup aaaa000000000001");
  CHECK_THAT(found("aaaa0"), Catch::Contains("usage: \"aaaa0\" could be aaaa000000000001 (backup), "
                                             "aaaa000000000002 (notes)"));
  for (const char* const none :
       {"", "b", "bbb", "note", "Notes", "eeee", "bbbb0000000000030", "*", "bbbb\n", "--all"}) {
    INFO(none);
    CHECK(resolve_tokens(all, none).error().is(Code::kNotFound));
  }
  CHECK_THAT(resolve_tokens(all, "note").error().fix, Catch::Contains("notes"));
  CHECK_THAT(resolve_tokens({}, "note").error().fix, Catch::Contains("token list"));
}

TEST_CASE("a token that would be good for nothing is not made") {
  const auto is_refused = [](const std::function<void(TokenWish&)>& change) {
    TokenWish wish;
    wish.app = "app";
    change(wish);
    const Status checked = check_wish(wish);
    return !checked && checked.error().is(Code::kUsage) && !checked.error().fix.empty();
  };
  CHECK(is_refused([](TokenWish&) {}));
  CHECK(is_refused([](TokenWish& wish) { wish.may_write = true; }));
  CHECK(is_refused([](TokenWish& wish) { wish.may_write = wish.may_manage = true; }));
  CHECK(is_refused([](TokenWish& wish) {
    wish.all_spaces = true;
    wish.spaces = {"notes"};
  }));
  CHECK(is_refused([](TokenWish& wish) {
    wish.all_spaces = true;
    wish.origin = "http://localhost/";
  }));
  CHECK(is_refused([](TokenWish& wish) {
    wish.user = "ann";
    wish.spaces = {"notes"};
  }));
  CHECK(is_refused([](TokenWish& wish) {
    wish.user = "ann";
    wish.may_manage = true;
  }));
  CHECK_FALSE(is_refused([](TokenWish& wish) { wish.user = "ann"; }));
  CHECK_FALSE(is_refused([](TokenWish& wish) { wish.may_manage = true; }));
  CHECK_FALSE(is_refused([](TokenWish& wish) { wish.spaces = {"notes"}; }));
  CHECK_FALSE(is_refused([](TokenWish& wish) {
    wish.all_spaces = wish.may_write = true;
    wish.origin = "http://localhost";
  }));
}

TEST_CASE("what is stored of a new token is its hash and what it is for") {
  Desk desk;
  TokenWish wish = a_wish("page");
  wish.origin = "http://localhost:5173";
  wish.spaces = {"notes", "chats", "notes"};
  wish.may_write = true;
  wish.expires_in = std::chrono::seconds(60);
  const auto created = desk.create(wish);
  REQUIRE(created);
  CHECK(is_token_text(created->text));
  const auto listed = desk.list();
  REQUIRE(listed);
  REQUIRE(listed->size() == 1);
  const storage::TokenEntry& token = listed->front().token;
  CHECK(token.id == created->id);
  CHECK(token.hash == hash_of_token(created->text, desk.hasher));
  CHECK(token.origin == wish.origin);
  CHECK(token.created_ms == 5000);
  CHECK(token.expires_ms == 65'000);
  CHECK_FALSE(token.may_write);
  REQUIRE(token.spaces.size() == 2);
  CHECK(token.spaces[0].may_write);
  auto names = listed->front().space_names;
  std::sort(names.begin(), names.end());
  CHECK(names == std::vector<std::string>{"chats", "notes"});
}

TEST_CASE("a token for a space that there is not, or without a name, is not made") {
  Desk desk;
  TokenWish wish = a_wish("page");
  wish.spaces = {"notes", "nots"};
  const auto refused = desk.create(wish);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().is(Code::kNotFound));
  CHECK_THAT(refused.error().fix, Catch::Contains("notes"));
  CHECK(desk.create(a_wish("")).error().is(Code::kUsage));
  CHECK(desk.create(a_wish("two\nlines")).error().is(Code::kUsage));
  CHECK(desk.list()->empty());
}

TEST_CASE("revoking an app takes all of its tokens and no others") {
  Desk desk;
  REQUIRE(desk.create(a_wish("notes")));
  REQUIRE(desk.create(a_wish("backup")));
  REQUIRE(desk.create(a_wish("notes")));
  CHECK(desk.list("notes")->size() == 2);
  CHECK(desk.revoke("notes")->size() == 2);
  CHECK(desk.revoke("notes").error().is(Code::kNotFound));
  REQUIRE(desk.list()->size() == 1);
  CHECK(desk.list()->front().token.app == "backup");
}

TEST_CASE("nobody hears that a token is revoked before every door knows") {
  std::vector<std::function<void()>> waiting;
  Desk desk([&](std::function<void()> applied) { waiting.push_back(std::move(applied)); });
  bool is_answered = false;
  const auto answered = [&](const auto& result) {
    CHECK(result);
    is_answered = true;
  };
  desk.tokens.create(a_wish("notes"), answered);
  desk.run_one();
  REQUIRE(waiting.size() == 1);
  CHECK_FALSE(is_answered);
  waiting.front()();
  desk.run_one();
  CHECK(std::exchange(is_answered, false));
  desk.tokens.revoke("notes", answered);
  desk.run_one();
  REQUIRE(waiting.size() == 2);
  CHECK_FALSE(is_answered);
  waiting.back()();
  desk.run_one();
  CHECK(is_answered);
}
