#include <catch2/catch.hpp>

#include "agent/links/told_addresses.hpp"

namespace {

using namespace lanyard;
using namespace lanyard::agent;

DeviceId a_device_of(std::uint8_t number) {
  DeviceId out;
  out.bytes.fill(number);
  return out;
}

const DeviceId kSelf = a_device_of(1);
const DeviceId kPeer = a_device_of(2);
const DeviceId kThird = a_device_of(3);
const DeviceId kFourth = a_device_of(4);

storage::SpaceEntry a_shared_space(std::vector<DeviceId> members, bool left = false) {
  storage::SpaceEntry out;
  out.left = left;
  out.members = std::move(members);
  return out;
}

wire::Addresses told(const std::vector<storage::SpaceEntry>& spaces,
                     const std::map<DeviceId, std::vector<std::string>>& reached) {
  return addresses_for(kSelf, kPeer, spaces, reached);
}

TEST_CASE("a peer is told where those are that it shares a space with, and of nobody else") {
  const std::map<DeviceId, std::vector<std::string>> reached = {{kThird, {"10.0.0.3:7761"}},
                                                                {kFourth, {"10.0.0.4:7761"}}};
  const wire::Addresses third{{{kThird, {{{10, 0, 0, 3}, 7761}}}}};
  CHECK(told({a_shared_space({kSelf, kPeer, kThird})}, reached) == third);
  // With the fourth we share a space, and the peer does not.
  CHECK(told({a_shared_space({kSelf, kPeer, kThird}), a_shared_space({kSelf, kFourth})}, reached) ==
        third);
  CHECK(told({a_shared_space({kSelf, kPeer}), a_shared_space({kSelf, kThird})}, reached) ==
        wire::Addresses{});
  // A space that we left, or are no member of, is no reason to tell.
  CHECK(told({a_shared_space({kSelf, kPeer, kThird}, true)}, reached) == wire::Addresses{});
  CHECK(told({a_shared_space({kPeer, kThird})}, reached) == wire::Addresses{});
  CHECK(told({}, reached) == wire::Addresses{});
}

TEST_CASE("of the same devices a peer is told what they call themselves") {
  const std::map<DeviceId, std::string> said = {
      {kPeer, "peer"}, {kThird, "phone"}, {kFourth, "laptop"}};
  const auto told_names = [&](const std::vector<storage::SpaceEntry>& spaces) {
    return names_for(kSelf, kPeer, spaces, said);
  };
  const wire::Names third{{{kThird, "phone"}}};
  CHECK(told_names({a_shared_space({kSelf, kPeer, kThird}), a_shared_space({kSelf, kFourth})}) ==
        third);
  CHECK(told_names({a_shared_space({kSelf, kPeer, kThird}, true)}) == wire::Names{});
  CHECK(told_names({}) == wire::Names{});
}

TEST_CASE("neither the peer nor we ourselves are told of, nor who is not reached") {
  const std::vector<storage::SpaceEntry> spaces = {a_shared_space({kSelf, kPeer, kThird})};
  CHECK(told(spaces, {{kSelf, {"10.0.0.1:1"}}, {kPeer, {"10.0.0.2:1"}}}) == wire::Addresses{});
  CHECK(told(spaces, {{kThird, {}}}) == wire::Addresses{});
}

TEST_CASE("only addresses that mean the same to the peer are told, and no more than it takes") {
  const std::vector<storage::SpaceEntry> spaces = {a_shared_space({kSelf, kPeer, kThird})};
  CHECK(
      told(spaces, {{kThird,
                     {"pi.local:7761", "[fe80::3%eth0]:7761", "127.0.0.1:7761", "8.8.8.8:7761",
                      "[fd00::3]:65535"}}}) ==
      wire::Addresses{{{kThird, {{{0xFD, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3}, 65535}}}}});
  std::vector<std::string> many;
  for (int i = 1; i < 20; ++i) many.push_back("10.0.0." + std::to_string(i) + ":1");
  CHECK(told(spaces, {{kThird, many}}).devices.at(0).endpoints.size() == 8);
}

}  // namespace
