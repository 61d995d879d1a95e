#include "agent/compat/page_guess.hpp"

#include <catch2/catch.hpp>

#include "crypto/sodium.hpp"

namespace lanyard::agent {
namespace {

using storage::ContentHash;
using storage::PageState;
using storage::SeenMember;
using storage::SeenVersion;
using Contents = std::map<std::string, std::string>;  // of a chat's records, by their keys
using Possible = std::vector<std::size_t>;

ContentHash hash_of(const std::string& text) {
  const Hash hash = crypto::SodiumHasher().hash({as_bytes(text)});
  return *ContentHash::from(hash.view().first(ContentHash::kSize));
}

PageState state(std::int64_t at, const Contents& contents, bool was_left = false) {
  PageState out;
  out.updated_at = at;
  out.was_left = was_left;
  for (const auto& [key, text] : contents) out.parts[{"c", key}] = {1, hash_of(text)};
  return out;
}

/// `there`: keys of what was there before.
PageGuess guess(const std::vector<PageState>& states, std::int64_t at, const Contents& contents,
                const std::set<std::string>& there) {
  SaidWhole said;
  said.updated_at = at;
  for (const auto& [key, text] : contents) said.parts[{"c", key}] = hash_of(text);
  for (const std::string& key : there) said.there.insert({"c", key});
  return guess_page(states, said);
}

SeenVersion version(std::int64_t number, const Contents& members) {
  SeenVersion out;
  out.number = number;
  out.version = "v" + std::to_string(number);
  for (const auto& [name, text] : members) out.members.push_back({name, hash_of(text)});
  return out;
}

std::vector<SeenMember> members(const Contents& of) { return version(0, of).members; }

}  // namespace

TEST_CASE("a page was in no state that is newer than what it says") {
  const std::vector<PageState> states{state(100, {{"m", "1"}}), state(300, {{"m", "1"}})};
  CHECK(guess(states, 200, {{"m", "2"}}, {"m"}).possible == Possible{0});
  const PageGuess old = guess(states, 50, {{"m", "0"}}, {"m"});
  CHECK(old.possible.empty());
  CHECK(old.is_old);
}

TEST_CASE("a page was in no state without something that it has and that was there") {
  const std::vector<PageState> states{state(100, {{"m", "1"}}),
                                      state(100, {{"m", "1"}, {"n", "1"}})};
  CHECK(guess(states, 200, {{"m", "1"}, {"n", "1"}, {"new", "1"}}, {"m", "n"}).possible ==
        Possible{1});
  CHECK(guess(states, 200, {{"m", "1"}, {"new", "1"}}, {"m"}).possible == Possible{0, 1});
}

TEST_CASE("a page that says a state again is in it, unless it may have come back to it") {
  const std::vector<PageState> states{state(100, {{"m", "1"}}), state(100, {{"m", "2"}})};
  CHECK(guess(states, 100, {{"m", "1"}}, {"m"}).is_unmoved());
  const std::vector<PageState> left{state(100, {{"m", "1"}}, true), state(100, {{"m", "2"}})};
  const PageGuess back = guess(left, 100, {{"m", "1"}}, {"m"});
  CHECK(back.same == 0);
  CHECK(back.possible == Possible{0, 1});
}

TEST_CASE("of a whole that is gone, who says nothing of it begins anew") {
  const std::vector<PageState> states{state(100, {{"chat", "1"}, {"m", "1"}})};
  SaidWhole anew;
  anew.parts[{"c", "chat"}] = hash_of("2");
  PageGuess other = guess_page(states, anew);
  leave_out_strangers(states, anew, other);
  CHECK(other.possible.empty());
  anew.parts[{"c", "m"}] = hash_of("1");
  PageGuess same = guess_page(states, anew);
  leave_out_strangers(states, anew, same);
  CHECK(same.possible == Possible{0});
}

TEST_CASE("what is as in one of several versions is no edit, and what one of them lacks stays") {
  const SeenVersion base =
      common_base({version(2, {{"title", "new"}, {"more", "1"}}), version(1, {{"title", "old"}})},
                  members({{"title", "old"}, {"star", "1"}}), {});
  CHECK(base.version == "v1");
  CHECK(base.members == members({{"title", "old"}}));
}

TEST_CASE("a version that explains less than another one counts no more") {
  const SeenVersion base = common_base({version(1, {{"theme", "dark"}, {"model", "a"}}),
                                        version(2, {{"theme", "light"}, {"model", "a"}})},
                                       members({{"theme", "light"}, {"model", "b"}}), {});
  CHECK(base.version == "v2");
}

TEST_CASE(
    "who may have come back to a version is compared with the others, and has seen that one") {
  const SeenVersion base = common_base(
      {version(1, {{"star", "off"}}), version(2, {{"star", "on"}})}, members({{"star", "off"}}), 1);
  CHECK(base.version == "v1");
  CHECK(base.members == members({{"star", "on"}}));
}

}  // namespace lanyard::agent
