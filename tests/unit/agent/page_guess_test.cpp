#include "agent/compat/page_guess.hpp"

#include <catch2/catch.hpp>

#include "crypto/sodium.hpp"

namespace lanyard::agent {
namespace {

using storage::ContentHash;
using storage::PageState;
using storage::SeenMember;
using storage::SeenVersion;
using PageContents = std::map<std::string, std::string>;  // of a chat's records, by their keys
using PossibleStates = std::vector<std::size_t>;

ContentHash page_hash(const std::string& text) {
  const Hash hash = crypto::SodiumHasher().hash({as_bytes(text)});
  return *ContentHash::from(hash.view().first(ContentHash::kSize));
}

PageState page_state(std::int64_t at, const PageContents& contents, bool was_left = false) {
  PageState out;
  out.updated_at = at;
  out.was_left = was_left;
  for (const auto& [key, text] : contents) out.parts[{"c", key}] = {1, page_hash(text)};
  return out;
}

/// `there`: keys of what was there before.
PageGuess guess_of(const std::vector<PageState>& states, std::int64_t at,
                   const PageContents& contents, const std::set<std::string>& there) {
  SaidWhole said;
  said.updated_at = at;
  for (const auto& [key, text] : contents) said.parts[{"c", key}] = page_hash(text);
  for (const std::string& key : there) said.there.insert({"c", key});
  return guess_page(states, said);
}

SeenVersion page_version(std::int64_t number, const PageContents& members) {
  SeenVersion out;
  out.number = number;
  out.version = "v" + std::to_string(number);
  for (const auto& [name, text] : members) out.members.push_back({name, page_hash(text)});
  return out;
}

std::vector<SeenMember> page_members(const PageContents& of) { return page_version(0, of).members; }

}  // namespace

TEST_CASE("a page was in no state that is newer than what it says") {
  const std::vector<PageState> states{page_state(100, {{"m", "1"}}), page_state(300, {{"m", "1"}})};
  CHECK(guess_of(states, 200, {{"m", "2"}}, {"m"}).possible == PossibleStates{0});
  const PageGuess old = guess_of(states, 50, {{"m", "0"}}, {"m"});
  CHECK(old.possible.empty());
  CHECK(old.is_old);
}

TEST_CASE("a page was in no state without something that it has and that was there") {
  const std::vector<PageState> states{page_state(100, {{"m", "1"}}),
                                      page_state(100, {{"m", "1"}, {"n", "1"}})};
  CHECK(guess_of(states, 200, {{"m", "1"}, {"n", "1"}, {"new", "1"}}, {"m", "n"}).possible ==
        PossibleStates{1});
  CHECK(guess_of(states, 200, {{"m", "1"}, {"new", "1"}}, {"m"}).possible == PossibleStates{0, 1});
}

TEST_CASE("a page that says a state again is in it, unless it may have come back to it") {
  const std::vector<PageState> states{page_state(100, {{"m", "1"}}), page_state(100, {{"m", "2"}})};
  CHECK(guess_of(states, 100, {{"m", "1"}}, {"m"}).is_unmoved());
  const std::vector<PageState> left{page_state(100, {{"m", "1"}}, true),
                                    page_state(100, {{"m", "2"}})};
  const PageGuess back = guess_of(left, 100, {{"m", "1"}}, {"m"});
  CHECK(back.same == std::optional<std::size_t>(0));
  CHECK(back.possible == PossibleStates{0, 1});
}

TEST_CASE("of a whole that is gone, who says nothing of it begins anew") {
  const std::vector<PageState> states{page_state(100, {{"chat", "1"}, {"m", "1"}})};
  SaidWhole anew;
  anew.parts[{"c", "chat"}] = page_hash("2");
  PageGuess other = guess_page(states, anew);
  leave_out_strangers(states, anew, other);
  CHECK(other.possible.empty());
  anew.parts[{"c", "m"}] = page_hash("1");
  PageGuess same = guess_page(states, anew);
  leave_out_strangers(states, anew, same);
  CHECK(same.possible == PossibleStates{0});
}

TEST_CASE("what is as in one of several versions is no edit, and what one of them lacks stays") {
  const SeenVersion base = common_base(
      {page_version(2, {{"title", "new"}, {"more", "1"}}), page_version(1, {{"title", "old"}})},
      page_members({{"title", "old"}, {"star", "1"}}), {});
  CHECK(base.version == "v1");
  CHECK(base.members == page_members({{"title", "old"}}));
}

TEST_CASE("a version that explains less than another one counts no more") {
  const SeenVersion base = common_base({page_version(1, {{"theme", "dark"}, {"model", "a"}}),
                                        page_version(2, {{"theme", "light"}, {"model", "a"}})},
                                       page_members({{"theme", "light"}, {"model", "b"}}), {});
  CHECK(base.version == "v2");
}

TEST_CASE(
    "who may have come back to a version is compared with the others, and has seen that one") {
  const SeenVersion base =
      common_base({page_version(1, {{"star", "off"}}), page_version(2, {{"star", "on"}})},
                  page_members({{"star", "off"}}), 1);
  CHECK(base.version == "v1");
  CHECK(base.members == page_members({{"star", "on"}}));
}

}  // namespace lanyard::agent
