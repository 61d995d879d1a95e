#include <catch2/catch.hpp>

#include "discovery/first_question.hpp"
#include "tests/unit/discovery/discovery_words.hpp"

namespace {

using namespace lanyard::discovery;
using namespace lanyard::discovery::testing;

std::string first_question_text(const Orders& orders) {
  const lanyard::Bytes bytes = first_question(orders);
  return {bytes.begin(), bytes.end()};
}

Orders orders_to_announce() {
  Orders orders;
  orders.turn = 1;
  orders.instance = "abc";
  orders.host = "de";
  orders.port = 7761;
  return orders;
}

using namespace std::string_literals;

const std::string kServiceLabels = "\x08_lanyard\x04_tcp\x05local\0"s;
const std::string kAsked = kServiceLabels + "\0\x0c\x80\x01"s;
const std::string kQuestionAlone = "\0\0\0\0\0\1\0\0\0\0\0\0"s + kAsked;

TEST_CASE("who announces a service asks for others and probes its own name in one packet") {
  const std::string instance = "\3abc"s + kServiceLabels;
  CHECK(first_question_text(orders_to_announce()) ==
        "\0\0\0\0\0\2\0\0\0\1\0\0"s + kAsked + instance + "\0\xff\x80\x01"s + instance +
            "\0\x21\0\x01\0\0\0\x78\0\x10\0\0\0\0\x1e\x51\2de\5local\0"s);
}

TEST_CASE("who announces nothing, or a name that is no label, asks and probes nothing") {
  Orders orders = orders_to_announce();
  orders.port = 0;
  CHECK(first_question_text(orders) == kQuestionAlone);
  orders = orders_to_announce();
  orders.instance.clear();
  CHECK(first_question_text(orders) == kQuestionAlone);
  orders = orders_to_announce();
  orders.host = std::string(64, 'x');
  CHECK(first_question_text(orders) == kQuestionAlone);
}

TEST_CASE("a name that was told is asked for by itself") {
  const lanyard::Bytes bytes = second_question("abc");
  CHECK(std::string(bytes.begin(), bytes.end()) ==
        "\0\0\0\0\0\1\0\0\0\0\0\0\3abc"s + kServiceLabels + "\0\xff\x80\x01"s);
}

TEST_CASE("interfaces that are not there are left out of the first question") {
  Orders orders = orders_to_announce();
  const std::vector<IpAddress> addresses = {an_address("10.0.0.1"), an_address("fe80::1")};
  for (const int index : {-1, 0, 0x7fffffff})
    orders.interfaces.push_back({index, "gone", addresses});
  FirstQuestions questions;
  questions.ask(orders);
  questions.ask_about(0x7fffffff, true, "abc");
  questions.ask_about(5, false, "");
  orders.interfaces.clear();
  questions.ask(orders);
}

}  // namespace
