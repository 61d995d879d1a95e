#include <catch2/catch.hpp>

#include "tests/unit/discovery/discovery_words.hpp"

namespace {

using namespace lanyard::discovery;
using namespace lanyard::discovery::testing;
using Seen = CandidateTable::Seen;

TEST_CASE("a sighting comes, changes and goes") {
  CandidateTable table;
  Sighting sighting = a_sighting("a1", "10.0.0.2");
  CHECK(table.saw(sighting) == Seen::kFresh);
  CHECK(table.saw(sighting) == Seen::kSame);
  sighting.text.is_pairing = true;
  CHECK(table.saw(sighting) == Seen::kChanged);
  CHECK(table.all() == std::vector<Sighting>{sighting});
  CHECK(*table.find(sighting.key) == sighting);
  CHECK(table.lost(sighting.key));
  CHECK_FALSE(table.lost(sighting.key));
  CHECK(table.size() == 0);
}

TEST_CASE("what must not be dialled is no candidate") {
  CandidateTable table;
  table.own("me", {an_address("10.0.0.1"), an_address("fe80::1")});
  for (const char* address : {"127.0.0.1", "::1", "224.0.0.251", "ff02::fb", "0.0.0.0", "8.8.8.8",
                              "2001:db8::1", "10.0.0.1", "fe80::1"}) {
    CAPTURE(address);
    CHECK(table.saw(a_sighting("a1", address)) == Seen::kRefused);
  }
  CHECK(table.saw(a_sighting("a1", "10.0.0.2", "eth0", 0)) == Seen::kRefused);
  CHECK(table.saw(a_sighting("me", "10.0.0.2")) == Seen::kRefused);
  CHECK(table.saw(a_sighting("", "10.0.0.2")) == Seen::kRefused);
  CHECK(table.saw(a_sighting(std::string(64, 'x'), "10.0.0.2")) == Seen::kRefused);
  CHECK(table.saw(a_sighting(std::string(63, 'x'), "10.0.0.2")) == Seen::kFresh);
  CHECK(table.saw(a_sighting("\x1B[31m\n\xFF", "10.0.0.3")) == Seen::kFresh);
  CHECK(table.size() == 2);
}

TEST_CASE("a candidate that becomes one that must not be dialled goes") {
  CandidateTable table;
  Sighting sighting = a_sighting("a1", "10.0.0.2");
  REQUIRE(table.saw(sighting) == Seen::kFresh);
  sighting.address = an_address("8.8.8.8");
  CHECK(table.saw(sighting) == Seen::kRefused);
  CHECK(table.size() == 0);

  sighting.address = an_address("10.0.0.2");
  REQUIRE(table.saw(sighting) == Seen::kFresh);
  CHECK(table.own("me", {an_address("10.0.0.2")}) == std::vector<Sighting>{sighting});
  CHECK(table.size() == 0);
}

TEST_CASE("at most 256 candidates are kept, and those that were there first stay") {
  CandidateTable table;
  const auto numbered = [](std::size_t i) {
    return a_sighting("a" + std::to_string(i),
                      "10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250 + 1));
  };
  for (std::size_t i = 0; i < 10 * CandidateTable::kCandidatesMax; ++i) {
    const bool fits = i < CandidateTable::kCandidatesMax;
    REQUIRE(table.saw(numbered(i)) == (fits ? Seen::kFresh : Seen::kRefused));
  }
  CHECK(table.size() == CandidateTable::kCandidatesMax);
  CHECK(table.saw(numbered(0)) == Seen::kSame);
  REQUIRE(table.lost(numbered(7).key));
  CHECK(table.saw(numbered(300)) == Seen::kFresh);
}

TEST_CASE("one instance has at most 8 places") {
  CandidateTable table;
  for (std::size_t i = 0; i < 20; ++i) {
    const auto sighting = a_sighting("a1", "10.0.0.2", "eth" + std::to_string(i));
    CHECK(table.saw(sighting) ==
          (i < CandidateTable::kPerInstanceMax ? Seen::kFresh : Seen::kRefused));
  }
  CHECK(table.saw(a_sighting("a2", "10.0.0.2")) == Seen::kFresh);
}

TEST_CASE("a child that begins anew has to see everything again, and until then it stays") {
  CandidateTable table;
  const Sighting first = a_sighting("a1", "10.0.0.2");
  const Sighting second = a_sighting("a2", "10.0.0.3");
  static_cast<void>(table.saw(first));
  static_cast<void>(table.saw(second));
  table.begin_again();
  CHECK(table.size() == 2);
  CHECK(table.saw(second) == Seen::kSame);
  CHECK(table.drop_unseen() == std::vector<Sighting>{first});
  CHECK(table.all() == std::vector<Sighting>{second});
  CHECK(table.drop_unseen().empty());
}

}  // namespace
