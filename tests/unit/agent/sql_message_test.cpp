#include <catch2/catch.hpp>

#include "agent/sql/sql_message.hpp"
#include "replication/types/canonical.hpp"

namespace lanyard::agent {
namespace {

ByteView body_of_sql_message(const Bytes& message) { return ByteView(message).subspan(4); }

TEST_CASE("what agent and SQL process say to each other is heard as it was said") {
  SqlAsk ask{{"SELECT ?", {Bytes{0xC0}, Bytes{0x07}}, 12}, std::chrono::milliseconds(34)};
  const auto asked = decode_to_sql_process(body_of_sql_message(encode(ToSqlProcess(ask))));
  REQUIRE(asked);
  const auto& heard = std::get<SqlAsk>(*asked);
  CHECK(heard.question.sql == "SELECT ?");
  CHECK(heard.question.values == ask.question.values);
  CHECK(heard.question.rows_max == 12);
  CHECK(heard.most.count() == 34);
  const auto head = decode_from_sql_process(
      body_of_sql_message(encode(FromSqlProcess(SqlHead{{"a", "b"}, {"n"}}))));
  REQUIRE(head);
  CHECK(std::get<SqlHead>(*head).columns == std::vector<std::string>{"a", "b"});
  const auto failure = decode_from_sql_process(
      body_of_sql_message(encode(FromSqlProcess(SqlFailure{Code::kUsage, "why", "fix"}))));
  REQUIRE(failure);
  CHECK(std::get<SqlFailure>(*failure).detail == "why");
}

TEST_CASE("a text of an SQL process has 4 KiB, and what it says beyond them is left out") {
  for (const std::size_t size : {kSqlTextBytesMax, kSqlTextBytesMax + 1, 10 * kSqlTextBytesMax}) {
    const auto heard = decode_from_sql_process(body_of_sql_message(
        encode(FromSqlProcess(SqlFailure{Code::kUsage, std::string(size, 'x'), ""}))));
    REQUIRE(heard);
    CHECK(std::get<SqlFailure>(*heard).detail.size() == kSqlTextBytesMax);
  }
}

TEST_CASE("what an SQL process that was taken over says is refused, cut at every byte too") {
  const Bytes good = encode(FromSqlProcess(SqlHead{{"a"}, {}}));
  for (std::size_t size = 0; size < good.size() - 4; ++size)
    CHECK_FALSE(decode_from_sql_process(body_of_sql_message(good).first(size)));
  CHECK_FALSE(decode_from_sql_process(
      body_of_sql_message(encode(FromSqlProcess(SqlHead{std::vector<std::string>(257), {}})))));
  CHECK(decode_from_sql_process(
      body_of_sql_message(encode(FromSqlProcess(SqlHead{std::vector<std::string>(256), {}})))));
  CHECK_FALSE(decode_from_sql_process(
      body_of_sql_message(encode(FromSqlProcess(SqlHead{std::vector<std::string>(2560), {}})))));
  CHECK_FALSE(decode_from_sql_process(
      body_of_sql_message(encode(FromSqlProcess(SqlFailure{Code::kForgotten, "", ""})))));
  CHECK_FALSE(decode_from_sql_process(body_of_sql_message(encode(ToSqlProcess(SqlOpen{"/x"})))));
}

TEST_CASE("a row is a JSON array of as many values as there are columns") {
  CHECK(is_sql_row("[1,\"a\",null]", 3));
  CHECK(is_sql_row("[]", 0));
  for (const char* row : {"[1,2]", "[1,2,3,4]", "{\"a\":1}", "[1,2,3", "[1,2,3]]", "", "[1,2,x]",
                          "[1,2,3],\"more\":[1]", " [1,2,3]"}) {
    CAPTURE(row);
    CHECK_FALSE(is_sql_row(row, 3));
  }
}

}  // namespace
}  // namespace lanyard::agent
