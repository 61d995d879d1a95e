#include "agent/api/http_server.hpp"

#include <catch2/catch.hpp>

namespace lanyard::agent {
namespace {

/// A server that nobody has started: what is posted to it waits.
std::unique_ptr<HttpServer> waiting_server() {
  auto server = HttpServer::open({.addresses = {"127.0.0.1"}});
  REQUIRE(server);
  return std::move(*server);
}

TEST_CASE("jobs that wait when an HTTP server ends are thrown away with all they hold") {
  auto server = waiting_server();
  auto held = std::make_shared<int>(0);
  const std::weak_ptr<int> is_held = held;
  bool ran = false;
  SECTION("posted ones, which would post more") {
    server->post()([post = server->post(), held = std::move(held), &ran] { ran = true; });
  }
  SECTION("those of a time to come") {
    server->after()(std::chrono::milliseconds(1),
                    [after = server->after(), held = std::move(held), &ran] { ran = true; });
  }
  server.reset();
  CHECK(is_held.expired());
  CHECK_FALSE(ran);
}

TEST_CASE("jobs for an HTTP server that is gone go nowhere") {
  auto server = waiting_server();
  const auto post = server->post();
  const auto after = server->after();
  server.reset();
  bool ran = false;
  post([&ran] { ran = true; });
  after(std::chrono::milliseconds(0), [&ran] { ran = true; });
  CHECK_FALSE(ran);
}

}  // namespace
}  // namespace lanyard::agent
