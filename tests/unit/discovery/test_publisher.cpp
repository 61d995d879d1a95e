#include <catch2/catch.hpp>

#include "discovery/publisher.hpp"
#include "tests/unit/discovery/discovery_words.hpp"

namespace {

using namespace lanyard::discovery;
using namespace lanyard::discovery::testing;

/// A group of Avahi's that counts how often it was told to publish.
class CountedGroup final : public EntryGroup {
 public:
  explicit CountedGroup(int& commits) : commits_(commits) {}
  int add_address(int /*interface*/, const std::string& /*host*/,
                  const IpAddress& /*address*/) override {
    return 0;
  }
  int add_service(int /*interface*/, const Orders& orders, const std::string& /*host*/) override {
    return orders.port == 7761 ? 0 : -1;
  }
  int update_text(int /*interface*/, const Orders& /*orders*/) override { return 0; }
  int commit() override {
    ++commits_;
    return 0;
  }

 protected:
  int reset() override { return 0; }
  int renew() override { return 0; }

 private:
  int& commits_;
};

Orders an_order() {
  Orders orders;
  orders.turn = 1;
  orders.instance = "x";
  orders.host = "h";
  orders.port = 7761;
  orders.interfaces = {{2, "eth0", {an_address("10.0.0.1")}}};
  return orders;
}

TEST_CASE("a name that Avahi never gets done with is published again, one that it has is not") {
  using State = Publisher::GroupState;
  int hosts = 0;
  int services = 0;
  const Responder::Owner owner{[](const auto&) {}, [](const auto&) {}, [] {}};
  Publisher publisher(std::make_unique<CountedGroup>(hosts),
                      std::make_unique<CountedGroup>(services), owner);
  publisher.follow(an_order());
  publisher.on_hosts(State::kEstablished);
  REQUIRE((hosts == 1 && services == 1));
  for (int i = 1; i < Publisher::kRegisteringTicksMax; ++i) publisher.tick();
  CHECK(services == 1);  // it may still be asking
  publisher.tick();
  CHECK(services == 2);
  publisher.on_service(State::kEstablished);
  for (int i = 0; i < 100; ++i) publisher.tick();
  CHECK((hosts == 1 && services == 2));
  CHECK(publisher.is_announced());
  CHECK(publisher.trouble().empty());
}

}  // namespace
