#include <catch2/catch.hpp>

#include "replication/types/hlc.hpp"
#include "replication/types/ids.hpp"
#include "replication/types/limits.hpp"
#include "replication/types/result.hpp"
#include "replication/types/utf8.hpp"
#include "replication/types/vector_clock.hpp"
#include "tests/support/chance.hpp"

namespace {

using namespace lanyard;

constexpr WallTime kNoon{1'800'000'000'000};

Hlc stamp(WallTime wall, std::uint64_t counter = 0) {
  return {static_cast<std::uint64_t>(wall.ms) << 16 | counter};
}

WallTime later(WallTime wall, std::chrono::milliseconds by) { return {wall.ms + by.count()}; }

LogId log(std::uint8_t number) {
  LogId id;
  id.bytes[0] = number;
  return id;
}

Head head(std::uint64_t seq, std::uint8_t hash = 0) {
  Head out{{seq}, {}};
  out.hash.bytes[0] = hash;
  return out;
}

// ---- UTF-8

TEST_CASE("text is UTF-8 exactly as table 3-7 of Unicode has it") {
  // Each row of the table: a lead byte, the range of the byte after it, and how many more follow.
  struct Row {
    unsigned lead_low, lead_high, second_low, second_high, more;
  };
  const std::vector<Row> table{
      {0xC2, 0xDF, 0x80, 0xBF, 0}, {0xE0, 0xE0, 0xA0, 0xBF, 1}, {0xE1, 0xEC, 0x80, 0xBF, 1},
      {0xED, 0xED, 0x80, 0x9F, 1}, {0xEE, 0xEF, 0x80, 0xBF, 1}, {0xF0, 0xF0, 0x90, 0xBF, 2},
      {0xF1, 0xF3, 0x80, 0xBF, 2}, {0xF4, 0xF4, 0x80, 0x8F, 2},
  };
  const auto row_of = [&](unsigned lead) {
    return std::find_if(table.begin(), table.end(), [&](const Row& row) {
      return lead >= row.lead_low && lead <= row.lead_high;
    });
  };
  for (unsigned lead = 0; lead < 256; ++lead) {
    const auto row = row_of(lead);
    CHECK(is_utf8(Bytes{static_cast<std::uint8_t>(lead)}) == (lead < 0x80));
    for (unsigned second = 0; second < 256; ++second) {
      Bytes text{static_cast<std::uint8_t>(lead), static_cast<std::uint8_t>(second)};
      bool expected = lead < 0x80 && second < 0x80;
      if (row != table.end()) {
        expected = second >= row->second_low && second <= row->second_high;
        if (row->more > 0 && is_utf8(text)) FAIL("cut short: " << to_hex(text));
        text.insert(text.end(), row->more, 0x80);
      }
      if (is_utf8(text) != expected) FAIL(to_hex(text));
    }
  }
}

TEST_CASE("a bad byte is found wherever it stands in a long text") {
  CHECK(is_utf8({}));
  for (std::size_t size = 1; size < 40; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      Bytes text(size, 'a');
      CHECK(is_utf8(text));
      text[at] = 0xFF;
      if (is_utf8(text)) FAIL(size << " " << at);
    }
  }
}

TEST_CASE("the last byte of a character is checked as the ones before it") {
  CHECK(is_utf8(as_bytes("\xF0\x9F\x98\x80")));
  CHECK_FALSE(is_utf8(as_bytes("\xF0\x9F\x98\x41")));
  CHECK_FALSE(is_utf8(as_bytes("\xF0\x9F\x41\x80")));
  CHECK_FALSE(is_utf8(as_bytes("\xE2\x82\x41")));
  CHECK_FALSE(is_utf8(as_bytes("\x80")));
}

// ---- hybrid logical clock

TEST_CASE("a stamp follows the wall clock, and counts where the wall clock stands still") {
  CHECK(next_stamp({}, {}, kNoon) == stamp(kNoon));
  CHECK(next_stamp(stamp(kNoon), {}, kNoon) == stamp(kNoon, 1));
  CHECK(next_stamp(stamp(kNoon, 7), {}, kNoon) == stamp(kNoon, 8));
  CHECK(next_stamp(stamp(kNoon, 7), {}, {kNoon.ms + 1}) == stamp({kNoon.ms + 1}));
}

TEST_CASE("a full counter carries into the milliseconds") {
  CHECK(next_stamp(stamp(kNoon, 0xFFFF), {}, kNoon) == stamp({kNoon.ms + 1}));
}

TEST_CASE("a stamp comes after every sane one that was seen") {
  const Hlc seen = stamp({kNoon.ms + 5000}, 3);
  CHECK(next_stamp({}, seen, kNoon) == stamp({kNoon.ms + 5000}, 4));
}

TEST_CASE("our own stamps never step back, although our clock does by years") {
  const Hlc last = stamp(kNoon);
  CHECK(next_stamp(last, {}, {0}) == stamp(kNoon, 1));
  CHECK(next_stamp(last, {}, {-1}) == stamp(kNoon, 1));
}

TEST_CASE("a stamp more than ten minutes ahead of our clock does not pull us along") {
  CHECK(is_sane(stamp(later(kNoon, limits::kClockLeadMax)), kNoon));
  CHECK(is_sane(stamp(later(kNoon, limits::kClockLeadMax), 0xFFFF), kNoon));
  CHECK_FALSE(
      is_sane(stamp(later(kNoon, limits::kClockLeadMax + std::chrono::milliseconds(1))), kNoon));
  CHECK_FALSE(is_sane({UINT64_MAX}, kNoon));
  CHECK(is_sane({0}, kNoon));
}

TEST_CASE("a wall clock outside of 48 bits counts as the nearest time inside") {
  CHECK(next_stamp({}, {}, {INT64_MIN}) == Hlc{1});  // one after what was seen: nothing
  CHECK(next_stamp({}, {}, {INT64_MAX}) == Hlc{UINT64_MAX << 16});
  CHECK(next_stamp({UINT64_MAX}, {}, kNoon) == Hlc{UINT64_MAX});
}

TEST_CASE("stamps of one device increase strictly under any wall clock and any sane peers") {
  support::Chance chance(6);
  Hlc last;
  Hlc seen;
  for (int round = 0; round < 10'000; ++round) {
    const WallTime wall{kNoon.ms + static_cast<std::int64_t>(chance.below(100'000)) - 50'000};
    const Hlc other{chance.natural()};
    if (is_sane(other, wall)) seen = std::max(seen, other);
    const Hlc next = next_stamp(last, seen, wall);
    if (!(next > last && next > seen)) FAIL(round);
    last = next;
  }
}

// ---- clocks of many logs

TEST_CASE("a clock says how far each log is held, and 0 for the others") {
  const VectorClock clock{{log(1), head(3)}, {log(2), head(1)}};
  CHECK(seq_in(clock, log(1)) == Seq{3});
  CHECK(seq_in(clock, log(3)) == Seq{});
}

TEST_CASE("what one clock has and another has not is counted change by change") {
  const VectorClock left{{log(1), head(3)}, {log(2), head(10)}};
  const VectorClock right{{log(2), head(4)}, {log(3), head(7)}};
  CHECK(missing_count(left, right) == 9);
  CHECK(missing_count(right, left) == 7);
  CHECK(missing_count(left, left) == 0);
  CHECK_FALSE(covers(left, right));
  CHECK(covers(left, {}));
  CHECK(covers({}, {}));
  CHECK(covers({{log(1), head(3)}, {log(2), head(10)}}, {{log(1), head(2)}}));
}

TEST_CASE("equal seq with another hash is another head") {
  CHECK(head(3, 1) != head(3, 2));
  CHECK(head(3, 2) < head(4, 1));
}

// ---- ids and bytes

TEST_CASE("a space has one text: a UUID in lower case") {
  const std::string text = "00112233-4455-8677-8899-aabbccddeeff";
  const auto id = space_id_from_text(text);
  REQUIRE(id.has_value());
  CHECK(to_hex(id->view()) == "00112233445586778899aabbccddeeff");
  CHECK(to_text(*id) == text);
  for (const std::string bad :
       {"", "00112233445586778899aabbccddeeff", "00112233-4455-8677-8899-AABBCCDDEEFF",
        "00112233-4455-8677-8899-aabbccddeef", "00112233-4455-8677-8899-aabbccddeeff0",
        "0011223344-55-8677-8899-aabbccddeeff", "00112233-4455-8677-8899-aabbccddeegg",
        "{0112233-4455-8677-8899-aabbccddeef}", "00112233-4455-8677-8899--abbccddeeff"}) {
    INFO(bad);
    CHECK(space_id_from_text(bad) == std::nullopt);
  }
}

TEST_CASE("hexadecimal text is read in both cases and written in lower") {
  CHECK(to_hex(Bytes{0x00, 0x9F, 0xA0, 0xFF}) == "009fa0ff");
  CHECK(from_hex("009fA0Ff") == Bytes{0x00, 0x9F, 0xA0, 0xFF});
  CHECK(from_hex("") == Bytes{});
  for (const std::string bad : {"0", "0g", "g0", " 00", "0x00", "00 "}) {
    CHECK(from_hex(bad) == std::nullopt);
  }
}

TEST_CASE("byte strings compare by unsigned bytes, the shorter of equal beginnings first") {
  CHECK((compare(Bytes{0x7F}, Bytes{0x80}) < 0));
  CHECK((compare(Bytes{1}, Bytes{1, 0}) < 0));
  CHECK((compare(Bytes{}, Bytes{}) == 0));
  CHECK(equal(Bytes{}, Bytes{}));
  CHECK_FALSE(equal(Bytes{1}, Bytes{1, 0}));
}

TEST_CASE("an id is read from exactly as many bytes as it has") {
  CHECK(SpaceId::from(Bytes(16)).has_value());
  CHECK(SpaceId::from(Bytes(15)) == std::nullopt);
  CHECK(SpaceId::from(Bytes(17)) == std::nullopt);
  CHECK(SpaceId{}.is_zero());
  CHECK_FALSE(log(1).is_zero());
}

TEST_CASE("every code has words of its own") {
  std::vector<std::string> words;
  for (int code = 1; code <= static_cast<int>(Code::kInterrupted); ++code)
    words.push_back(make_error_code(static_cast<Code>(code)).message());
  std::sort(words.begin(), words.end());
  CHECK(std::adjacent_find(words.begin(), words.end()) == words.end());
  CHECK(std::find(words.begin(), words.end(), "unknown") == words.end());
}

}  // namespace
