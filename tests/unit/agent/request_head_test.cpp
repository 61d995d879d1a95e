#include <catch2/catch.hpp>

#include "agent/api/request_head.hpp"

namespace {

using lanyard::agent::refuse_head;

struct Row {
  const char* what;
  std::string head;
  int status;  ///< 0: it passes
};

std::string a_head(const std::string& line, const std::string& more = "") {
  return line + "\r\nHost: localhost:7760\r\n" + more + "\r\n";
}

TEST_CASE("a few empty lines before a request are passed over") {
  using lanyard::agent::look_for_head;
  const std::string head = a_head("GET / HTTP/1.1");
  for (std::size_t lines = 0; lines <= lanyard::agent::kEmptyLinesMax; ++lines) {
    std::string before;
    for (std::size_t line = 0; line < lines; ++line) before += "\r\n";
    const auto look = look_for_head(before + head + "more");
    CHECK(look.start == before.size());
    CHECK(look.size == head.size());
    CHECK(!look.refusal);
    CHECK(look_for_head(before).start == before.size());
    CHECK(look_for_head(before).size == 0);
  }
  const auto look = look_for_head(std::string(2 * 1000, '\r').replace(1, 1, "\n"));
  CHECK(look.start == 2);
}

TEST_CASE("a head that two readers could understand differently is refused") {
  const auto with = [](const std::string& fields) { return a_head("GET / HTTP/1.1", fields); };
  const auto row = GENERATE_COPY(values<Row>({
      {"a plain one", with(""), 0},
      {"a query", a_head("GET /v1/spaces?limit=2 HTTP/1.1"), 0},
      {"a body", with("Content-Length: 12\r\n"), 0},
      {"chunks", with("Transfer-Encoding: chunked\r\n"), 0},
      {"UTF-8 in a value", with("X-Name: \xc3\xa4\r\n"), 0},
      {"an empty value", with("X-Name:\r\n"), 0},
      {"nothing", "\r\n", 400},
      {"no version", a_head("GET /"), 400},
      {"two spaces", a_head("GET  / HTTP/1.1"), 400},
      {"a tab for a space", a_head("GET\t/ HTTP/1.1"), 400},
      {"HTTP/1.0", a_head("GET / HTTP/1.0"), 505},
      {"HTTP/2", a_head("PRI * HTTP/2.0"), 400},
      {"another protocol", a_head("GET / RTSP/1.0"), 400},
      {"an absolute target", a_head("GET http://localhost:7760/ HTTP/1.1"), 400},
      {"an authority", a_head("CONNECT localhost:7760 HTTP/1.1"), 400},
      {"a fragment", a_head("GET /#x HTTP/1.1"), 400},
      {"a control character in the target", a_head("GET /\x01 HTTP/1.1"), 400},
      {"a line feed alone", "GET / HTTP/1.1\nHost: localhost\r\n\r\n", 400},
      {"a carriage return alone", with("X: a\rb\r\n"), 400},
      {"a folded line", with("X: a\r\n b\r\n"), 400},
      {"space before the colon", with("X : a\r\n"), 400},
      {"no colon", with("X\r\n"), 400},
      {"an empty name", with(": a\r\n"), 400},
      {"a NUL", with(std::string("X: a\0b\r\n", 8)), 400},
      {"no Host", "GET / HTTP/1.1\r\n\r\n", 400},
      {"two Hosts", with("host: evil.example\r\n"), 400},
      {"two lengths", with("Content-Length: 1\r\nContent-Length: 1\r\n"), 400},
      {"a signed length", with("Content-Length: +1\r\n"), 400},
      {"a negative length", with("Content-Length: -1\r\n"), 400},
      {"a length in hex", with("Content-Length: 0x1\r\n"), 400},
      {"a list of lengths", with("Content-Length: 1, 1\r\n"), 400},
      {"an empty length", with("Content-Length: \r\n"), 400},
      {"a length beyond 64 bits", with("Content-Length: 99999999999999999999\r\n"), 400},
      {"a length beside chunks", with("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n"), 400},
      {"two codings", with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400},
      {"another coding", with("Transfer-Encoding: gzip, chunked\r\n"), 501},
      {"a coding with a tail", with("Transfer-Encoding: chunked;x\r\n"), 501},
  }));
  INFO(row.what);
  const auto refusal = refuse_head(row.head);
  CHECK((refusal ? refusal->status : 0) == row.status);
  if (refusal) CHECK_FALSE(refusal->why.empty());
}

TEST_CASE("a hundred headers pass, and one more does not") {
  std::string fields;
  for (int i = 1; i < 100; ++i) fields += "X-" + std::to_string(i) + ": a\r\n";
  CHECK_FALSE(refuse_head(a_head("GET / HTTP/1.1", fields)));
  const auto refusal = refuse_head(a_head("GET / HTTP/1.1", fields + "X-100: a\r\n"));
  REQUIRE(refusal);
  CHECK(refusal->status == 431);
  for (int i = 101; i < 1000; ++i) fields += "X-" + std::to_string(i) + ": a\r\n";
  CHECK(refuse_head(a_head("GET / HTTP/1.1", fields)).value().status == 431);
}

}  // namespace
