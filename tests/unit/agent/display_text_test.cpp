#include "agent/display_text.hpp"

#include <catch2/catch.hpp>

#include "agent/errors.hpp"

using namespace lanyard;
using namespace lanyard::agent;

TEST_CASE("text from elsewhere cannot move a cursor, turn text around or hide") {
  struct Row {
    std::string text;
    std::string shown;
  };
  const Row rows[] = {
      {"plain", "plain"},
      {"", ""},
      {"caf\xC3\xA9 \xE6\x97\xA5 \xF0\x9F\x8D\xB5", "caf\xC3\xA9 \xE6\x97\xA5 \xF0\x9F\x8D\xB5"},
      {"a\nb\r\tc", "a\\nb\\r\\tc"},
      {std::string("\0", 1), "\\x00"},
      {"\x1B[31mred", "\\x1b[31mred"},
      {"\x7F", "\\x7f"},
      {"\xC2\x9B"
       "1m",
       "\\u{009b}1m"},
      {"evil\xE2\x80\xAEgpj.exe", "evil\\u{202e}gpj.exe"},
      {"\xE2\x81\xA6x\xE2\x81\xA9", "\\u{2066}x\\u{2069}"},
      {"\xE2\x80\xA8", "\\u{2028}"},
      {"\xEF\xBB\xBF", "\\u{feff}"},
      {"\xF3\xA0\x80\x81", "\\u{e0001}"},
      {"a\xFF"
       "b",
       "a\\xffb"},
      {"\xC0\x80", "\\xc0\\x80"},
      {"\xE2\x80", "\\xe2\\x80"},
      {"\xED\xA0\x80", "\\xed\\xa0\\x80"},
      {"back\\slash", "back\\slash"},
  };
  for (const Row& row : rows) CHECK(display_text(row.text) == row.shown);
}

TEST_CASE("a cell is cut by columns, not by bytes") {
  CHECK(display_width("caf\xC3\xA9") == 4);
  CHECK(display_width("\xE6\x97\xA5\xE6\x9C\xAC") == 4);
  CHECK(display_width("e\xCC\x81") == 1);
  CHECK(display_cut("abcdef", 6) == "abcdef");
  CHECK(display_cut("abcdefg", 6) == "abcde…");
  CHECK(display_cut("\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E", 5) == "\xE6\x97\xA5\xE6\x9C\xAC…");
}

TEST_CASE("each code has an id of its own that leads back to it, and an exit code") {
  for (int value = 1; value <= static_cast<int>(Code::kInterrupted); ++value) {
    const auto code = static_cast<Code>(value);
    const Problem problem = problem_of(Error(code, "why", "fix"));
    CHECK(problem.id.starts_with("LY-"));
    CHECK(code_of(problem.id) == code);
    CHECK(problem.exit_code > 0);
    CHECK_FALSE(problem.title.empty());
  }
  CHECK(problem_of(Error(Code::kNotFound)).exit_code == 4);
  CHECK(problem_of(Error(Code::kNotRunning)).exit_code == 3);
  CHECK(problem_of(Error(Code::kInvalidConfig)).exit_code == 9);
  CHECK(problem_of(Error(Code::kNewerVersion)).exit_code == 10);
  CHECK(problem_of(Error(Code::kLocked)).exit_code == 11);
}

TEST_CASE("an error has three parts, no errno first, and the code last") {
  CHECK(error_text("Could not share \"notes\" with pi",
                   problem_of(Error(Code::kNotFound, "no such device", "Run it there."))) ==
        "Could not share \"notes\" with pi.\n  Why: no such device.\n  Fix: Run it there.\n"
        "  (LY-D004)\n");
  CHECK(error_text("Could not do it\x1B[2J", problem_of(Error(Code::kBusy))) ==
        "Could not do it\\x1b[2J.\n  Why: The agent has too much to do just now.\n  (LY-A007)\n");
  const Problem foreign = problem_of(Error(std::make_error_code(std::errc::io_error), "reading"));
  CHECK(foreign.title == "The system refused");
  CHECK(foreign.why == "reading (Input/output error)");
}
